//! What the rules refuse is in the record, and the record can't be filled with it.

use aws_lc_rs::signature::KeyPair as _;
use jit_engine::Error;
use jit_engine::service::refusals::MOST;
use jit_engine::service::{ClaimOrder, claim_message};
use jit_engine::store::{AnswerKey, LogQuery};
use jit_life::{RefusedKind, Verdict};
use jit_types::{Digest, Material, Span};

use crate::kit::people::{key, person};
use crate::kit::{World, span};

const YES: Verdict = Verdict::Approve { span: None };

fn kind<T>(result: Result<T, Error>) -> RefusedKind {
    match result {
        Err(Error::Refused(refused)) => refused.kind,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was done"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_by_a_rule_is_recorded() {
    let world = World::new().await;
    let house = &world.house;
    let mallory = world.caller("mallory").await;
    let alice = world.caller("alice").await;
    let request = world.file("alice", "db", "1h").await;
    let quick = world.file("alice", "quick", "1h").await.id;
    let refused = async |kind: &str| world.told(kind, "refused").await;

    // May request.
    assert_eq!(kind(world.try_file("mallory", "db", Some("1h")).await), RefusedKind::NotFound);
    assert_eq!(refused("request.filed").await.len(), 1);
    assert_eq!(refused("request.filed").await[0]["actor"], mallory.subject.to_string());
    assert_eq!(refused("request.filed").await[0]["role"], "db");
    let wish = World::wish("db", None, "INC-1");
    assert_eq!(kind(house.plan(&mallory, &wish).await), RefusedKind::NotFound);
    assert_eq!(refused("request.planned").await.len(), 1);

    // May decide: an outsider, root, and the requester (who is among the approvers; recorded by the step).
    assert_eq!(kind(world.decide("mallory", &request, YES).await), RefusedKind::NotFound);
    let root = jit_life::policy::Caller { superuser: true, ..world.caller("bob").await };
    let hash = request.asks[0].hash;
    assert_eq!(kind(house.decide(&root, request.id, hash, YES, None, None).await), RefusedKind::Denied);
    assert_eq!(kind(world.decide("alice", &request, YES).await), RefusedKind::Denied);
    let nowhere = house.draw_id().expect("an id");
    assert_eq!(kind(house.decide(&mallory, nowhere, hash, YES, None, None).await), RefusedKind::NotFound);
    let told = refused("ask.decided").await;
    assert_eq!(told.len(), 4);
    assert!(told[..3].iter().all(|leaf| leaf["request"] == request.id.to_string()), "{told:?}");

    // May claim: a foreign person, a foreign key, another entitlement than the one that was signed.
    assert_eq!(kind(world.claim("mallory", quick, "n").await), RefusedKind::NotFound);
    for (signer, signed) in [("bob", 0), ("alice", 1)] {
        let message = claim_message(house.id(), quick, signed, &Material::None.digest(), "n");
        let signature = key(signer).sign(&message);
        let answer = AnswerKey { key: Digest::of(signer.as_bytes()), body: Digest::of(b"") };
        let material = Material::None;
        let signature = signature.as_ref();
        let order = ClaimOrder { request: quick, entitlement: 0, material, signature, key: None, nonce: "n", answer };
        assert_eq!(kind(house.claim(&alice, order).await), RefusedKind::Denied);
    }
    let mut rules = (*house.rules()).clone();
    rules.people.get_mut(&person("alice")).expect("Alice").groups.clear();
    let before = house.rules();
    house.set_rules(rules);
    assert_eq!(kind(world.claim("alice", quick, "n").await), RefusedKind::Denied);
    house.set_rules((*before).clone());
    assert_eq!(refused("claim.intended").await.len(), 4);
    assert_eq!(world.shop.calls().issue, 0);

    // May administer, and what is others'.
    assert_eq!(kind(house.revoke(&alice, quick, "why", None).await), RefusedKind::NotFound);
    assert_eq!(refused("grant.revoked").await.len(), 1);
    assert_eq!(kind(world.release("mallory", quick).await), RefusedKind::NotFound);
    assert_eq!(refused("grant.released").await.len(), 1);
    assert_eq!(kind(house.cancel(&mallory, request.id, None).await), RefusedKind::NotFound);
    assert_eq!(refused("request.cancelled").await.len(), 1);
    let bob = person("bob");
    let token = house.create_token(&alice, Some(&bob), "ci", None, span("1d"), None).await;
    assert_eq!(kind(token), RefusedKind::NotFound);
    assert_eq!(refused("token.created").await.len(), 1);
    assert_eq!(kind(house.revoke_token(&alice, house.draw_id().expect("an id")).await), RefusedKind::NotFound);
    assert_eq!(refused("token.revoked").await.len(), 1);
    assert_eq!(kind(house.export(&alice, false, Vec::new()).await), RefusedKind::NotFound);
    assert_eq!(refused("audit.exported").await.len(), 1);
    assert_eq!(kind(house.may_diagnose(&alice).await), RefusedKind::NotFound);
    assert_eq!(refused("house.diagnosed").await.len(), 1);
    assert!(house.may_diagnose(&world.caller("ada").await).await.is_ok());
    let others = LogQuery { subject: Some(mallory.subject), ..Default::default() };
    assert_eq!(house.read_log(&alice, others).await.map(|read| read.len()).ok(), Some(0));
    assert_eq!(refused("log.read").await.len(), 1);
    world.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_can_not_be_filled_with_refusals() {
    let world = World::new().await;
    let request = world.file("alice", "db", "1h").await;
    let before = world.leaves().await.len();
    // Before a step and by a step: both are counted together.
    for _ in 0..200 {
        let _ = world.try_file("mallory", "db", None).await;
        let _ = world.decide("alice", &request, YES).await;
    }
    let most = MOST as usize;
    assert_eq!(world.leaves().await.len() - before, 2 * (most + 1));
    assert_eq!(world.told("request.filed", "refused").await.len(), most);
    assert_eq!(world.told("ask.decided", "refused").await.len(), most);
    assert_eq!(world.told("refusals.left_out", "refused").await.len(), 2);
    // What is done is always recorded, and the next minute says how many were left out.
    world.decide("bob", &request, YES).await.expect("approved");
    assert_eq!(world.told("ask.approved", "done").await.len(), 1);
    world.clock.advance(Span::from_secs(60));
    let _ = world.try_file("mallory", "db", None).await;
    let last = world.told("request.filed", "refused").await.pop().expect("one more");
    assert_eq!(last["fields"]["left_out"], 200 - i64::from(MOST));
    world.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_key_is_checked() {
    let world = World::new().await;
    let alice = world.caller("alice").await;
    let good = hex::encode(key("alice").public_key().as_ref());
    for bad in ["", "00", &good.to_uppercase(), &format!("{good}0"), &good.replace(&good[..1], "g")] {
        let refused = world.house.file(&alice, &World::wish("db", None, "x"), bad, None).await;
        assert_eq!(kind(refused), RefusedKind::Invalid, "{bad}");
    }
}
