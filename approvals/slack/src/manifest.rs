//! The app, as Slack's "create an app from a manifest" takes it (docs.slack.dev/reference/app-manifest).

use serde_json::{Value, json};

/// The scopes of the bot token, and what each is for. Nothing here reads a message.
pub const SCOPES: [(&str, &str); 6] = [
    ("channels:read", "to find the channel, and to see whether strangers share it"),
    ("chat:write", "to post asks where the app was invited, and to bring them up to date"),
    ("commands", "for /jit"),
    ("groups:read", "as channels:read, for a private channel"),
    ("im:write", "to tell one person alone"),
    ("users:read", "to see that who presses is a member, no guest, no bot and not deactivated"),
];

/// The scope that is used besides where people are known by their e-mail address, and what for.
pub const MAIL_SCOPE: (&str, &str) = ("users:read.email", "to know people by their confirmed e-mail address");

/// All scopes that are used.
pub(crate) fn scopes(by_mail: bool) -> impl Iterator<Item = &'static str> {
    SCOPES.into_iter().chain(by_mail.then_some(MAIL_SCOPE)).map(|(scope, _)| scope)
}

/// The manifest: exactly the scopes that are used, Socket Mode, the slash command, buttons; no events, no redirect, no
/// address of ours.
pub fn manifest(by_mail: bool) -> Value {
    let scopes: Vec<&str> = scopes(by_mail).collect();
    json!({
        "display_information": {
            "name": "jit",
            "description": "Temporary access, asked for and decided here",
            "background_color": "#1f2933"
        },
        "features": {
            "app_home": { "home_tab_enabled": false, "messages_tab_enabled": true, "messages_tab_read_only_enabled": true },
            "bot_user": { "display_name": "jit", "always_online": false },
            "slash_commands": [{
                "command": crate::command::NAME,
                "description": "Ask for access or more time, give it back, lock",
                "usage_hint": "request ROLE --for 2h --reason \"why\" | extend GRANT --for 1h --reason \"why\" | release GRANT | cancel REQUEST",
                "should_escape": false
            }]
        },
        "oauth_config": { "scopes": { "bot": scopes } },
        "settings": {
            "interactivity": { "is_enabled": true },
            "org_deploy_enabled": false,
            "socket_mode_enabled": true,
            "token_rotation_enabled": false
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_of_a_manifest_are_kept() {
        let manifest = manifest(false);
        let length = |pointer: &str| manifest.pointer(pointer).unwrap().as_str().unwrap().chars().count();
        assert!(length("/display_information/name") <= 35);
        assert!(length("/display_information/description") <= 140);
        assert!(length("/features/bot_user/display_name") <= 80);
        assert!(length("/features/slash_commands/0/command") <= 32);
        assert!(length("/features/slash_commands/0/description") <= 2000);
        assert!(length("/features/slash_commands/0/usage_hint") <= 1000);
    }

    #[test]
    fn it_asks_for_nothing_that_reads_messages() {
        for scope in scopes(true) {
            assert!(!scope.contains("history") && !scope.contains("admin") && scope != "chat:write.public", "{scope}");
        }
    }
}
