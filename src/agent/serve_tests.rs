//! The agent itself, on a private socket of its own, asked as commands ask it.

use super::*;
use crate::agent::protocol::{self, Format, TalkError};
use jit_types::Id;

const PATIENCE: Duration = Duration::from_secs(5);

struct World {
    places: Places,
    run: tokio::task::JoinHandle<Result<bool, PlaceError>>,
    _dir: tempfile::TempDir,
}

async fn world(idle: Duration) -> World {
    let dir = tempfile::tempdir().expect("a directory");
    let at = |name: &str| dir.path().join(name);
    let places = Places { config: at("c"), state: at("s"), runtime: at("r") };
    let (ready, answers) = tokio::sync::oneshot::channel();
    let run = tokio::spawn(run(places.clone(), idle, || assert_eq!(ready.send(()), Ok(()))));
    answers.await.expect("it answers");
    World { places, run, _dir: dir }
}

impl World {
    /// Asks as a command does, from a thread without a runtime.
    async fn ask(&self, verb: Verb) -> Result<Answer, TalkError> {
        let socket = self.places.agent_socket();
        tokio::task::spawn_blocking(move || protocol::ask(&socket, verb, PATIENCE)).await.expect("asked")
    }

    async fn status(&self) -> Status {
        match self.ask(Verb::Status).await {
            Ok(Answer::Ok(bytes)) => serde_json::from_slice(&bytes).expect("a status"),
            _ => panic!("it has no status"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_answers_its_own_user_on_a_private_socket_and_ends_when_told() {
    let w = world(Duration::from_secs(60)).await;
    let mode = |path: &Path| path.metadata().expect("there").permissions().mode() & 0o7777;
    assert_eq!((mode(&w.places.runtime), mode(&w.places.agent_socket())), (0o700, 0o600));
    assert_eq!(w.status().await.pid, std::process::id());
    let cached = Verb::Cached { of: "db".to_owned(), format: Format::Json, context: Reach::default().context() };
    assert!(matches!(w.ask(cached).await, Ok(Answer::Miss)));
    // A running command that looks for what is new has nothing claimed by it, and reaches no broker.
    let held = Verb::Held { of: "db".to_owned(), context: Reach::default().context() };
    assert!(matches!(w.ask(held).await, Ok(Answer::Miss)));
    assert!(matches!(w.ask(Verb::Stop).await, Ok(Answer::Ok(_))));
    assert_eq!(w.run.await.expect("it ended"), Ok(true));
    assert_eq!(protocol::connect(&w.places.agent_socket()).err(), Some(TalkError::NoAgent));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_ends_by_itself_but_not_while_somebody_uses_a_grant() {
    let w = world(Duration::from_millis(200)).await;
    let grant = Id::from_parts(Timestamp::from_millis(1), [1; 10]);
    let socket = w.places.agent_socket();
    let user = tokio::task::spawn_blocking(move || {
        let stream = protocol::connect(&socket).expect("connected");
        let used = protocol::ask_over(&stream, Verb::Use { grant, release: true });
        assert!(matches!(used, Ok(Answer::Ok(_))));
        stream
    });
    let stream = user.await.expect("a user");
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(!w.run.is_finished(), "somebody uses a grant");
    let done = tokio::task::spawn_blocking(move || protocol::done_over(&stream)).await.expect("asked");
    assert!(matches!(done, Ok(Answer::Ok(bytes)) if bytes.as_slice() == b"true"), "the last one is to release it");
    let ended = tokio::time::timeout(PATIENCE, w.run).await.expect("in time").expect("it ended");
    assert_eq!(ended, Ok(true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_question_is_refused_and_hurts_nobody() {
    let w = world(Duration::from_secs(60)).await;
    for line in
        ["", "\n", "GET / HTTP/1.1\r\n", "{}\n", "{\"v\":99,\"verb\":\"status\"}\n", "{\"v\":2,\"verb\":\"grow\"}\n"]
    {
        let mut stream = UnixStream::connect(w.places.agent_socket()).await.expect("connected");
        stream.write_all(line.as_bytes()).await.expect("said");
        stream.shutdown().await.expect("said");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.starts_with("no "), "{line:?}: {answer}");
    }
    let mut long = UnixStream::connect(w.places.agent_socket()).await.expect("connected");
    // It stops reading at its limit and answers; what is written after that goes nowhere.
    drop(long.write_all(&vec![b'x'; LONGEST_ASK + 1]).await);
    assert_eq!(w.status().await.held.len(), 0);
    w.run.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_config_there_is_no_broker_and_a_place_is_said_to_be_wrong() {
    let w = world(Duration::from_secs(60)).await;
    let missing = w.places.config.join("missing.toml");
    match w.ask(Verb::EnsureBroker { config: Some(missing) }).await {
        Ok(Answer::No(failure)) => assert_eq!(failure.about, crate::agent::CONFIG),
        _ => panic!("there is no such config"),
    }
    w.run.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_one_at_a_time_and_what_a_killed_one_left_is_no_hindrance() {
    let w = world(Duration::from_secs(60)).await;
    // Five seconds are for one that is just ending; this one stays.
    assert!(only_one(&w.places.runtime).await.expect("a lock").is_none());
    w.run.abort();
    drop(w.run.await);
    assert!(w.places.agent_socket().exists(), "as after a kill");
    let (ready, answers) = tokio::sync::oneshot::channel();
    let next = tokio::spawn(run(w.places.clone(), Duration::from_secs(60), || assert_eq!(ready.send(()), Ok(()))));
    answers.await.expect("the next one answers");
    next.abort();
}
