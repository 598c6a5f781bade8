//! What every store must do, told once: each chapter takes a new place to keep things and whoever opens stores there.
//! Nothing in here knows which store it is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jit_engine::BoxFuture;
use jit_engine::audit::tree::Appender;
use jit_engine::store::{AnswerKey, Job, Leased, LogQuery, Played, Query, Store, StoreError, Token, TokenQuery, Write};
use jit_life::{Ask, AskStatus, Effect, EffectKind, Facts, Refused, RefusedKind, Reply, Request, Step};
use jit_types::{AskId, Commitment, Digest, Event, Id, IdKind, OpeningId, RequestId, Span, Subject, Timestamp, Words};

use crate::kit::START;

/// Opens the store of one place; again and again, each time as a new process would.
pub(crate) trait Opener: Send + Sync {
    /// Opens it. While `broken` is set, the sealed texts can't be kept, so that every commit with one must fail.
    fn open(&self, broken: Arc<AtomicBool>) -> BoxFuture<'_, Arc<dyn Store>>;
}

pub(crate) async fn open(opener: &dyn Opener) -> Arc<dyn Store> {
    opener.open(Arc::default()).await
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    START.plus_millis(seconds * 1000)
}

pub(crate) fn id<K: IdKind>(n: u16) -> Id<K> {
    let mut bytes = [0; 10];
    bytes[8..].copy_from_slice(&n.to_be_bytes());
    Id::from_parts(at(i64::from(n)), bytes)
}

/// An open request whose key is told by its owner's and its own role's number.
pub(crate) fn request(n: u16, owner: u16, role: &str) -> Request {
    let ask: AskId = id(n);
    let reason =
        Commitment { opening: id::<jit_types::id::OpeningKind>(n), subject: id(owner), digest: Digest::of(b"why") };
    let ask = Ask {
        id: ask,
        hash: Digest::of(b"hash"),
        span: Span::from_secs(60),
        start_by: Span::from_secs(60),
        filed: at(0),
        decide_by: at(600),
        need: 1,
        status: AskStatus::Pending,
        reviews: Vec::new(),
        extends: None,
        reason: None,
        why: None,
    };
    Request {
        id: id(n),
        subject: id(owner),
        role: role.parse().expect("a role"),
        revision: Digest::of(b"revision"),
        params: BTreeMap::new(),
        typed: false,
        gives: Vec::new(),
        claim_key: None,
        reason,
        filed: at(0),
        asks: vec![ask],
        grant: None,
        erased: None,
    }
}

pub(crate) fn event(kind: &'static str) -> Event {
    Event::new(kind, at(0)).field("why", &Words::new("told"))
}

pub(crate) fn effect(kind: EffectKind, due: i64, lane: Option<&str>) -> Effect {
    Effect { kind, due: at(due), lane: lane.map(str::to_owned), leased_until: None }
}

pub(crate) fn done(state: Option<Request>, effects: Vec<Effect>) -> Step {
    Step { state, events: vec![event("told")], effects, drop: vec![], reply: Ok(Reply::Noted) }
}

pub(crate) fn job(request: RequestId, mut play: impl FnMut(Option<&Request>, &Facts) -> Step + Send + 'static) -> Job {
    Job {
        request,
        at: at(0),
        facts: None,
        play: Box::new(move |state, facts| play(state, facts)),
        done: None,
        openings: vec![],
        answer: None,
        keep: None,
        follow: None,
    }
}

/// Files a request with some effects.
pub(crate) async fn put(store: &dyn Store, new: Request, effects: Vec<Effect>) -> Played {
    let played = store.play(job(new.id, move |_, _| done(Some(new.clone()), effects.clone()))).await;
    played.expect("it is played")
}

/// Files as the engine does: one open request with the same key.
fn file(new: Request) -> Job {
    let key = (new.subject, new.own_key());
    let mut job = job(new.id, move |_, facts| match facts.same {
        Some(same) => Step { reply: Ok(Reply::Attached(same)), ..done(None, vec![]) },
        None => Step {
            reply: Ok(Reply::Decided(Words::new(facts.open_of_person.to_string()))),
            ..done(Some(new.clone()), vec![])
        },
    });
    job.facts = Some(key);
    job
}

fn close(mut request: Request) -> Job {
    request.asks[0].status = AskStatus::Cancelled;
    job(request.id, move |_, _| done(Some(request.clone()), vec![]))
}

pub(crate) async fn size(store: &dyn Store) -> u64 {
    store.log().head().0
}

pub(crate) async fn lease(store: &dyn Store, now: i64, until: i64, most: usize) -> Vec<Leased> {
    store.lease(at(now), at(until), most).await.expect("leases")
}

pub(crate) async fn plays_refuses_and_keeps(opener: &dyn Opener) {
    let store = open(opener).await;
    let played = put(store.as_ref(), request(1, 1, "db"), vec![]).await;
    assert_eq!((played.reply, played.request.as_deref()), (Ok(Reply::Noted), Some(&request(1, 1, "db"))));
    assert_eq!(store.request(id(1)).await, Ok(Some(request(1, 1, "db"))));
    // A refusal changes nothing and is in the log.
    let refusal = Refused::new(RefusedKind::Denied, "rule", "no");
    let said = refusal.clone();
    let refuse = job(id(1), move |_, _| Step {
        state: None,
        events: vec![event("told").refused()],
        effects: vec![],
        drop: vec![],
        reply: Err(said.clone()),
    });
    let played = store.play(refuse).await.expect("it is played");
    assert_eq!((played.reply, played.request.as_deref()), (Err(refusal), Some(&request(1, 1, "db"))));
    assert_eq!(size(store.as_ref()).await, 2);
    // No event, no state: nothing grows.
    let nothing = job(id(1), |_, _| Step { events: vec![], ..done(None, vec![]) });
    store.play(nothing).await.expect("it is played");
    assert_eq!(size(store.as_ref()).await, 2);
    assert_eq!(store.request(id(2)).await, Ok(None));
}

pub(crate) async fn one_open_request_for_a_key(opener: &dyn Opener) {
    let store = open(opener).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..20 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.play(file(request(n, 1, "db"))).await.expect("it is played").reply });
    }
    let replies: Vec<_> = tasks.join_all().await;
    let filed = replies.iter().filter(|reply| matches!(reply, Ok(Reply::Decided(_)))).count();
    assert_eq!(filed, 1, "{replies:?}");
    let open_ones = Query { open: true, ..Default::default() };
    let found = store.requests(open_ones.clone()).await.expect("requests");
    assert_eq!(found.len(), 1);
    let first = found.into_iter().next().expect("one");
    for reply in replies {
        assert!(matches!(reply, Ok(Reply::Decided(_))) || reply == Ok(Reply::Attached(first.id)), "{reply:?}");
    }
    // Another batch: still the same one. Another role or person: another one, and the count is the person's own.
    let again = store.play(file(request(30, 1, "db"))).await.expect("it is played");
    assert_eq!(again.reply, Ok(Reply::Attached(first.id)));
    let other = store.play(file(request(31, 1, "web"))).await.expect("it is played");
    assert_eq!(other.reply, Ok(Reply::Decided(Words::new("1"))));
    let other = store.play(file(request(32, 2, "db"))).await.expect("it is played");
    assert_eq!(other.reply, Ok(Reply::Decided(Words::new("0"))));
    // Closed and filed again at once: the key passes on, whether in one batch or in two.
    let (closed, filed) = tokio::join!(store.play(close(first.clone())), store.play(file(request(33, 1, "db"))));
    assert!(closed.is_ok());
    assert_eq!(filed.expect("it is played").reply, Ok(Reply::Decided(Words::new("1"))));
    assert_eq!(store.requests(open_ones).await.expect("requests").len(), 3);
}

pub(crate) async fn the_same_key_the_same_answer(opener: &dyn Opener) {
    let store = open(opener).await;
    let keyed = |n: u16, body: &[u8], at: Timestamp, events: bool| {
        let mut job = job(id(n), move |_, _| {
            let step = done(Some(request(n, n, "db")), vec![]);
            let events = if events { step.events } else { vec![] };
            Step { events, reply: Ok(Reply::Decided(Words::new("the first"))), ..step }
        });
        job.at = at;
        job.answer = Some(AnswerKey { key: Digest::of(b"key"), body: Digest::of(body) });
        job
    };
    let first = store.play(keyed(1, b"body", at(0), false)).await.expect("it is played");
    assert_eq!(first.replayed, None);
    // An answer whose step told nothing is kept as long as any other.
    put(store.as_ref(), request(9, 9, "db"), vec![]).await;
    let second = store.play(keyed(2, b"body", at(60), true)).await.expect("it is played");
    assert_eq!((second.reply, second.replayed), (first.reply, Some(None)));
    assert_eq!(store.request(id(2)).await, Ok(None), "the step was not played again");
    assert_eq!(store.play(keyed(1, b"other", at(60), true)).await.err(), Some(StoreError::KeyReused));
    let keep = Write::KeepAnswer { key: Digest::of(b"key"), extra: "besides".to_owned() };
    store.write(vec![keep], vec![], vec![]).await.expect("written");
    let kept = store.play(keyed(3, b"body", at(120), true)).await.expect("it is played");
    assert_eq!(kept.replayed, Some(Some("besides".to_owned())));
    // The same with a step.
    let mut step = job(id(9), |_, _| done(None, vec![]));
    step.keep = Some((Digest::of(b"key"), "with a step".to_owned()));
    store.play(step).await.expect("it is played");
    drop(store);
    let store = open(opener).await;
    let third = store.play(keyed(3, b"body", at(120), true)).await.expect("it is played");
    assert_eq!(third.replayed, Some(Some("with a step".to_owned())));
    assert_eq!(size(store.as_ref()).await, 2);
}

pub(crate) async fn a_crowd_shares_commits(opener: &dyn Opener) {
    let store = open(opener).await;
    let before = *store.changes().borrow();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..200 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let played = store.play(file(request(n, n, "db"))).await.expect("it is played");
            assert_eq!(played.request.map(|r| r.id), Some(id(n)));
        });
    }
    tasks.join_all().await;
    let commits = *store.changes().borrow() - before;
    assert!((1..=150).contains(&commits), "{commits} commits for 200 steps");
    let query = Query { most: 1000, ..Default::default() };
    assert_eq!(store.requests(query).await.expect("requests").len(), 200);
    numbered(store.as_ref(), 200).await;
}

/// The log's numbers have no gap, and its root is the root over its leaves.
async fn numbered(store: &dyn Store, expected: u64) {
    let entries = store.log().entries(LogQuery { most: 100_000, ..Default::default() }).await.expect("the log");
    let mut appender = Appender::new();
    for (n, entry) in (0u64..).zip(&entries) {
        assert_eq!(entry.n, n);
        appender.append(entry.leaf.as_bytes());
    }
    assert_eq!((appender.size(), appender.root()), store.log().head());
    assert_eq!(appender.size(), expected);
}

pub(crate) async fn opened_again_it_goes_on(opener: &dyn Opener) {
    for turn in 0..7u16 {
        let store = open(opener).await;
        numbered(store.as_ref(), 4 * u64::from(turn)).await;
        if turn > 0 {
            assert_eq!(store.request(id(turn - 1)).await, Ok(Some(request(turn - 1, 1, &format!("r{}", turn - 1)))));
        }
        let kind = EffectKind::Revoke(id(turn));
        put(store.as_ref(), request(turn, 1, &format!("r{turn}")), vec![effect(kind, 10, Some("a"))]).await;
        store.write(vec![], vec![event("more"), event("most")], vec![]).await.expect("written");
        // Whoever held a lease in the process before is no more: its lane is free.
        let leased = lease(store.as_ref(), 10, 10_000, 9).await;
        assert_eq!(leased.len(), 1);
        // What is put anew after an opening is never taken for what was leased before it.
        let EffectKind::Revoke(claim) = leased[0].kind.clone() else { panic!("{leased:?}") };
        put(store.as_ref(), request(turn, 1, &format!("r{turn}")), vec![]).await;
        let replace = vec![effect(EffectKind::Revoke(claim), 20, Some("a"))];
        let owner = leased[0].request.expect("a request");
        store.play(job(owner, move |_, _| Step { events: vec![], ..done(None, replace.clone()) })).await.expect("put");
        store.write(vec![Write::Done(leased[0].clone())], vec![], vec![]).await.expect("written");
        let waiting = lease(store.as_ref(), 10_000, 20_000, 9).await;
        assert_eq!(waiting.len(), 1, "the one that replaced it is still there");
    }
}

pub(crate) async fn all_or_nothing(opener: &dyn Opener) {
    let broken = Arc::new(AtomicBool::new(false));
    let store = opener.open(Arc::clone(&broken)).await;
    put(store.as_ref(), request(1, 1, "db"), vec![]).await;
    let head = store.log().head();
    broken.store(true, std::sync::atomic::Ordering::SeqCst);
    let sealed = || jit_engine::audit::SealedOpening {
        id: OpeningId::from_parts(at(0), [1; 10]),
        subject: id(1),
        nonce: [0; 12],
        ciphertext: vec![1, 2, 3],
    };
    let mut refused = job(id(2), |_, _| done(Some(request(2, 2, "db")), vec![effect(EffectKind::End, 5, None)]));
    refused.openings = vec![sealed()];
    refused.answer = Some(AnswerKey { key: Digest::of(b"key"), body: Digest::of(b"body") });
    assert!(matches!(store.play(refused).await, Err(StoreError::Unavailable(_))));
    let meta = Write::Meta { name: "config", value: "x".to_owned() };
    assert!(store.write(vec![meta], vec![event("told")], vec![sealed()]).await.is_err());
    assert_eq!(store.log().head(), head);
    assert_eq!(store.request(id(2)).await, Ok(None));
    assert_eq!(store.next_due().await, Ok(None));
    assert_eq!(store.log().meta("config").await, Ok(None));
    broken.store(false, std::sync::atomic::Ordering::SeqCst);
    put(store.as_ref(), request(3, 3, "db"), vec![]).await;
    numbered(store.as_ref(), 2).await;
}

pub(crate) async fn questions_are_answered(opener: &dyn Opener) {
    let store = open(opener).await;
    for n in 0..25 {
        put(store.as_ref(), request(n, n % 2, &format!("r{n}")), vec![]).await;
    }
    store.play(close(request(3, 1, "r3"))).await.expect("it is played");
    let ids = |found: Result<Vec<Request>, StoreError>| {
        found.expect("requests").into_iter().map(|r| r.id).collect::<Vec<_>>()
    };
    // Newest first, page by page, none twice and none left out.
    let mut pages = Vec::new();
    loop {
        let before = pages.last().copied();
        let page = ids(store.requests(Query { before, most: 10, ..Default::default() }).await);
        if page.is_empty() {
            break;
        }
        pages.extend(page);
    }
    assert_eq!(pages, (0..25).rev().map(id).collect::<Vec<RequestId>>());
    let of = ids(store.requests(Query { subject: Some(id(1)), ..Default::default() }).await);
    assert_eq!(of.len(), 12);
    for query in [Query { waiting: true, ..Default::default() }, Query { open: true, ..Default::default() }] {
        let found = ids(store.requests(query).await);
        assert!(found.len() == 24 && !found.contains(&id(3)), "{found:?}");
    }
    let text = id::<jit_types::id::RequestKind>(7).to_string();
    let by_prefix = |prefix: &str| Query { prefix: Some(prefix.to_owned()), ..Default::default() };
    assert_eq!(ids(store.requests(by_prefix(&text)).await), [id(7)]);
    assert_eq!(ids(store.requests(by_prefix("req_")).await).len(), 25);
    // What means something to a database means nothing in a prefix.
    for hostile in ["req_%", "%", "_", "' OR 1=1 --", "req_*", "\u{0}"] {
        assert_eq!(ids(store.requests(by_prefix(hostile)).await), [], "{hostile}");
    }
    assert_eq!(ids(store.requests(Query { ask: Some(id(5)), ..Default::default() }).await), [id(5)]);
    assert_eq!(ids(store.requests(Query { ask: Some(id(99)), ..Default::default() }).await), []);
}

pub(crate) async fn tokens_and_messages_are_kept(opener: &dyn Opener) {
    let store = open(opener).await;
    let token = |n: u16| Token {
        id: id(n),
        hash: Digest::of(&[n as u8]),
        subject: id::<jit_types::id::SubjectKind>(n % 2),
        label: "ci".to_owned(),
        roles: None,
        created: at(0),
        expires: at(100),
        revoked: None,
    };
    for n in 0..4 {
        store.write(vec![Write::PutToken(token(n))], vec![event("token.created")], vec![]).await.expect("written");
    }
    assert_eq!(store.tokens(TokenQuery::Hash(Digest::of(&[2]))).await, Ok(vec![token(2)]));
    assert_eq!(store.tokens(TokenQuery::Hash(Digest::of(b"x"))).await, Ok(vec![]));
    let subject: Subject = id(1);
    assert_eq!(store.tokens(TokenQuery::Of(subject)).await, Ok(vec![token(1), token(3)]));
    // Twice: the first moment counts.
    for moment in [50, 60] {
        let revoke = Write::RevokeToken { id: id(3), at: at(moment) };
        store.write(vec![revoke], vec![event("token.revoked")], vec![]).await.expect("written");
    }
    let revoked = Token { revoked: Some(at(50)), ..token(3) };
    assert_eq!(store.tokens(TokenQuery::Id(id(3))).await, Ok(vec![revoked]));
    let put = |channel: &str, message: &str| Write::PutMessage {
        notice: "ask/1".to_owned(),
        channel: channel.to_owned(),
        message: message.to_owned(),
    };
    store.write(vec![put("a", "1"), put("b", "2")], vec![], vec![]).await.expect("written");
    store.write(vec![put("a", "3")], vec![], vec![]).await.expect("written");
    let mut messages = store.messages("ask/1".to_owned()).await.expect("messages");
    messages.sort();
    assert_eq!(messages, [("a".to_owned(), "3".to_owned()), ("b".to_owned(), "2".to_owned())]);
    assert_eq!(store.messages("ask/2".to_owned()).await, Ok(vec![]));
    numbered(store.as_ref(), 6).await;
}
