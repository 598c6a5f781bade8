//! JSON Schemas (2020-12) of what an editor helps to write; the readers hold to the same rules.

use serde_json::{Value, json};

const PRINCIPAL: &str = "^[A-Za-z0-9_][A-Za-z0-9._@:+-]{0,253}$";
const ACCOUNT: &str = "^[A-Za-z_][A-Za-z0-9._-]{0,31}$";
const HOST: &str = "^(?!-)(?=.*[A-Za-z0-9])[A-Za-z0-9._:*?-]{1,253}$";
const PROBE_HOST: &str =
    "^([A-Za-z0-9][A-Za-z0-9._-]{0,252}(:[1-9][0-9]{0,4})?|[0-9A-Fa-f:.]+|\\[[0-9A-Fa-f:.]+\\](:[1-9][0-9]{0,4})?)$";
const SPAN: &str = "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$";
const PATH: &str = "^/";

/// Of `[backends.NAME]`.
pub(crate) fn config() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["ca"],
        "properties": {
            "ca": {
                "description": "The certificate authority's ed25519 key.",
                "oneOf": [
                    {
                        "type": "object", "additionalProperties": false, "required": ["file"],
                        "properties": {"file": {
                            "description": "Its private key in OpenSSH's format, readable by its owner alone.",
                            "type": "string", "pattern": PATH
                        }}
                    },
                    {
                        "type": "object", "additionalProperties": false, "required": ["agent", "socket"],
                        "properties": {
                            "agent": {
                                "description": "The public line of the key that an ssh-agent holds.",
                                "type": "string", "pattern": "^ssh-ed25519 "
                            },
                            "socket": {"description": "The agent's socket.", "type": "string", "pattern": PATH}
                        }
                    }
                ]
            },
            "krl": {
                "description": "The revocation list that the house publishes and hosts read as RevokedKeys. Without it a certificate can't be ended early.",
                "type": "string", "pattern": PATH
            },
            "hosts": {
                "description": "Patterns of the hosts that a role means that names none.",
                "type": "array", "minItems": 1, "maxItems": 256, "items": {"type": "string", "pattern": HOST}
            },
            "known_hosts": {
                "description": "Lines of known_hosts that vouch for the hosts at the client.",
                "type": "array", "minItems": 1, "maxItems": 256, "items": {"type": "string"}
            },
            "user": {
                "description": "The account to log in to where a role names none.",
                "type": "string", "pattern": ACCOUNT
            },
            "clock_skew": {
                "description": "By how much a certificate begins before its window, for hosts whose clock is late; at most 10m.",
                "type": "string", "pattern": SPAN, "default": "30s"
            },
            "probe": {
                "description": "Hosts that the broker may log in to in order to look whether an end has reached them; needs krl and known_hosts.",
                "type": "object", "additionalProperties": false, "required": ["hosts", "account"],
                "properties": {
                    "hosts": {
                        "description": "One name or address each, with a port where it is not 22.",
                        "type": "array", "minItems": 1, "maxItems": 16, "uniqueItems": true,
                        "items": {"type": "string", "pattern": PROBE_HOST}
                    },
                    "account": {
                        "description": "The account there, which is the principal too; no role may give it.",
                        "type": "string", "pattern": ACCOUNT
                    },
                    "sshd_config": {
                        "description": "The file that the hosts' sshd is told of.",
                        "type": "string", "pattern": "^/[A-Za-z0-9/._-]{1,254}$", "default": "/etc/ssh/sshd_config"
                    },
                    "source_address": {
                        "description": "The networks that the broker's logins come from, as seen by the hosts.",
                        "type": "array", "minItems": 1, "maxItems": 64,
                        "items": {"type": "string", "pattern": "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"}
                    }
                }
            }
        }
    })
}

/// Of an entry of `[[roles.NAME.gives]]`.
pub(crate) fn scope() -> Value {
    let or_param = |pattern: &str| {
        json!({"oneOf": [
            {"type": "string", "pattern": pattern},
            {"type": "object", "additionalProperties": false, "required": ["param"],
             "properties": {"param": {"description": "A parameter of the role.", "type": "string"}}}
        ]})
    };
    let mut user = or_param(ACCOUNT);
    if let Some(user) = user.as_object_mut() {
        user.insert("description".to_owned(), "The account to log in to.".into());
    }
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["principals"],
        "properties": {
            "principals": {
                "description": "The names that hosts let in: entries of AuthorizedPrincipalsFile, or accounts.",
                "type": "array", "minItems": 1, "maxItems": 256, "items": or_param(PRINCIPAL)
            },
            "user": user,
            "hosts": {
                "description": "Patterns of the hosts that it is meant for. The client goes by them; what a host lets in is decided by its principals.",
                "type": "array", "minItems": 1, "maxItems": 64, "items": or_param(HOST)
            },
            "force_command": {
                "description": "The one command that runs, whatever the client asks for.",
                "type": "string", "minLength": 1, "maxLength": 2000
            },
            "source_address": {
                "description": "The networks that a login may come from, as seen by the host.",
                "type": "array", "minItems": 1, "maxItems": 64, "items": or_param("^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$")
            },
            "permit": {
                "description": "What is allowed besides commands without a terminal. Everything is off unless named.",
                "type": "array", "minItems": 1, "uniqueItems": true,
                "items": {"enum": ["pty", "port-forwarding", "agent-forwarding", "X11-forwarding", "user-rc"]}
            }
        }
    })
}
