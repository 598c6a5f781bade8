//! The setup as an administrator runs it: who they are, and from where they reach the server, may differ from the broker.

use jit_backend::{BoxFuture, Error, ErrorKind, Scope, Setup};
use jit_types::{HouseId, Secret};

use crate::config::Settings;
use crate::ident::Ident;
use crate::setup::Target;
use crate::url::{Url, decode};

/// The setup of one target.
pub(crate) struct Admin(Target);

impl Admin {
    pub(crate) fn new(settings: Settings) -> Self {
        Self(Target(settings))
    }

    /// The target as this administrator reaches it: `NAME` for a role at the config's url, or a url of their own, as
    /// where they come over the server's own socket. The database is always that of the config: the functions are looked
    /// for there.
    fn reached(&self, administrator: &Secret) -> Result<(Target, Ident, Option<Secret>), Error> {
        let wrong = |why: &str| Error::new(ErrorKind::Misconfigured, format!("the administrator's url: {why}"));
        let text = administrator.expose_secret();
        let settings = self.0.0.clone();
        if !text.contains("://") {
            let name = text.parse().map_err(|_| wrong("it is neither a url nor the name of a role"))?;
            return Ok((Target(settings), name, None));
        }
        let (bare, password) = without_password(text).map_err(|why| wrong(&why))?;
        let url = Url::parse(&bare).map_err(|why| wrong(&why))?;
        let name = url.user.clone();
        let url = Url { database: settings.url.database.clone(), ..url };
        Ok((Target(Settings { url, ..settings }), name, password))
    }
}

/// Takes the password out of `scheme://user:password@…`. It may itself hold an `@`, so the last one is taken.
fn without_password(text: &str) -> Result<(String, Option<Secret>), String> {
    let begin = text.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = text.split_at(begin);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at(end);
    let Some((user, place)) = authority.rsplit_once('@') else { return Ok((text.to_owned(), None)) };
    let Some((user, password)) = user.split_once(':') else { return Ok((text.to_owned(), None)) };
    Ok((format!("{scheme}{user}@{place}{after}"), Some(Secret::new(decode(password)?))))
}

impl Setup for Admin {
    fn script(&self, house: HouseId, version: u32, scopes: &[Scope]) -> Result<String, Error> {
        let plans = self.0.plans(house, version, scopes)?;
        Ok(plans.iter().map(crate::Plan::to_sql).collect::<Vec<_>>().join("\n"))
    }

    fn version<'a>(&'a self, administrator: &'a Secret) -> BoxFuture<'a, Result<u32, Error>> {
        Box::pin(async move {
            let (target, name, password) = self.reached(administrator)?;
            target.version(&name, password.as_ref()).await
        })
    }

    fn carry_out<'a>(
        &'a self,
        administrator: &'a Secret,
        house: HouseId,
        version: u32,
        scopes: &'a [Scope],
    ) -> BoxFuture<'a, Result<Vec<String>, Error>> {
        Box::pin(async move {
            let (target, name, password) = self.reached(administrator)?;
            // For the broker that the config names, whoever carries it out.
            let plans = self.0.plans(house, version, scopes)?;
            target.carry_out(&name, password.as_ref(), &plans).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_taken_out_of_the_url_and_told_to_nobody() {
        let cases = [
            ("postgres://p@db/x", "postgres://p@db/x", None),
            ("postgres://p:s%40e:t@db:1/x?sslmode=require", "postgres://p@db:1/x?sslmode=require", Some("s@e:t")),
            ("postgres://p:a@b@db/x", "postgres://p@db/x", Some("a@b")),
            ("postgres://@/x?host=/run", "postgres://@/x?host=/run", None),
        ];
        for (url, bare, password) in cases {
            let (got, secret) = without_password(url).expect(url);
            assert_eq!((got.as_str(), secret.as_ref().map(Secret::expose_secret)), (bare, password), "{url}");
        }
        assert!(without_password("postgres://p:%zz@db/x").is_err());
    }
}
