//! Claiming: the signature, the durable intent, the backend, the answer.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use jit_backend::{Backend, ErrorKind, Issued, Order};
use jit_life::policy::{self, Caller, MayUse, Resolved};
use jit_life::step::Take;
use jit_life::{ClaimStatus, Command, Refused, RefusedKind, Reply, Request};
use jit_types::{ClaimId, Digest, Form, HouseId, Material, RequestId, Span, Window, Words};

use super::file::is_claim_key;
use super::refusals::Attempt;
use super::{With, to_its_end};
use crate::error::Error;
use crate::failpoints::hit;
use crate::house::House;
use crate::store::AnswerKey;

/// How long a target may take to carry out an order.
pub const PATIENCE: Span = Span::from_secs(30);

/// One claim, as it came.
pub struct ClaimOrder<'a> {
    /// Of which request.
    pub request: RequestId,
    /// Of which entitlement.
    pub entitlement: u16,
    /// With which material.
    pub material: Material,
    /// Ed25519 over [`claim_message`], made with the claim key.
    pub signature: &'a [u8],
    /// The claim key, for a request that has none yet; where it has one, only that counts.
    pub key: Option<&'a str>,
    /// The client's idempotency key: it is signed, so that a recorded claim can only ever give the same answer.
    pub nonce: &'a str,
    /// The key of the answer.
    pub answer: AnswerKey,
}

/// What a claim gives.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The claim.
    pub claim: ClaimId,
    /// The credential.
    pub form: Form,
    /// When it may be used.
    pub window: Window,
    /// The request as it stands now.
    pub request: Request,
}

/// The exact bytes that a claim's signature is over: one line each, so that no two claims read the same.
pub fn claim_message(house: HouseId, request: RequestId, entitlement: u16, material: &Digest, nonce: &str) -> Vec<u8> {
    format!("jit claim v1\n{house}\n{request}\n{entitlement}\n{material}\n{nonce}\n").into_bytes()
}

impl House {
    /// Takes one entitlement's credential. The intent is durable before the backend is called, and the backend's answer
    /// is kept even when the caller has gone away meanwhile.
    ///
    /// # Errors
    /// What the rules refuse; what the backend says; a store that can't be used.
    pub async fn claim(self: &Arc<Self>, caller: &Caller, order: ClaimOrder<'_>) -> Result<Claimed, Error> {
        let request = match self.store().request(order.request).await? {
            Some(own) if own.subject == caller.subject && self.may_see(caller, &own) => own,
            found => {
                let attempt = Attempt::on("claim.intended", found.as_ref());
                return Err(self.refuse(caller, attempt, Refused::not_found("grant")).await);
            }
        };
        // Once its intent is durable, its backend can't be taken away.
        let gate = self.gate.read().await;
        let (right, claim_key) = match self.may_claim(caller, &request, &order) {
            Ok(may) => may,
            Err(refused) => {
                return Err(self.refuse(caller, Attempt::on("claim.intended", Some(&request)), refused).await);
            }
        };
        // Held from here on: a name that becomes another target's meanwhile takes the order nowhere else.
        let gives = request.gives.get(usize::from(order.entitlement));
        let missing = || Words::new("there is no such entitlement");
        let backend = gives.ok_or_else(missing).and_then(|gives| self.pointing(gives, false));
        let material = order.material.digest();
        let claim: ClaimId = self.draw_id()?;
        let command = Command::Claim(Box::new(Take {
            claim,
            entitlement: order.entitlement,
            right,
            claim_key,
            material,
            patience: PATIENCE,
        }));
        let key = order.answer.key;
        let played = self.play(request.id, command, With { answer: Some(order.answer), ..Default::default() }).await?;
        drop(gate);
        let Reply::Claimed(claim) = played.reply? else { return Err(Refused::not_found("grant").into()) };
        let state = played.request.map(Arc::unwrap_or_clone).ok_or_else(|| Refused::not_found("grant"))?;
        if let Some(kept) = played.replayed {
            return self.again(state, claim, kept.as_deref());
        }
        let house = Arc::clone(self);
        // When the caller goes away, the answer is still taken down.
        to_its_end(async move { house.issue(state, claim, order.material, key, backend).await }).await
    }

    /// What must hold before anything is played: the signature, the kind of material, the right to use the role now. Whether
    /// a key may be set by this claim is the step's to say, which sees what others have claimed meanwhile.
    fn may_claim(
        &self,
        caller: &Caller,
        request: &Request,
        order: &ClaimOrder<'_>,
    ) -> Result<(MayUse, String), Refused> {
        let material = order.material.digest();
        let signed = claim_message(self.id(), request.id, order.entitlement, &material, order.nonce);
        let offered = order.key.filter(|key| is_claim_key(key));
        let Some(key) = request.claim_key.as_deref().or(offered) else {
            let message = "this request was filed over chat and has no claim key yet, and the claim brings none";
            return Err(Refused::new(RefusedKind::Denied, "claim_key", message)
                .hint("claim it with this version of jit, from your own account"));
        };
        if !verified(key, &signed, order.signature) {
            let message =
                "the claim is not signed with the key that this request was filed with, or first claimed with";
            return Err(Refused::new(RefusedKind::Denied, "signature", message)
                .hint("claim from the machine and account that filed it, or claimed it first; or ask anew"));
        }
        let gives = request.gives.get(usize::from(order.entitlement));
        if let Some(gives) = gives
            && gives.capability.material != order.material.kind()
        {
            let message = format!("this entitlement wants {:?} as material", gives.capability.material);
            return Err(Refused::new(RefusedKind::Invalid, "material", message));
        }
        let backends = |name: &_, scope: &_| self.promise(name, scope);
        let right = policy::may_use(&self.rules(), caller, &request.role, &request.params, &backends)?;
        Ok((right, key.to_owned()))
    }

    /// A claim that was answered before: the same answer.
    fn again(&self, request: Request, id: ClaimId, kept: Option<&str>) -> Result<Claimed, Error> {
        let window = request.grant.as_ref().and_then(|grant| grant.window);
        let usable = request.claim(id).is_some_and(|claim| matches!(claim.status, ClaimStatus::Usable { .. }));
        match (window, usable, kept.and_then(|text| serde_json::from_str(text).ok())) {
            (Some(window), true, Some(form)) => Ok(Claimed { claim: id, form, window, request }),
            _ => Err(Refused::new(RefusedKind::Conflict, "claim", "this claim was made before and is not usable now")
                .hint("claim again")
                .into()),
        }
    }

    async fn issue(
        self: Arc<Self>,
        state: Request,
        id: ClaimId,
        material: Material,
        key: Digest,
        backend: Result<Arc<dyn Backend>, Words>,
    ) -> Result<Claimed, Error> {
        let window = state.grant.as_ref().and_then(|grant| grant.window).ok_or_else(|| Refused::not_found("grant"))?;
        let (order, gives) = self.order(&state, id)?;
        if self.person(state.subject).as_ref() != Some(&order.person) {
            // Nothing is made for somebody whom nobody could name afterwards.
            let gone = "the record of who holds this claim is gone from the store of keys";
            return Err(Error::Unavailable(gone.to_owned()));
        }
        hit("claim.intended");
        let outcome = self.issue_in_time(backend, &order, &gives, &material).await;
        hit("claim.issued");
        let answer = match &outcome {
            Ok(issued) => Ok((issued.handle.clone(), issued.usable.clone())),
            Err(error) => Err(error.public.clone()),
        };
        // Kept in the same step, so that whoever asks again is told the same, or that it is not usable: nothing in between.
        let form = outcome.as_ref().ok().and_then(|issued| serde_json::to_string(&issued.form).ok());
        let with = With { keep: form.map(|form| (key, form)), ..With::default() };
        let played = self.play(state.id, Command::Issued { claim: id, outcome: answer }, with).await?;
        hit("claim.noted");
        let issued = outcome?;
        match played.reply? {
            Reply::Claimed(_) => {}
            Reply::Already(words) => return Err(Refused::new(RefusedKind::Lapsed, "grant", words.as_str()).into()),
            _ => {
                return Err(Refused::new(
                    RefusedKind::Conflict,
                    "claim",
                    "the claim was settled before it was answered",
                )
                .into());
            }
        }
        let request = played.request.map_or(state, Arc::unwrap_or_clone);
        Ok(Claimed { claim: id, form: issued.form, window, request })
    }

    async fn issue_in_time(
        &self,
        backend: Result<Arc<dyn Backend>, Words>,
        order: &Order,
        gives: &Resolved,
        material: &Material,
    ) -> Result<Issued, jit_backend::Error> {
        let backend = backend.map_err(|words| jit_backend::Error::new(ErrorKind::Misconfigured, words.as_str()))?;
        let left = order.deadline.since_millis(self.now());
        let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
        // The time to wait for the lane is the order's own: the target must not see an order that came too late.
        let lane = jit_life::request::lane(gives, order.claim);
        let issue = async {
            let _lane = self.lanes.enter(&lane).await;
            backend.issue(order, Some(material)).await
        };
        match tokio::time::timeout(left, issue).await {
            Ok(outcome) => outcome,
            Err(_) => Err(jit_backend::Error::new(
                ErrorKind::Unreachable,
                format!("`{}` did not answer in time", gives.backend),
            )),
        }
    }

    /// The order of a claim, rebuilt from what is stored. Whose claim it is may be known no more: that must not keep it from
    /// being unmade, and no backend derives what it unmakes from a person.
    pub(crate) fn order(&self, request: &Request, id: ClaimId) -> Result<(Order, Resolved), Error> {
        let missing = || Refused::not_found("claim");
        let grant = request.grant.as_ref().ok_or_else(missing)?;
        let claim = request.claim(id).ok_or_else(missing)?;
        let gives = request.entitlement(claim).ok_or_else(missing)?;
        let nobody = || request.subject.to_string().parse().map_err(|_| missing());
        let person = self.person(request.subject).map_or_else(nobody, Ok)?;
        let order = Order {
            house: self.id(),
            grant: grant.id,
            claim: id,
            entitlement: claim.entitlement,
            person,
            window: Window { start: claim.at, end: claim.end },
            deadline: claim.deadline,
            scope: gives.scope.clone(),
            material: claim.material,
        };
        Ok((order, gives.clone()))
    }
}

fn verified(key: &str, message: &[u8], signature: &[u8]) -> bool {
    let Ok(key) = hex::decode(key) else { return false };
    UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
}
