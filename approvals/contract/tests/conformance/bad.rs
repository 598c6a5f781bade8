//! Adapters with one defect each, made of the good one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jit_approval::testkit::Fake;
use jit_approval::testkit::fake::escape;
use jit_approval::{
    Adapter, Addressee, AskNotice, BoxFuture, Capability, Check, Decision, Desk, Error, ErrorKind, Identity,
    MessageRef, Notice, NoticeKey, Outcome, Raw, Reply, SeenFirst, Standing, Wish,
};
use jit_types::{AskId, Digest, Words};
use serde_json::Value;

use crate::bent::Bent;

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    Nothing,
    OffersNoDenial,
    HidesTheWarnings,
    TellsTheRequesterToo,
    TellsAllWhereNobodyIsNamed,
    TellsNewsToAll,
    SendsAllTheSameLink,
    PostsAnewForEachUpdate,
    KeepsTheReasonAtTheEnd,
    ApprovesForAllThatWasAsked,
    TogglesOnASecondPress,
    ForgetsPressesOnARestart,
    CheersWhateverComes,
    DropsWhileBusy,
    HearsLate,
    DecidesTheLastAnnounced,
    LooksTheHashUp,
    TrustsTheAnnouncement,
    TakesTheUnknownForTheFirst,
    CutsTheIdentity,
    ExplainsToStrangers,
    BelievesTheBody,
    DecidesWhatTheHashNames,
    TakesAnySignature,
    TakesOldSignatures,
    DecidesOnALook,
    EscapesNoMarkup,
    KeepsLineBreaks,
    ShowsWhatReorders,
    SendsAllOfALongText,
    CallsAwayForGood,
    SwallowsFailures,
    NewKeyEachTime,
    GivesUpOnTheSlow,
    StopsWhenCut,
    ChecksNothing,
    KeepsTheLinkInTheReference,
    KeepsTheLinkAsEvidence,
    ShowsAnotherPlan,
    NotesAsMessages,
    FilesForAnotherTime,
    CommandsForTheRequester,
    NewKeyForEachDelivery,
    ReadsTheFirstLineOnly,
}

/// What a bad adapter remembers, which a good one never needs to.
#[derive(Default)]
pub(crate) struct Memory {
    /// The asks by hash, the hashes by ask as announced last, and who was told.
    pub(crate) by_hash: Mutex<BTreeMap<Digest, AskId>>,
    pub(crate) hashes: Mutex<BTreeMap<AskId, Digest>>,
    pub(crate) told: Mutex<Vec<Identity>>,
    pub(crate) last: Mutex<Option<(AskId, Digest)>>,
    pub(crate) pressed: Mutex<Vec<(AskId, Identity)>>,
    pub(crate) seen: Mutex<Vec<Decision>>,
    pub(crate) busy: AtomicUsize,
    pub(crate) count: AtomicUsize,
}

#[derive(Clone)]
pub(crate) struct Bad {
    pub(crate) inner: Fake,
    pub(crate) defect: Defect,
    pub(crate) memory: Arc<Memory>,
}

impl Bad {
    pub(crate) fn new(inner: Fake, defect: Defect) -> Self {
        let inner = match defect {
            Defect::EscapesNoMarkup => inner.with_escape(|text, most| {
                let line = jit_approval::text::line(text, most);
                (line.text, line.cut)
            }),
            Defect::KeepsLineBreaks => inner.with_escape(|text, most| {
                let (lines, mut cut): (Vec<_>, bool) = (text.split('\n').map(|l| escape(l, most)).collect(), false);
                let text = lines
                    .into_iter()
                    .map(|(l, c)| {
                        cut |= c;
                        l
                    })
                    .collect::<Vec<_>>()
                    .join("\n");
                (text.chars().take(4 * most).collect(), cut)
            }),
            Defect::ShowsWhatReorders => inner.with_escape(|text, most| {
                let marks = ['\u{202e}', '\u{2066}', '\u{2069}', '\u{200f}'];
                let harmless = |part: &str| escape(part, most).0;
                let shown = text.split_inclusive(marks).map(|part| match part.chars().last() {
                    Some(last) if marks.contains(&last) => format!("{}{last}", harmless(part.trim_end_matches(marks))),
                    _ => harmless(part),
                });
                (shown.collect(), text.chars().count() > most)
            }),
            Defect::SendsAllOfALongText => inner.with_escape(|text, _| escape(text, usize::MAX)),
            Defect::HearsLate => inner.hearing_late(),
            Defect::OffersNoDenial => inner.with_touch(Arc::new(|body: &mut Value| {
                if let Some(blocks) = body.get_mut("blocks").and_then(Value::as_array_mut) {
                    blocks.retain(|block| block.get("label").and_then(Value::as_str) != Some("Deny"));
                }
            })),
            _ => inner,
        };
        Self { inner, defect, memory: Arc::default() }
    }

    pub(crate) fn is(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    fn remember(&self, ask: &AskNotice) {
        let memory = &self.memory;
        memory.by_hash.lock().expect("unpoisoned").insert(ask.hash, ask.ask);
        memory.hashes.lock().expect("unpoisoned").insert(ask.ask, ask.hash);
        *memory.last.lock().expect("unpoisoned") = Some((ask.ask, ask.hash));
        *memory.told.lock().expect("unpoisoned") =
            ask.to.iter().flat_map(|to| &to.names).map(|name| Identity::new("fake", name.clone())).collect();
    }

    fn bent(&self, notice: &Notice) -> Notice {
        let mut notice = notice.clone();
        match &mut notice {
            Notice::Ask(ask) => self.bend(ask),
            Notice::Note(note) if self.is(Defect::NotesAsMessages) => {
                let (key, request) = (note.key.clone(), Some(note.request));
                return Notice::Alert(jit_approval::Alert { key, request, words: note.words.clone() });
            }
            Notice::News(news) if self.is(Defect::TellsNewsToAll) => {
                return Notice::Alert(jit_approval::Alert {
                    key: news.key.clone(),
                    request: Some(news.request),
                    words: Words::new(format!("{} {}", news.role, news.words)),
                });
            }
            _ => {}
        }
        notice
    }

    fn bend(&self, ask: &mut AskNotice) {
        self.remember(ask);
        match self.defect {
            Defect::HidesTheWarnings => ask.warnings.clear(),
            Defect::TellsTheRequesterToo if !ask.to.is_empty() => {
                let names = vec!["T1/UALICE".to_owned()];
                ask.to.push(Addressee { person: ask.requester.clone(), names, link: None, seen: SeenFirst::default() });
            }
            Defect::TellsAllWhereNobodyIsNamed if ask.to.is_empty() => {
                let names = vec!["here".to_owned()];
                ask.to.push(Addressee { person: ask.requester.clone(), names, link: None, seen: SeenFirst::default() });
            }
            Defect::SendsAllTheSameLink => {
                let link = ask.to.first().and_then(|to| to.link.clone());
                ask.to.iter_mut().for_each(|to| to.link = link.clone());
            }
            Defect::KeepsTheReasonAtTheEnd => {
                if let (Standing::Closed { outcome, .. }, Some(reason)) = (&mut ask.standing, &ask.reason) {
                    *outcome = Words::new(format!("{outcome}, for {}", reason.0));
                }
            }
            Defect::NewKeyEachTime => {
                let count = self.memory.count.fetch_add(1, Ordering::SeqCst);
                ask.key = NoticeKey(format!("{}/{count}/{:p}", ask.key.0, Arc::as_ptr(&self.memory)));
            }
            _ => {}
        }
    }

    fn failure(&self, error: Error) -> Error {
        if self.is(Defect::CallsAwayForGood) { Error::new(ErrorKind::Refused, error.public.as_str()) } else { error }
    }

    /// What a bad adapter makes of a request before the good one looks at it.
    async fn taken(&self, raw: Raw<'_>, desk: &dyn Desk) -> Reply {
        let (mut method, mut headers, mut body) = (raw.method, raw.headers.clone(), raw.body.to_vec());
        match self.defect {
            Defect::DecidesOnALook => method = "POST",
            Defect::TakesAnySignature | Defect::TakesOldSignatures | Defect::BelievesTheBody => {
                let time: i64 = headers.get("x-time").and_then(|time| time.parse().ok()).unwrap_or(0);
                let good = headers.get("x-signature") == Some(&self.inner.medium().sign(time, raw.body));
                let fresh = time == self.inner.medium().now();
                let mut event: Value = serde_json::from_slice(&body).unwrap_or_default();
                let claimed = event.pointer("/state/user").cloned().filter(Value::is_string);
                if let (true, Some(claimed)) = (self.is(Defect::BelievesTheBody), claimed) {
                    event["user"] = claimed;
                    body = event.to_string().into_bytes();
                }
                let taken = match self.defect {
                    Defect::TakesAnySignature => fresh,
                    Defect::TakesOldSignatures => good,
                    _ => good && fresh,
                };
                if taken {
                    let now = self.inner.medium().now();
                    headers.insert("x-time".to_owned(), now.to_string());
                    headers.insert("x-signature".to_owned(), self.inner.medium().sign(now, &body));
                }
            }
            _ => {}
        }
        let raw = Raw { method, query: raw.query, headers: &headers, body: &body };
        self.inner.receive(raw, &Bent { bad: self, desk }).await
    }
}

/// A desk that a listening adapter may keep.
struct Kept {
    bad: Bad,
    desk: Arc<dyn Desk>,
}

impl Desk for Kept {
    fn decide<'a>(&'a self, decision: &'a Decision) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { Bent { bad: &self.bad, desk: self.desk.as_ref() }.decide(decision).await })
    }

    fn act<'a>(&'a self, action: &'a jit_approval::Action) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { Bent { bad: &self.bad, desk: self.desk.as_ref() }.act(action).await })
    }

    fn plan<'a>(&'a self, wish: &'a Wish) -> BoxFuture<'a, Result<jit_approval::Planned, Outcome>> {
        Box::pin(async move { Bent { bad: &self.bad, desk: self.desk.as_ref() }.plan(wish).await })
    }

    fn file<'a>(&'a self, wish: &'a Wish) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { Bent { bad: &self.bad, desk: self.desk.as_ref() }.file(wish).await })
    }
}

impl Adapter for Bad {
    fn capability(&self) -> Capability {
        self.inner.capability()
    }

    fn check(&self) -> BoxFuture<'_, Vec<Check>> {
        Box::pin(async {
            if self.is(Defect::ChecksNothing) {
                return vec![Check { good: true, what: Words::new("it is configured"), remedy: None }];
            }
            self.inner.check().await
        })
    }

    fn announce<'a>(&'a self, notice: &'a Notice) -> BoxFuture<'a, Result<MessageRef, Error>> {
        Box::pin(async move {
            let bent = self.bent(notice);
            let announce = self.inner.announce(&bent);
            let came = if self.is(Defect::GivesUpOnTheSlow) {
                let slow = |_| Err(Error::new(ErrorKind::Refused, "the channel is too slow"));
                tokio::time::timeout(Duration::from_millis(500), announce).await.unwrap_or_else(slow)
            } else {
                announce.await
            };
            match (came, notice) {
                (Err(_), _) if self.is(Defect::SwallowsFailures) => Ok(MessageRef(String::new())),
                (Err(error), _) => Err(self.failure(error)),
                (Ok(at), Notice::Ask(ask)) if self.is(Defect::KeepsTheLinkInTheReference) => {
                    let token = ask.to.first().and_then(|to| to.link.as_ref()).map_or("", |link| link.token());
                    Ok(MessageRef(format!("{} {token}", at.0)))
                }
                (Ok(at), _) => Ok(at),
            }
        })
    }

    fn update<'a>(&'a self, message: &'a MessageRef, notice: &'a Notice) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let bent = self.bent(notice);
            if self.is(Defect::PostsAnewForEachUpdate)
                && let Notice::Ask(ask) = &bent
            {
                let mut ask = ask.clone();
                ask.key.0.push_str(&format!("/{}", self.memory.count.fetch_add(1, Ordering::SeqCst)));
                return self.inner.announce(&Notice::Ask(ask)).await.map(|_| ());
            }
            let at = MessageRef(message.0.split(' ').next().unwrap_or_default().to_owned());
            self.inner.update(&at, &bent).await.map_err(|error| self.failure(error))
        })
    }

    fn listen(&self, desk: Arc<dyn Desk>) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let desk: Arc<dyn Desk> = Arc::new(Kept { bad: self.clone(), desk });
            if self.is(Defect::StopsWhenCut) {
                return self.inner.listen_once(&desk).await.map_err(|_| Error::new(ErrorKind::Unreachable, "cut"));
            }
            self.inner.listen(desk).await
        })
    }

    fn receive<'a>(&'a self, raw: Raw<'a>, desk: &'a dyn Desk) -> BoxFuture<'a, Reply> {
        Box::pin(self.taken(raw, desk))
    }
}
