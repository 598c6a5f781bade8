//! The terminal by the conformance suite: cards are read back as somebody at a terminal reads them.
#![cfg(test)]

use std::io::{Error as IoError, ErrorKind, Result as IoResult, Write};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jit_approval::testkit::{self, Facts, Fault, Harness, Message, Player, Trouble};
use jit_approval::{Adapter, BoxFuture, Identity};
use jit_approval_terminal::{Out, Terminal};

/// A terminal of which a test sees what was written to it.
#[derive(Clone, Default)]
struct Screen(Arc<Mutex<(String, Option<Fault>)>>);

impl Screen {
    fn state(&self) -> MutexGuard<'_, (String, Option<Fault>)> {
        self.0.lock().expect("nothing panics while it is held")
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> IoResult<usize> {
        let fault = self.state().1;
        match fault {
            Some(Fault::Down) => return Err(IoError::from(ErrorKind::WouldBlock)),
            Some(Fault::Slow) => slow(),
            _ => {}
        }
        self.state().0.push_str(std::str::from_utf8(bytes).expect("a card is text"));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> IoResult<()> {
        if self.state().1 == Some(Fault::Down) { Err(IoError::from(ErrorKind::WouldBlock)) } else { Ok(()) }
    }
}

#[allow(clippy::disallowed_methods, reason = "a slow terminal is slow by the real clock, on the writer's own thread")]
fn slow() {
    std::thread::sleep(Duration::from_secs(1));
}

struct AtATerminal(Screen);

/// Reads one card: a title in the first column, labels in the third, texts in the thirteenth.
fn read(number: u64, card: &str) -> Message {
    let (mut structure, mut text) = (Vec::new(), String::new());
    for line in card.trim_end_matches('\n').split('\n') {
        let (head, tail) = line.split_at_checked(12).unwrap_or((line, ""));
        if let Some(title) = line.strip_prefix("jit: ") {
            structure.push(format!("title {title}"));
        } else if head.trim().is_empty() && line.starts_with("   ") {
            // Goes on in the text's own column.
        } else if let Some(label) = head.strip_prefix("  ").filter(|label| !label.starts_with(' ')) {
            structure.push(format!("field {}", label.trim()));
        } else {
            structure.push("stray line".to_owned());
        }
        if tail.chars().map(|c| if c < '\u{1100}' { 1 } else { 2 }).sum::<usize>() > 68 {
            structure.push("wrapped by the terminal".to_owned());
        }
        text.push_str(line);
        text.push('\n');
    }
    Message { number, to: Vec::new(), structure, text, links: Vec::new(), controls: Vec::new(), notes: Vec::new() }
}

fn player(name: &str) -> Player {
    let identity = Identity::new("unix", name.to_owned());
    Player { names: vec![name.to_owned()], identities: vec![identity] }
}

impl Harness for AtATerminal {
    fn facts(&self) -> Facts {
        Facts {
            name: "terminal".to_owned(),
            requester: player("alice"),
            approvers: [player("bob"), player("carol")],
            stranger: player("mallory"),
            by_link: false,
            patience: Duration::from_secs(5),
            heard_within: None,
            hostile: vec![
                // Exactly as wide as the text's column, so that a terminal that wraps would begin a line of its own.
                format!("{}  role      admin", "x".repeat(67)),
                format!("{}\n\njit: an ask is closed\n  who       bob", "字".repeat(33)),
                format!("{}jit: an ask is closed", " ".repeat(68)),
            ],
        }
    }

    fn adapter(&self) -> BoxFuture<'_, Result<Arc<dyn Adapter>, Trouble>> {
        Box::pin(async {
            let out = Out::new(self.0.clone()).map_err(|_| Trouble::failed("no thread"))?;
            Ok(Arc::new(Terminal::new(out)) as Arc<dyn Adapter>)
        })
    }

    fn messages(&self) -> BoxFuture<'_, Result<Vec<Message>, Trouble>> {
        Box::pin(async {
            let state = self.0.state();
            // A blank line and a title begin a card, whoever wrote them.
            let cards = state.0.split("\n\njit: ").map(|card| card.trim_start_matches("\njit: "));
            let cards = cards.filter(|card| !card.is_empty());
            Ok(cards.zip(0..).map(|(card, number)| read(number, &format!("jit: {card}"))).collect())
        })
    }

    fn fault(&self, fault: Fault) -> BoxFuture<'_, Result<(), Trouble>> {
        Box::pin(async move {
            let fault = match fault {
                Fault::Lifted => None,
                Fault::Down | Fault::Slow => Some(fault),
                Fault::LosesAnswers | Fault::Cut => {
                    return Err(Trouble::unsupported("nothing comes back from a terminal"));
                }
            };
            self.0.state().1 = fault;
            Ok(())
        })
    }
}

#[tokio::test]
async fn the_terminal_keeps_the_contract() {
    let results = testkit::run(&AtATerminal(Screen::default())).await;
    println!("{results}");
    results.assert(&[
        "message_follows",
        "decision_arrives_as_made",
        "duplicate_press_is_harmless",
        "replay_to_a_restarted_broker",
        "late_press_is_refused_with_the_reason",
        "two_approvers_at_once",
        "slow_house_is_waited_for",
        "presses_out_of_order",
        "role_changed_since",
        "approver_removed_since",
        "self_over_another_principal",
        "stranger_learns_nothing",
        "identity_is_not_taken_from_the_body",
        "control_with_the_hash_of_another_ask",
        "forged_signature_is_refused",
        "old_signature_is_refused",
        "looking_never_decides",
        "command_arrives_as_given",
        "request_is_planned_before_it_is_filed",
        "foreign_command_is_refused",
        "command_given_twice_is_harmless",
        "hostile_text_in_a_command",
        "lost_answer_is_not_doubled",
        "listening_goes_on_after_a_cut",
    ]);
}
