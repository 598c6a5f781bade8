//! Small kinds to read with: what a real one does, without its target.

use std::path::PathBuf;
use std::sync::Arc;

use jit_backend::{Backend, BoxFuture, Config, Error, ErrorKind, Kind, Schemas, Scope, Secrets};
use jit_types::HouseId;
use jit_types::settings::{OrParam, Reader, SecretRef};
use serde_json::json;

use crate::config::Kinds;

/// A backend that gives tables.
pub(super) struct Tables;

struct TablesConfig(String);

impl Kind for Tables {
    fn name(&self) -> &'static str {
        "tables"
    }

    fn schemas(&self) -> Schemas {
        let text = json!({ "type": "string" });
        Schemas {
            config: json!({
                "type": "object", "additionalProperties": false, "required": ["url"],
                "properties": { "url": text, "password": { "type": "object" } }
            }),
            scope: json!({
                "type": "object", "additionalProperties": false, "required": ["tables"],
                "properties": { "tables": { "type": "array", "minItems": 1 } }
            }),
        }
    }

    fn config(&self, reader: &mut Reader<'_>) -> Option<Box<dyn Config>> {
        let url = reader.required::<String>("url");
        reader.optional::<SecretRef>("password");
        Some(Box::new(TablesConfig(url?)))
    }
}

impl Config for TablesConfig {
    fn target(&self) -> String {
        self.0.clone()
    }

    fn publishes(&self) -> Vec<PathBuf> {
        self.0.strip_prefix("list ").map(PathBuf::from).into_iter().collect()
    }

    fn scope(&self, reader: &mut Reader<'_>) -> Option<Scope> {
        let tables = reader.filled::<OrParam<String>>("tables")?;
        Some(Scope(json!({ "tables": tables })))
    }

    fn open<'a>(&'a self, _: HouseId, _: &'a dyn Secrets) -> BoxFuture<'a, Result<Arc<dyn Backend>, Error>> {
        Box::pin(async { Err(Error::new(ErrorKind::Bug, "only its config is ever read")) })
    }
}

/// A kind with a bug: it reads nothing and does not say why.
pub(super) struct Silent;

impl Kind for Silent {
    fn name(&self) -> &'static str {
        "silent"
    }

    fn schemas(&self) -> Schemas {
        Schemas { config: json!({}), scope: json!({}) }
    }

    fn config(&self, _: &mut Reader<'_>) -> Option<Box<dyn Config>> {
        None
    }
}

/// A chat.
pub(super) struct Chat;

struct ChatConfig(String);

impl jit_approval::kind::Kind for Chat {
    fn name(&self) -> &'static str {
        "slack"
    }

    fn schema(&self) -> serde_json::Value {
        json!({
            "type": "object", "additionalProperties": false, "required": ["team", "channel"],
            "properties": {
                "team": { "type": "string" }, "channel": { "type": "string" },
                "bot_token": { "type": "object" }, "app_token": { "type": "object" }
            }
        })
    }

    fn config(&self, reader: &mut Reader<'_>) -> Option<Box<dyn jit_approval::kind::Config>> {
        let (team, channel) = (reader.required::<String>("team"), reader.required::<String>("channel"));
        reader.optional::<SecretRef>("bot_token");
        reader.optional::<SecretRef>("app_token");
        Some(Box::new(ChatConfig(format!("{} {}", team?, channel?))))
    }
}

impl jit_approval::kind::Config for ChatConfig {
    fn target(&self) -> String {
        self.0.clone()
    }

    fn open<'a>(
        &'a self,
        _: &'a dyn jit_types::settings::Secrets,
    ) -> jit_approval::BoxFuture<'a, Result<Arc<dyn jit_approval::Adapter>, jit_approval::Error>> {
        Box::pin(async { Err(jit_approval::Error::new(jit_approval::ErrorKind::Bug, "only its config is ever read")) })
    }
}

/// All of them.
pub(super) fn kinds() -> Kinds {
    Kinds { backends: vec![Box::new(Tables), Box::new(Silent)], approvals: vec![Box::new(Chat)] }
}
