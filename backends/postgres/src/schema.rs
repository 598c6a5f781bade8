//! JSON Schemas (2020-12) of the two tables, by hand: what an editor shows while a config is written.

use jit_backend::Schemas;
use serde_json::{Value, json};

/// The schemas of `[backends.NAME]` and of an entry of `[[roles.NAME.gives]]`.
pub(crate) fn schemas() -> Schemas {
    Schemas { config: config(), scope: scope() }
}

fn secret() -> Value {
    let text = json!({"type": "string", "minLength": 1});
    let one = |key: &str, of: &Value| json!({"type": "object", "properties": {key: of}, "required": [key], "additionalProperties": false});
    json!({
        "description": "Where the password comes from; never the password itself.",
        "oneOf": [
            one("file", &text),
            one("env", &text),
            one("keyring", &text),
            one("command", &json!({"type": "array", "items": {"type": "string"}, "minItems": 1})),
        ]
    })
}

fn config() -> Value {
    let url = json!({
        "type": "string",
        "pattern": "^postgres(ql)?://",
        "description": "postgres://USER@HOST:PORT/DATABASE?sslrootcert=FILE, without a password; over TCP sslmode is verify-full unless it is written. A Unix socket's directory is ?host=/run/postgresql."
    });
    let sslmode =
        json!({"enum": ["verify-full", "verify-ca", "require", "disable"], "description": "libpq's sslmode."});
    json!({
        "type": "object",
        "properties": {
            "url": url,
            "password": secret(),
            "clients": {
                "type": "object",
                "description": "What clients are told, where it differs from the url.",
                "properties": {
                    "host": {"type": "string", "minLength": 1, "description": "The host that clients connect to."},
                    "port": {"type": "integer", "minimum": 1, "maximum": 65535, "description": "The port that clients connect to."},
                    "root_certificate": {"type": "string", "description": "A file at the client with the authority's certificate, or `system`."},
                    "sslmode": sslmode
                },
                "additionalProperties": false
            },
            "standbys": {
                "type": "array", "items": url,
                "description": "Every standby that clients can reach: sessions there are ended too."
            },
            "statement_timeout": {
                "type": "string", "pattern": "^[0-9]+[smh]", "default": "15s",
                "description": "How long one statement of the broker may take: 1s to 5m."
            },
            "through": {
                "enum": ["functions", "createrole"],
                "description": "How logins are made: through functions that the setup made, for a broker without CREATEROLE, or by the broker itself. Left out: by what stands in the target."
            },
            "longest": {
                "type": "string", "pattern": "^[0-9]+[smhd]",
                "description": "The longest life of a login, 1m to 30d; the functions hold to it by themselves. Through functions 24h where it is left out."
            }
        },
        "required": ["url"]
    })
}

fn scope() -> Value {
    let name = json!({
        "oneOf": [
            {"type": "string", "minLength": 1, "maxLength": 63},
            {"type": "object", "properties": {"param": {"type": "string"}}, "required": ["param"], "additionalProperties": false}
        ]
    });
    json!({
        "type": "object",
        "properties": {
            "databases": {
                "type": "array", "items": name, "minItems": 1, "maxItems": 32, "uniqueItems": true,
                "description": "The databases that the login is meant for. No fence by itself: PUBLIC must have lost CONNECT elsewhere."
            },
            "member_of": {
                "type": "array", "items": name, "minItems": 1, "maxItems": 32, "uniqueItems": true,
                "description": "Roles that exist already: NOLOGIN, without attributes, owning nothing."
            },
            "tables": {
                "type": "array", "minItems": 1, "maxItems": crate::tables::MOST_TABLES,
                "description": "Tables of the databases, for a role that the setup prepares once: exactly these columns, in the server itself.",
                "items": {
                    "type": "object",
                    "properties": {
                        "schema": name, "table": name,
                        "columns": {
                            "oneOf": [{"const": "all"}, {"type": "array", "items": name, "minItems": 1, "maxItems": 256, "uniqueItems": true}],
                            "description": "The columns, or `all`, which takes in those that are added later."
                        },
                        "may": {
                            "type": "array", "minItems": 1, "uniqueItems": true,
                            "items": {"enum": crate::tables::May::ALL.map(crate::tables::May::word)},
                            "description": "`delete` takes whole rows: only with columns = \"all\"."
                        }
                    },
                    "required": ["schema", "table", "columns", "may"], "additionalProperties": false
                }
            },
            "keep_tables": {
                "oneOf": [
                    {"const": "grant"},
                    {"type": "object", "properties": {"role": {"type": "string", "minLength": 1, "maxLength": 63}}, "required": ["role"], "additionalProperties": false}
                ],
                "description": "Who gets the tables that a holder made: a role of the grant's own, or a named one. Left out: they are dropped."
            },
            "connection_limit": {
                "type": "integer", "minimum": 1, "maximum": 1000, "default": crate::scope::CONNECTION_LIMIT,
                "description": "The most sessions at once."
            },
            "exceptions": {
                "type": "array", "uniqueItems": true,
                "items": {"enum": crate::rules::Exception::ALL.map(crate::rules::Exception::word)},
                "description": "Rules that the member roles may break; the approver is told that it can leave lasting access."
            }
        },
        "required": ["databases"],
        "anyOf": [{"required": ["member_of"]}, {"required": ["tables"]}]
    })
}
