//! What all trials work with: people, asks filed at the desk, watched calls, presses.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jit_types::{
    AskId, Digest, Free, ParamName, ParamValue, PersonId, RequestId, RoleName, Span, Tail, Timestamp, Words,
};
use tokio::task::JoinHandle;

use super::desk::{Filed, ScriptedDesk};
use super::harness::{
    Answer, Control, Event, Facts, Fault, Harness, Message, Order, Player, Press, Side, Trouble, Twist, Wanted,
};
use crate::{
    Adapter, Addressee, AskNotice, Capability, Error, Identity, Link, Listeners, MessageRef, Notice, NoticeKey,
    SeenFirst, Standing, Verdict,
};

/// Why a trial did not go on.
pub(super) enum Stop {
    Failed(String),
    NotApplicable(String),
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Unsupported(why) => Self::NotApplicable(why),
            Trouble::Failed(why) => Self::Failed(format!("the harness failed: {why}")),
        }
    }
}

pub(super) type Go<T = ()> = Result<T, Stop>;

/// Ends a trial as not applicable.
pub(super) fn not_applicable<T>(why: impl Into<String>) -> Go<T> {
    Err(Stop::NotApplicable(why.into()))
}

/// Ends a trial as failed.
pub(super) fn failed<T>(why: impl Into<String>) -> Go<T> {
    Err(Stop::Failed(why.into()))
}

/// What stands in every reason of the suite, so that it can be looked for.
pub(super) const REASON: &str = "INC-42 slow orders";
/// What stands in every parameter of the suite.
pub(super) const PARAM: &str = "salesbook";
/// The worst-case end of every ask: in a year that stands nowhere else.
const WORST_END: &str = "2041-03-01T09:30:00Z";
/// Until when every ask must be decided.
const DECIDE_BY: &str = "2040-12-31T09:30:00Z";

/// One run of the suite.
pub(super) struct Kit<'a> {
    pub harness: &'a dyn Harness,
    pub facts: Facts,
    pub alice: PersonId,
    pub approvers: [PersonId; 2],
    pub role: RoleName,
    pub param: ParamName,
    worst_end: Timestamp,
    decide_by: Timestamp,
    count: AtomicU64,
}

/// Somebody of the facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    First,
    Second,
    /// The requester over one of their identities.
    Requester(usize),
    Stranger,
}

fn parse<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` does not parse"))
}

impl<'a> Kit<'a> {
    pub(super) fn new(harness: &'a dyn Harness) -> Result<Self, String> {
        Ok(Self {
            harness,
            facts: harness.facts(),
            alice: parse("alice@example.com")?,
            approvers: [parse("bob@example.com")?, parse("carol@example.com")?],
            role: parse("db-read")?,
            param: parse("schema")?,
            worst_end: parse(WORST_END)?,
            decide_by: parse(DECIDE_BY)?,
            count: AtomicU64::new(1),
        })
    }

    /// Ten bytes that are used once.
    pub(super) fn fresh(&self) -> [u8; 10] {
        let mut bytes = [0x5a; 10];
        let count = self.count.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        for (to, from) in bytes.iter_mut().skip(2).zip(count) {
            *to = from;
        }
        bytes
    }

    pub(super) fn key(&self, what: &str) -> NoticeKey {
        NoticeKey(format!("{what}/{}", self.count.fetch_add(1, Ordering::SeqCst)))
    }

    /// The identity with which somebody acts, where the medium knows accounts.
    pub(super) fn identity(&self, who: Who) -> Option<&Identity> {
        match who {
            Who::Requester(which) => self.facts.requester.identities.get(which),
            _ => self.player(who).identities.first(),
        }
    }

    pub(super) fn player(&self, who: Who) -> &Player {
        let [first, second] = &self.facts.approvers;
        match who {
            Who::First => first,
            Who::Second => second,
            Who::Requester(_) => &self.facts.requester,
            Who::Stranger => &self.facts.stranger,
        }
    }

    /// A broker with a desk of its own that knows alice, bob and carol; the latter two may decide.
    pub(super) async fn bench(&self) -> Go<Bench<'_>> {
        let desk = ScriptedDesk::new();
        let [bob, carol] = &self.approvers;
        for (person, player) in
            [(&self.alice, &self.facts.requester), (bob, self.player(Who::First)), (carol, self.player(Who::Second))]
        {
            for identity in &player.identities {
                desk.know(identity, person);
            }
        }
        desk.entitle(bob);
        desk.entitle(carol);
        Bench::open(self, Arc::new(desk)).await
    }

    /// A broker that can be decided over; else the trial does not apply.
    pub(super) async fn deciding(&self) -> Go<Bench<'_>> {
        let bench = self.bench().await?;
        if bench.cap.decides { Ok(bench) } else { not_applicable("it only tells: no decision comes by it") }
    }

    /// As [`Kit::deciding`], where the medium vouches for accounts.
    pub(super) async fn vouched(&self) -> Go<Bench<'_>> {
        if self.facts.by_link {
            return not_applicable("the medium knows people by the link that they were sent, and vouches for nobody");
        }
        self.deciding().await
    }

    pub(super) async fn messages(&self) -> Go<Vec<Message>> {
        Ok(self.harness.messages().await?)
    }

    /// The messages that are not among `before`.
    pub(super) async fn newer(&self, before: &[Message]) -> Go<Vec<Message>> {
        let all = self.messages().await?;
        Ok(all.into_iter().filter(|m| !before.iter().any(|b| b.number == m.number)).collect())
    }

    /// Lifts all faults; for the end of a trial whatever came of it.
    pub(super) async fn lift(&self) {
        let _ = self.harness.fault(Fault::Lifted).await;
    }

    pub(super) async fn bounded<T>(&self, what: &str, call: impl Future<Output = T>) -> Go<T> {
        let patience = self.facts.patience;
        let hang = |_| Stop::Failed(format!("{what} did not come back within {} s", patience.as_secs()));
        tokio::time::timeout(patience, call).await.map_err(hang)
    }
}

/// A broker with one adapter, which listens where it must.
pub(super) struct Bench<'a> {
    pub kit: &'a Kit<'a>,
    pub desk: Arc<ScriptedDesk>,
    pub adapter: Arc<dyn Adapter>,
    pub cap: Capability,
    listening: Option<JoinHandle<Result<(), Error>>>,
}

impl Drop for Bench<'_> {
    fn drop(&mut self) {
        if let Some(listening) = &self.listening {
            listening.abort();
        }
    }
}

/// An ask that was announced.
pub(super) struct Case {
    pub ask: AskNotice,
    pub at: MessageRef,
    pub messages: Vec<Message>,
}

impl<'a> Bench<'a> {
    async fn open(kit: &'a Kit<'a>, desk: Arc<ScriptedDesk>) -> Go<Self> {
        let adapter = kit.harness.adapter().await?;
        let cap = adapter.capability();
        let listening = (cap.listeners != Listeners::None).then(|| {
            let (adapter, desk) = (adapter.clone(), desk.clone());
            tokio::spawn(async move { adapter.listen(desk).await })
        });
        Ok(Self { kit, desk, adapter, cap, listening })
    }

    /// The same house with its broker started anew.
    pub(super) async fn restarted(self) -> Go<Bench<'a>> {
        let (kit, desk) = (self.kit, self.desk.clone());
        drop(self);
        Bench::open(kit, desk).await
    }

    /// Whether `listen` still runs.
    pub(super) fn listens(&self) -> bool {
        self.listening.as_ref().is_some_and(|task| !task.is_finished())
    }

    /// Files an ask at the desk that needs so many approvals, and writes the notice of it.
    pub(super) fn draft(&self, need: u32) -> AskNotice {
        let kit = self.kit;
        let born = Timestamp::from_millis(1_900_000_000_000);
        let ask = AskId::from_parts(born, kit.fresh());
        let hash = Digest::of(ask.to_string().as_bytes());
        let span = Span::from_secs(7200);
        self.desk.file(
            ask,
            Filed { hash, requester: kit.alice.clone(), need, span, reviews: BTreeMap::new(), closed: None },
        );
        let mut notice = AskNotice {
            key: kit.key("ask"),
            ask,
            request: RequestId::from_parts(born, kit.fresh()),
            hash,
            to: Vec::new(),
            requester: kit.alice.clone(),
            role: kit.role.clone(),
            gives: vec![Words::new("read in database shop"), Words::new("a shell on host web1")],
            warnings: vec![Words::new("everybody may connect to database stock")],
            params: BTreeMap::from([(kit.param.clone(), ParamValue::Text(PARAM.to_owned()))]),
            span,
            total: None,
            worst_end: kit.worst_end,
            swept: Tail::AtMost(Span::from_secs(5)),
            unswept: Tail::NoBound(Words::new("an open session goes on")),
            first: false,
            reason: Some(Free(REASON.to_owned())),
            decide_by: kit.decide_by,
            standing: Standing::Pending { have: 0, need },
        };
        self.address(&mut notice);
        notice
    }

    /// Addresses a notice to both approvers, each with a link of their own.
    pub(super) fn address(&self, notice: &mut AskNotice) {
        let kit = self.kit;
        let who = [Who::First, Who::Second];
        notice.to = kit.approvers.iter().zip(who).map(|(person, who)| self.addressee(notice, person, who)).collect();
    }

    fn addressee(&self, notice: &AskNotice, person: &PersonId, who: Who) -> Addressee {
        let token = Digest::of(format!("{person} {} {}", notice.ask, notice.hash).as_bytes()).to_string();
        let link = Link::new(format!("https://jit.example.com/a?t={token}"), token);
        self.desk.sent(&link, notice.ask, notice.hash, person);
        Addressee {
            person: person.clone(),
            names: self.kit.player(who).names.clone(),
            link: Some(link),
            seen: SeenFirst::default(),
        }
    }

    pub(super) async fn announce(&self, notice: &Notice) -> Go<Result<MessageRef, Error>> {
        self.kit.bounded("announce", self.adapter.announce(notice)).await
    }

    pub(super) async fn update(&self, at: &MessageRef, notice: &Notice) -> Go<Result<(), Error>> {
        self.kit.bounded("update", self.adapter.update(at, notice)).await
    }

    /// Announces a notice, where a failure ends the trial, and returns what is new in the medium.
    pub(super) async fn told(&self, notice: &Notice) -> Go<(MessageRef, Vec<Message>)> {
        let before = self.kit.messages().await?;
        match self.announce(notice).await? {
            Ok(at) => Ok((at, self.kit.newer(&before).await?)),
            Err(error) => failed(format!("a good notice was not announced: {error}")),
        }
    }

    /// Announces an ask that somebody is to decide.
    pub(super) async fn case(&self, ask: AskNotice) -> Go<Case> {
        let notice = Notice::Ask(Box::new(ask.clone()));
        let (at, messages) = self.told(&notice).await?;
        if messages.is_empty() {
            failed("an ask was announced, and nobody was told")
        } else {
            Ok(Case { ask, at, messages })
        }
    }

    /// Who the desk must hear when somebody presses a control of a case.
    pub(super) fn expected(&self, case: &Case, who: Who) -> Option<Identity> {
        if !self.kit.facts.by_link {
            return self.kit.identity(who).cloned();
        }
        let names = &self.kit.player(who).names;
        let addressee = case.ask.to.iter().find(|to| &to.names == names)?;
        let link = addressee.link.as_ref()?;
        Some(Identity::new(Link::CHANNEL.to_owned(), link.token().to_owned()))
    }

    /// The control of a case's message that somebody has before them and that says this.
    pub(super) fn control(&self, case: &Case, who: Who, wanted: Verdict) -> Go<Control> {
        let names = &self.kit.player(who).names;
        let theirs = case.messages.iter().filter(|m| m.to.iter().any(|name| names.contains(name)));
        let found = theirs.chain(&case.messages).flat_map(|m| &m.controls).find(|c| c.verdict == wanted);
        match found {
            Some(control) => Ok(control.clone()),
            None => failed(format!("nothing to press for {wanted:?}")),
        }
    }

    /// Somebody presses; nothing is delivered yet.
    pub(super) async fn press(&self, case: &Case, who: Who, wanted: Verdict, twist: Twist) -> Go<Event> {
        let control = self.control(case, who, wanted)?;
        let by = self.kit.identity(who).cloned();
        Ok(self.kit.harness.press(&Press { control, by, twist }).await?)
    }

    /// Somebody gives a command; nothing is delivered yet.
    pub(super) async fn command(&self, by: &Identity, what: Wanted) -> Go<Event> {
        Ok(self.kit.harness.command(&Order { by: by.clone(), what }).await?)
    }

    /// Delivers what somebody pressed.
    pub(super) async fn deliver(&self, event: Event) -> Go<Answer> {
        let to = Side { adapter: self.adapter.as_ref(), desk: self.desk.as_ref() };
        Ok(self.kit.bounded("an answer to a press", self.kit.harness.deliver(event, to)).await??)
    }

    /// Somebody presses, and it is delivered.
    pub(super) async fn pressed(&self, case: &Case, who: Who, wanted: Verdict) -> Go<Answer> {
        let event = self.press(case, who, wanted, Twist::Straight).await?;
        self.deliver(event).await
    }
}

/// Yes, for all that was asked.
pub(super) const YES: Verdict = Verdict::Approve { span: None };
