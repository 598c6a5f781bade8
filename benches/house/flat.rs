//! What a grant costs beside how much is stored already: it must not grow.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use jit_engine::SystemClock;
use jit_engine::service::seen::Scope;
use jit_engine::store::{Job, LogQuery};
use jit_life::{GrantStatus, Reply, Request, Step};
use jit_types::{Event, Id, Span, Timestamp, Words};

use crate::stage::Stage;
use crate::usage::Usage;

/// How many events a stored grant has in the log.
const EVENTS: usize = 10;
/// How many grants are stored at once, and by how many clients one after the other is asked for.
const AT_ONCE: usize = 512;
const CLIENTS: usize = 8;
/// How many whole cycles are measured at each size, and how many questions.
const CYCLES: usize = 800;
const QUESTIONS: u32 = 20;

/// What was measured at one size.
pub(crate) struct Point {
    pub(crate) stored: usize,
    pub(crate) events: u64,
    /// Microseconds of a cycle, by the clock and on processors.
    pub(crate) cycle: f64,
    pub(crate) cpu: f64,
    /// Milliseconds of a question: the own requests, those that wait, those that are open, one by its beginning, one's log.
    pub(crate) asked: [f64; 5],
}

/// Fills one store further and further, and measures at each size.
pub(crate) async fn run(sizes: &[usize]) -> Vec<Point> {
    let stage = Arc::new(Stage::set(Arc::new(SystemClock)).await);
    let next = Arc::new(AtomicUsize::new(0));
    let template = ended(&stage, &next).await;
    // What is at hand after the first cycles is at hand at each size.
    cycles(&stage, &next, CYCLES).await;
    let (mut stored, mut points) = (0, Vec::new());
    for size in sizes {
        store(&stage, &template, stored, *size).await;
        stored = *size;
        let (begun, before) = (Instant::now(), Usage::now());
        cycles(&stage, &next, CYCLES).await;
        let each = |micros: f64| micros / CYCLES as f64;
        let (cycle, cpu) = (begun.elapsed().as_secs_f64() * 1e6, Usage::now().since(&before).cpu as f64 * 1e3);
        let (events, _) = stage.house().store().log().head();
        let asked = questions(&stage, &template).await;
        points.push(Point { stored, events, cycle: each(cycle), cpu: each(cpu), asked });
    }
    points
}

/// One grant that has come to its end.
async fn ended(stage: &Stage, next: &AtomicUsize) -> Request {
    let number = next.fetch_add(1, Ordering::Relaxed);
    let request = stage.file("asked", number, Span::from_secs(3600)).await;
    stage.approve(&request).await;
    stage.claim(&request, number).await;
    stage.release(&request, number).await;
    loop {
        let request = stage.house().store().request(request.id).await.unwrap().unwrap();
        // Without a list that hosts read, the certificate's own end is what ends it: released is as far as it comes.
        if !matches!(request.grant.as_ref().unwrap().status, GrantStatus::Active | GrantStatus::Ready) {
            return request;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

async fn cycles(stage: &Arc<Stage>, next: &Arc<AtomicUsize>, count: usize) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let (stage, next) = (Arc::clone(stage), Arc::clone(next));
        tasks.spawn(async move {
            for _ in 0..count / CLIENTS {
                ended(&stage, &next).await;
            }
        });
    }
    tasks.join_all().await;
}

/// Puts copies of an ended grant into the store, each under ids of its own, with events.
async fn store(stage: &Arc<Stage>, template: &Request, from: usize, to: usize) {
    let mut tasks = tokio::task::JoinSet::new();
    for number in from..to {
        if tasks.len() >= AT_ONCE {
            tasks.join_next().await.unwrap().unwrap();
        }
        let (stage, state) = (Arc::clone(stage), copy(template, number));
        let events = (0..EVENTS).map(|_| {
            let event = Event::new("bench.stored", state.filed).request(state.id).subject(state.subject);
            event
                .role(state.role.clone())
                .field("why", &Words::new("as long as an event is, more or less, in most stores"))
        });
        let events: Vec<Event> = events.collect();
        tasks.spawn(async move {
            let job = Job {
                request: state.id,
                at: state.filed,
                facts: None,
                play: Box::new(move |_, _| Step {
                    state: Some(state.clone()),
                    events: events.clone(),
                    effects: vec![],
                    drop: vec![],
                    reply: Ok(Reply::Noted),
                }),
                done: None,
                openings: vec![],
                answer: None,
                keep: None,
                follow: None,
            };
            stage.house().store().play(job).await.unwrap().reply.unwrap();
        });
    }
    tasks.join_all().await;
}

fn copy(template: &Request, number: usize) -> Request {
    // All in the past, a second apart, and none twice.
    let born = Timestamp::from_millis(template.filed.millis() - 1000 * (number as i64 + 1));
    let mut bytes = [0; 10];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    let mut state = template.clone();
    state.id = Id::from_parts(born, bytes);
    state.asks.iter_mut().for_each(|ask| ask.id = Id::from_parts(born, bytes));
    if let Some(grant) = &mut state.grant {
        grant.id = Id::from_parts(born, bytes);
        grant.status = GrantStatus::Ended { why: jit_life::EndWhy::Expired, at: born };
        // What is over for good: nothing of it is looked at again.
        for claim in &mut grant.claims {
            (claim.id, claim.end) = (Id::from_parts(born, bytes), born);
        }
    }
    state
}

/// How long what people ask for takes, in milliseconds each.
async fn questions(stage: &Stage, template: &Request) -> [f64; 5] {
    let house = stage.house();
    let (alice, bob) = (stage.requester(0), stage.bob());
    let text = template.id.to_string();
    let prefix = text.get(..text.len() - 2).unwrap();
    let mut took = [0.0; 5];
    for _ in 0..QUESTIONS {
        for (at, took) in took.iter_mut().enumerate() {
            let begun = Instant::now();
            match at {
                0 => drop(house.list(alice, Scope::Mine, 100).await.unwrap()),
                1 => drop(house.list(bob, Scope::Waiting, 100).await.unwrap()),
                2 => drop(house.list(bob, Scope::Open, 100).await.unwrap()),
                3 => assert_eq!(house.find(bob, prefix).await.unwrap().id, template.id),
                _ => {
                    let query = LogQuery { request: Some(template.id), ..Default::default() };
                    assert!(!house.store().log().entries(query).await.unwrap().is_empty());
                }
            }
            *took += begun.elapsed().as_secs_f64() * 1e3 / f64::from(QUESTIONS);
        }
    }
    took
}
