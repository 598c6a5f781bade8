//! Approval in a terminal.
//!
//! The adapter writes each notice as a card to the writer that it was given: the broker's standard error where `jit serve`
//! runs in the foreground, nothing otherwise. It only tells: who reads a card decides with `jit approve` or `jit deny`,
//! which come in over the API like every other command. [`render`] is the card itself, for whoever else shows one.

#![warn(missing_docs)]

mod card;
mod layout;
mod out;

use std::sync::Arc;

use jit_approval::{
    Adapter, BoxFuture, Capability, Check, Config, Desk, Error, Kind, Listeners, MessageRef, Notice, Raw, Reply,
    Secrets,
};
use jit_types::Words;
use jit_types::settings::Reader;

pub use card::{LONGEST, render, render_with};
pub use out::Out;

/// The kind `terminal`.
#[derive(Clone)]
pub struct TerminalKind {
    out: Out,
}

impl TerminalKind {
    /// Makes the kind with the writer of this process, [`Out::nowhere`] where it has no terminal.
    pub fn new(out: Out) -> Self {
        Self { out }
    }
}

impl Kind for TerminalKind {
    fn name(&self) -> &'static str {
        Terminal::KIND
    }

    fn schema(&self) -> serde_json::Value {
        serde_json::json!({ "properties": {}, "required": [] })
    }

    fn config(&self, _reader: &mut Reader<'_>) -> Option<Box<dyn Config>> {
        // It has no settings: whatever else stands in its table is an unknown key, which the reader reports.
        Some(Box::new(Settings { out: self.out.clone() }))
    }
}

struct Settings {
    out: Out,
}

impl Config for Settings {
    fn target(&self) -> String {
        "the broker's terminal".to_owned()
    }

    fn open<'a>(&'a self, _secrets: &'a dyn Secrets) -> BoxFuture<'a, Result<Arc<dyn Adapter>, Error>> {
        Box::pin(async { Ok(Arc::new(Terminal::new(self.out.clone())) as Arc<dyn Adapter>) })
    }
}

/// The terminal that the broker runs in.
pub struct Terminal {
    out: Out,
}

impl Terminal {
    /// The word in `kind = "terminal"`.
    pub const KIND: &'static str = "terminal";

    /// An adapter that writes its cards to `out`.
    pub fn new(out: Out) -> Self {
        Self { out }
    }
}

impl Adapter for Terminal {
    fn capability(&self) -> Capability {
        Capability {
            kind: Self::KIND,
            decides: false,
            edits: false,
            threads: false,
            direct: false,
            longest: LONGEST,
            deduplicates: false,
            listeners: Listeners::None,
        }
    }

    fn check(&self) -> BoxFuture<'_, Vec<Check>> {
        Box::pin(async {
            // An empty card takes the same way as a full one.
            vec![match self.out.write(String::new()).await {
                Ok(()) => Check { good: true, what: Words::new("cards are written to the terminal"), remedy: None },
                Err(error) => Check {
                    good: false,
                    what: error.public,
                    remedy: Some(Words::new("run `jit serve` in the foreground of an open terminal")),
                },
            }]
        })
    }

    fn announce<'a>(&'a self, notice: &'a Notice) -> BoxFuture<'a, Result<MessageRef, Error>> {
        Box::pin(async {
            // Nobody can decide it: nobody is told. And nothing stands beneath a card.
            if matches!(notice, Notice::Note(_)) || matches!(notice, Notice::Ask(ask) if ask.to.is_empty()) {
                return Ok(MessageRef(String::new()));
            }
            self.out.write(render(notice)).await?;
            Ok(MessageRef(notice.key().0.clone()))
        })
    }

    fn update<'a>(&'a self, message: &'a MessageRef, notice: &'a Notice) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async {
            if message.0.is_empty() {
                return Ok(());
            }
            // What was written stays written: how it stands now is a card of its own.
            self.out.write(render(notice)).await
        })
    }

    fn listen(&self, _desk: Arc<dyn Desk>) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn receive<'a>(&'a self, _raw: Raw<'a>, _desk: &'a dyn Desk) -> BoxFuture<'a, Reply> {
        Box::pin(async {
            Reply { status: 404, content_type: "text/plain; charset=utf-8", body: "not found\n".to_owned() }
        })
    }
}

#[cfg(test)]
mod tests {
    use jit_types::settings::{Node, NodeValue, Table};

    use super::*;

    #[test]
    fn it_has_no_settings() {
        let node = Node { span: 3..4, value: NodeValue::Bool(true) };
        let entries = [("color".to_owned(), (1..2, node))].into();
        let (table, mut faults) = (Table { span: 0..1, entries }, Vec::new());
        let mut reader = Reader::new(&table, "approvals.here", &mut faults);
        assert!(TerminalKind::new(Out::nowhere()).config(&mut reader).is_some());
        reader.finish();
        assert_eq!(faults.iter().map(|f| f.key.as_str()).collect::<Vec<_>>(), ["approvals.here.color"]);
    }
}
