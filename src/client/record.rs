//! Calls about the audit log.

use jit_types::{PersonId, RoleName, Span, Timestamp};

use super::{Answer, Client, Error};
use crate::api::audit::{CheckpointView, EntryList};

/// Which entries.
#[derive(Clone, Debug, Default)]
pub struct Entries {
    /// From this index on.
    pub from: u64,
    /// About this request.
    pub request: Option<String>,
    /// About or by this person.
    pub person: Option<PersonId>,
    /// About this role.
    pub role: Option<RoleName>,
    /// Not older than this.
    pub since: Option<Timestamp>,
    /// Waits so many seconds where there is none yet.
    pub wait: u64,
}

impl Client {
    /// Reads entries of the log.
    ///
    /// # Errors
    /// What the broker says.
    pub async fn entries(&self, which: &Entries) -> Result<EntryList, Error> {
        let mut query = vec![("from", which.from.to_string()), ("wait", which.wait.to_string())];
        let more = [
            ("request", which.request.clone()),
            ("person", which.person.as_ref().map(ToString::to_string)),
            ("role", which.role.as_ref().map(ToString::to_string)),
            ("since", which.since.map(|at| at.to_string())),
        ];
        query.extend(more.into_iter().filter_map(|(name, value)| Some((name, value?))));
        let patience = super::PATIENCE + Span::from_secs(which.wait).std();
        self.get("/v1/audit/entries", &query, patience).await
    }

    /// The newest signed checkpoint, with the proof that it continues an older one.
    ///
    /// # Errors
    /// What the broker says.
    pub async fn checkpoint(&self, old: u64) -> Result<CheckpointView, Error> {
        self.get("/v1/audit/checkpoint", &[("old", old.to_string())], super::PATIENCE).await
    }

    /// Begins an export of the whole log.
    ///
    /// # Errors
    /// When the caller is no administrator.
    pub async fn export(&self, open: bool) -> Result<Answer, Error> {
        let patience = std::time::Duration::from_secs(3600);
        self.stream("/v1/audit/export", &[("open", open.to_string())], patience).await
    }
}
