//! Good adapters of different media pass, and the trials that do not apply are exactly those expected.

use std::sync::Arc;

use jit_approval::testkit::{self, Fake, FakeHarness, FakeMedium, ScriptedDesk, Shape};
use jit_approval::{Adapter, Addressee, AskNotice, Identity, Notice, NoticeKey, SeenFirst, Standing, Verdict};
use jit_types::{AskId, Digest, RequestId, Span, Tail, Timestamp};

async fn passes(shape: Shape, without: &[&str]) {
    testkit::run(&FakeHarness::new(shape)).await.assert(without);
}

const NOT_SIGNED: [&str; 2] = ["forged_signature_is_refused", "old_signature_is_refused"];
const NO_LINKS: &str = "looking_never_decides";
const PATIENT: &str = "slow_house_is_waited_for";
const NO_COMMANDS: [&str; 5] = [
    "command_arrives_as_given",
    "request_is_planned_before_it_is_filed",
    "foreign_command_is_refused",
    "command_given_twice_is_harmless",
    "hostile_text_in_a_command",
];
const NO_SOCKET: &str = "listening_goes_on_after_a_cut";

#[tokio::test(start_paused = true)]
async fn one_like_a_chat() {
    passes(Shape::CHAT, &[NOT_SIGNED.as_slice(), &[NO_LINKS]].concat()).await;
}

#[tokio::test(start_paused = true)]
async fn one_like_a_webhook() {
    passes(Shape::HOOK, &[NO_LINKS, NO_SOCKET, PATIENT]).await;
}

#[tokio::test(start_paused = true)]
async fn one_like_mail() {
    let without = [
        NOT_SIGNED.as_slice(),
        &[NO_SOCKET, "message_follows", "self_over_another_principal", "stranger_learns_nothing"],
        &["lost_answer_is_not_doubled", PATIENT],
        &NO_COMMANDS,
    ];
    passes(Shape::MAIL, &without.concat()).await;
}

#[tokio::test(start_paused = true)]
async fn one_that_only_tells() {
    let harness = FakeHarness::new(Shape::FEED);
    let results = testkit::run(&harness).await;
    let missing = results.not_applicable();
    results.assert(&missing);
    // All that is about presses, and nothing else.
    let applied: Vec<_> = testkit::trial_names().into_iter().filter(|name| !missing.contains(name)).collect();
    let expected = [
        "capability_is_consistent",
        "says_what_a_decision_needs",
        "only_those_who_can_decide_are_told",
        "news_reaches_whom_it_is_for",
        "note_stands_beneath_its_message",
        "link_reaches_only_its_addressee",
        "message_is_reduced_at_the_end",
        "hostile_text_keeps_the_structure",
        "hostile_text_is_shown_harmlessly",
        "long_text_is_cut",
        "medium_down_then_up",
        "lost_answer_is_not_doubled",
        "slow_medium",
        "check_is_honest",
        "nothing_secret_is_kept",
    ];
    assert_eq!(applied, expected, "{results}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_ability_is_noticed() {
    let results = testkit::run(&FakeHarness::new(Shape::HOOK)).await;
    let said = results.expect(&[]).expect_err("trials did not apply");
    assert!(said.contains("`looking_never_decides` did not apply"), "{said}");
    let all: Vec<_> = results.trials.iter().map(|report| report.trial).collect();
    assert_eq!(all, testkit::trial_names());
}

#[tokio::test(start_paused = true)]
async fn a_button_can_be_pressed_by_hand() {
    let medium = FakeMedium::new(Shape::CHAT);
    let (fake, desk) = (Fake::new(medium.clone()), Arc::new(ScriptedDesk::new()));
    let notice = AskNotice {
        key: NoticeKey("one".to_owned()),
        ask: AskId::from_parts(Timestamp::EPOCH, [1; 10]),
        request: RequestId::from_parts(Timestamp::EPOCH, [2; 10]),
        hash: Digest::of(b"it"),
        to: vec![Addressee {
            person: "bob@example.com".parse().expect("a person"),
            names: vec!["T1/UBOB".to_owned()],
            link: None,
            seen: SeenFirst::default(),
        }],
        requester: "alice@example.com".parse().expect("a person"),
        role: "db-read".parse().expect("a role"),
        gives: Vec::new(),
        warnings: Vec::new(),
        params: Default::default(),
        span: Span::from_secs(3600),
        total: None,
        worst_end: Timestamp::EPOCH,
        swept: Tail::AtMost(Span::ZERO),
        unswept: Tail::AtMost(Span::ZERO),
        first: false,
        reason: None,
        decide_by: Timestamp::EPOCH,
        standing: Standing::Pending { have: 0, need: 1 },
    };
    let ask = notice.ask;
    fake.announce(&Notice::Ask(Box::new(notice))).await.expect("the medium is there");
    let listening = tokio::spawn({
        let (fake, desk) = (fake.clone(), desk.clone());
        async move { fake.listen(desk).await }
    });
    let by = Identity::new("fake", "T1/UBOB");
    let answer = medium.click(0, &by, Verdict::Deny).await.expect("there is such a button");
    let heard = desk.heard(&ask);
    listening.abort();
    assert_eq!(heard.len(), 1);
    assert_eq!((heard[0].decision.by.clone(), heard[0].decision.verdict), (by.clone(), Verdict::Deny));
    assert_eq!(answer.words, heard[0].outcome.words.as_str());
    assert_eq!(medium.click(7, &by, Verdict::Deny).await, None);
}
