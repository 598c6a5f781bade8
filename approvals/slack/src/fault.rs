//! What goes wrong at Slack, by Slack's own codes, in words of our own: the one place that maps them.

use jit_approval::{Error, ErrorKind};

/// Why a call came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nobody answered, or not in time, or not as Slack does.
    Away,
    /// Slack asks for patience, for longer than a call may take.
    Busy,
    /// Slack said no, with this code: letters, digits and underscores, nothing else.
    Said(String),
    /// What was to be sent could not be written.
    Unwritten,
}

impl Fault {
    /// A code as Slack writes it; anything else is not repeated.
    pub(crate) fn said(code: &str) -> Self {
        let plain = (1..=60).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        Self::Said(if plain { code.to_owned() } else { "unknown".to_owned() })
    }

    /// Whether Slack said this.
    pub(crate) fn is(&self, code: &str) -> bool {
        matches!(self, Self::Said(said) if said == code)
    }

    /// What the house is told. Codes: docs.slack.dev/reference/methods, the lists of errors.
    pub(crate) fn error(&self, doing: &str) -> Error {
        let code = match self {
            Self::Away => return Error::new(ErrorKind::Unreachable, format!("{doing}: Slack can't be reached")),
            Self::Busy => return Error::new(ErrorKind::Unreachable, format!("{doing}: Slack asks for patience")),
            Self::Unwritten => return Error::new(ErrorKind::Bug, format!("{doing}: the message can't be written")),
            Self::Said(code) => code.as_str(),
        };
        let (kind, why) = match code {
            "invalid_auth"
            | "not_authed"
            | "token_revoked"
            | "token_expired"
            | "account_inactive"
            | "not_allowed_token_type"
            | "no_permission"
            | "org_login_required"
            | "team_access_not_granted" => (ErrorKind::Misconfigured, "Slack does not take the token"),
            "missing_scope" => (ErrorKind::Misconfigured, "the app lacks a scope; `jit slack manifest` has them all"),
            "channel_not_found" => (ErrorKind::Refused, "there is no such channel, or the app is not in it"),
            "not_in_channel" => (ErrorKind::Refused, "the app is not in the channel; invite it there"),
            "is_archived" => (ErrorKind::Refused, "the channel is archived"),
            "restricted_action" | "restricted_action_read_only_channel" | "ekm_access_denied" | "access_denied" => {
                (ErrorKind::Refused, "the workspace does not let the app post there")
            }
            "user_not_found" | "user_not_visible" | "user_disabled" | "cannot_dm_bot" => {
                (ErrorKind::Refused, "there is no such person in the workspace")
            }
            "message_not_found" => (ErrorKind::Refused, "the message is gone"),
            "cant_update_message" | "edit_window_closed" => (ErrorKind::Refused, "the message can't be edited"),
            "ratelimited"
            | "rate_limited"
            | "internal_error"
            | "fatal_error"
            | "service_unavailable"
            | "request_timeout"
            | "team_added_to_org"
            | "message_limit_exceeded" => (ErrorKind::Unreachable, "Slack can't do it just now"),
            "invalid_blocks"
            | "invalid_blocks_format"
            | "msg_too_long"
            | "msg_blocks_too_long"
            | "no_text"
            | "invalid_arguments"
            | "invalid_json"
            | "invalid_form_data" => (ErrorKind::Bug, "Slack does not take the message as it is written"),
            _ => (ErrorKind::Refused, "Slack says no, with a reason that this version does not know"),
        };
        Error::new(kind, format!("{doing}: {why}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_not_repeated() {
        let hostile = Fault::said("<b>xoxb-1</b> \u{1b}[2J");
        assert_eq!(hostile, Fault::Said("unknown".to_owned()));
        assert!(!hostile.error("posting").to_string().contains("xoxb"));
    }

    #[test]
    fn what_may_pass_is_retried_and_what_may_not_is_not() {
        for fault in [Fault::Away, Fault::Busy, Fault::said("ratelimited"), Fault::said("internal_error")] {
            assert!(fault.error("posting").retryable(), "{fault:?}");
        }
        for code in ["invalid_auth", "missing_scope", "channel_not_found", "invalid_blocks", "some_new_code"] {
            assert!(!Fault::said(code).error("posting").retryable(), "{code}");
        }
    }
}
