//! Joins the suite to the medium in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::medium::{self, FakeMedium, NOW};
use super::{Fake, Shape, Way};
use crate::testkit::harness::{
    Answer, Event, Facts, Fault, Harness, Message, Order, Player, Press, Side, Trouble, Twist,
};
use crate::{Adapter, BoxFuture, Identity, Raw, Verdict};

/// Wraps the good adapter into another.
type Wrap = Box<dyn Fn(Fake) -> Arc<dyn Adapter> + Send + Sync>;

/// The harness.
pub struct FakeHarness {
    medium: FakeMedium,
    wrap: Wrap,
    sent: Mutex<Vec<Sent>>,
}

/// What the medium sends, byte for byte.
#[derive(Clone)]
enum Sent {
    Socket(String),
    Http { method: &'static str, query: String, headers: BTreeMap<String, String>, body: String },
}

impl FakeHarness {
    /// A harness for an empty medium of this shape and the good adapter.
    pub fn new(shape: Shape) -> Self {
        Self { medium: FakeMedium::new(shape), wrap: Box::new(|fake| Arc::new(fake)), sent: Mutex::default() }
    }

    /// With another adapter, made of the good one.
    #[must_use]
    pub fn wrapped(mut self, wrap: impl Fn(Fake) -> Arc<dyn Adapter> + Send + Sync + 'static) -> Self {
        self.wrap = Box::new(wrap);
        self
    }

    /// Somebody who has several accounts.
    fn player(&self, names: &[&str]) -> Player {
        let identity = |name: &&str| Identity::new("fake", (*name).to_owned());
        let by_link = self.medium.shape().way == Way::Links;
        let identities = if by_link { Vec::new() } else { names.iter().map(identity).collect() };
        Player { names: names.iter().map(|name| (*name).to_owned()).collect(), identities }
    }

    fn made(&self, press: &Press) -> Result<Sent, Trouble> {
        let user = press.by.as_ref().map_or("", |by| by.name.as_str());
        let mut data = press.control.data.clone();
        if let Twist::Spliced(hash) = &press.twist {
            data = spliced(&data, &hash.to_string()).ok_or_else(|| Trouble::failed("the control holds no hash"))?;
        }
        let claimed = if let Twist::Claims(identity) = &press.twist { Some(identity) } else { None };
        match (self.medium.shape().way, &press.twist) {
            (Way::None, _) => Err(Trouble::unsupported("nothing can be pressed in this medium")),
            (Way::Links, Twist::Unsigned | Twist::Stale) => {
                Err(Trouble::unsupported("links are not signed for a time"))
            }
            (Way::Links, twist) => {
                let verdict = if press.control.verdict == Verdict::Deny { "deny" } else { "approve" };
                let by = claimed.map(|identity| identity.name.as_str());
                let body = serde_json::json!({ "verdict": verdict, "by": by, "t": by }).to_string();
                let query = data.split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default();
                let method = if matches!(twist, Twist::Looked) { "GET" } else { "POST" };
                Ok(Sent::Http { method, query, headers: BTreeMap::new(), body })
            }
            (_, Twist::Looked) => Err(Trouble::unsupported("a button leads nowhere that could be looked at")),
            (Way::Socket, Twist::Unsigned | Twist::Stale) => {
                Err(Trouble::unsupported("nothing is signed: it comes over a connection that the adapter made"))
            }
            (Way::Socket, _) => Ok(Sent::Socket(medium::event(&data, user, claimed))),
            (Way::Signed, twist) => Ok(self.signed(medium::event(&data, user, claimed), twist)),
        }
    }

    fn signed(&self, body: String, twist: &Twist) -> Sent {
        let time = if matches!(twist, Twist::Stale) { NOW - 3600 } else { NOW };
        let signature = match twist {
            Twist::Unsigned => self.medium.sign_wrongly(time, body.as_bytes()),
            _ => self.medium.sign(time, body.as_bytes()),
        };
        let headers = BTreeMap::from([("x-time".to_owned(), time.to_string()), ("x-signature".to_owned(), signature)]);
        Sent::Http { method: "POST", query: String::new(), headers, body }
    }
}

/// Puts another hash where 64 hexadecimal digits stand.
fn spliced(data: &str, hash: &str) -> Option<String> {
    let digits = |part: &&str| part.len() == 64 && part.bytes().all(|b| b.is_ascii_hexdigit());
    let old = data.rsplit([' ', '=', '&']).find(digits)?;
    Some(data.replace(old, hash))
}

impl Harness for FakeHarness {
    fn facts(&self) -> Facts {
        Facts {
            name: format!("a channel in memory, {:?}", self.medium.shape().way),
            requester: self.player(&["T1/UALICE", "T1/UALICE2", "T2/UALICE"]),
            approvers: [self.player(&["T1/UBOB"]), self.player(&["T1/UCAROL"])],
            stranger: self.player(&["T9/UMALLORY"]),
            by_link: self.medium.shape().way == Way::Links,
            patience: Duration::from_secs(20),
            heard_within: (self.medium.shape().way == Way::Socket).then_some(medium::HEARD_WITHIN),
            hostile: vec!["<@T1/UBOB> <!room> <https://evil.example|Approve> *bold* &#60;@T1/UBOB&#62;".to_owned()],
        }
    }

    fn adapter(&self) -> BoxFuture<'_, Result<Arc<dyn Adapter>, Trouble>> {
        Box::pin(async { Ok((self.wrap)(Fake::new(self.medium.clone()))) })
    }

    fn messages(&self) -> BoxFuture<'_, Result<Vec<Message>, Trouble>> {
        Box::pin(async { Ok(self.medium.messages()) })
    }

    fn press<'a>(&'a self, press: &'a Press) -> BoxFuture<'a, Result<Event, Trouble>> {
        Box::pin(async {
            let made = self.made(press)?;
            let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
            sent.push(made);
            Ok(Event(sent.len() as u64 - 1))
        })
    }

    fn command<'a>(&'a self, order: &'a Order) -> BoxFuture<'a, Result<Event, Trouble>> {
        Box::pin(async {
            let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
            let number = sent.len() as u64;
            let body = medium::command(&order.what, &order.by.name, number);
            sent.push(match self.medium.shape().way {
                Way::Socket => Sent::Socket(body),
                Way::Signed => self.signed(body, &Twist::Straight),
                Way::Links | Way::None => return Err(Trouble::unsupported("no commands are given in this medium")),
            });
            Ok(Event(number))
        })
    }

    fn deliver<'a>(&'a self, event: Event, to: Side<'a>) -> BoxFuture<'a, Result<Answer, Trouble>> {
        Box::pin(async move {
            let sent = {
                let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
                usize::try_from(event.0).ok().and_then(|number| sent.get(number).cloned())
            };
            let begun = Instant::now();
            Ok(match sent.ok_or_else(|| Trouble::failed("there is no such event"))? {
                Sent::Socket(body) => self.medium.deliver(&body).await,
                Sent::Http { method, query, headers, body } => {
                    let raw = Raw { method, query: &query, headers: &headers, body: body.as_bytes() };
                    let words = to.adapter.receive(raw, to.desk).await.body;
                    Answer { words, heard_after: begun.elapsed() }
                }
            })
        })
    }

    fn fault(&self, fault: Fault) -> BoxFuture<'_, Result<(), Trouble>> {
        Box::pin(async move {
            self.medium.fault(fault);
            Ok(())
        })
    }
}
