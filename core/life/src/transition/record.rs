//! Under which name a refusal stands in the record, and whose it is.

use jit_types::Subject;

use crate::step::Command;

pub(super) fn refusal_kind(command: &Command) -> &'static str {
    match command {
        Command::File(_) => "request.filed",
        Command::Decide(_) => "ask.decided",
        Command::Cancel { .. } => "request.cancelled",
        Command::Claim(_) => "claim.intended",
        Command::Release { .. } => "grant.released",
        Command::Revoke { .. } => "grant.revoked",
        Command::Report { .. } => "claim.used",
        Command::Revise { .. } => "ask.revised",
        Command::Issued { .. } => "claim.issued",
        Command::Ended { .. } | Command::Looked { .. } => "claim.gone",
        Command::Reconcile => "grant.reconciled",
        Command::Extend(_) => "extension.asked",
        Command::Extended { .. } => "claim.extended",
        Command::EndLocked => "grant.locked",
        Command::Erase { .. } => crate::erase::ERASED,
        Command::Due(_) | Command::Expired { .. } => "timer.due",
    }
}

pub(super) fn actor(command: &Command) -> Option<Subject> {
    match command {
        Command::File(file) => Some(file.right.caller().subject),
        Command::Decide(decide) => Some(decide.right.caller().subject),
        Command::Extend(extend) => Some(extend.right.caller().subject),
        Command::Erase { right } => Some(right.caller().subject),
        Command::Claim(take) => Some(take.right.caller().subject),
        Command::Revoke { right, .. } => Some(right.caller().subject),
        Command::Cancel { by } | Command::Release { by } | Command::Report { by, .. } => Some(*by),
        Command::Revise { .. }
        | Command::Issued { .. }
        | Command::Ended { .. }
        | Command::Looked { .. }
        | Command::Extended { .. }
        | Command::Reconcile
        | Command::EndLocked
        | Command::Due(_)
        | Command::Expired { .. } => None,
    }
}
