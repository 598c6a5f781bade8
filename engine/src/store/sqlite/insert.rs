//! Many rows with few statements: values are bound, and statements of only a few sizes stay prepared.

use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection};

use super::super::StoreError;

/// How many rows a statement takes, largest first.
const SIZES: [usize; 4] = [64, 16, 4, 1];

/// A statement that takes bound values.
pub(super) type Bound<'q> = Query<'q, Sqlite, SqliteArguments>;

/// Inserts rows: `head` is the statement up to its values, `columns` how many a row has, `tail` what follows.
pub(super) async fn insert<T>(
    connection: &mut SqliteConnection,
    (head, columns, tail): (&'static str, usize, &'static str),
    mut rows: &[T],
    bind: impl for<'q> Fn(Bound<'q>, &'q T) -> Bound<'q>,
) -> Result<(), StoreError> {
    for size in SIZES {
        while let Some((some, rest)) = rows.split_at_checked(size) {
            let row = format!("({})", vec!["?"; columns].join(","));
            // Only the constants above and question marks.
            let sql = AssertSqlSafe(format!("{head} VALUES {} {tail}", vec![row.as_str(); size].join(",")));
            let query = some.iter().fold(sqlx::query(sql), &bind);
            query.execute(&mut *connection).await?;
            rows = rest;
        }
    }
    Ok(())
}
