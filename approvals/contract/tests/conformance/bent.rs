//! What a bad adapter makes of a decision on its way to the desk, and of the answer on its way back.

use std::sync::atomic::Ordering;

use jit_approval::testkit::desk::NOT_FOUND;
use jit_approval::{Action, BoxFuture, Decision, Desk, Identity, Outcome, Planned, Verdict, Wish};
use jit_types::Words;

use crate::bad::{Bad, Defect};

pub(crate) struct Bent<'b> {
    pub(crate) bad: &'b Bad,
    pub(crate) desk: &'b dyn Desk,
}

impl Bent<'_> {
    fn bend(&self, decision: &mut Decision) {
        let memory = &self.bad.memory;
        let told = memory.told.lock().expect("unpoisoned").clone();
        match self.bad.defect {
            Defect::ApprovesForAllThatWasAsked => {
                if let Verdict::Approve { span } = &mut decision.verdict {
                    *span = None;
                }
            }
            Defect::TogglesOnASecondPress => {
                let mut pressed = memory.pressed.lock().expect("unpoisoned");
                let this = (decision.ask, decision.by.clone());
                if pressed.contains(&this) {
                    decision.verdict = Verdict::Deny;
                }
                pressed.push(this);
            }
            Defect::DecidesTheLastAnnounced => {
                if let Some((ask, hash)) = *memory.last.lock().expect("unpoisoned") {
                    (decision.ask, decision.hash) = (ask, hash);
                }
            }
            Defect::LooksTheHashUp => {
                if let Some(hash) = memory.hashes.lock().expect("unpoisoned").get(&decision.ask) {
                    decision.hash = *hash;
                }
            }
            Defect::DecidesWhatTheHashNames => {
                if let Some(ask) = memory.by_hash.lock().expect("unpoisoned").get(&decision.hash) {
                    decision.ask = *ask;
                }
            }
            Defect::TakesTheUnknownForTheFirst => {
                if let (false, Some(first)) = (told.contains(&decision.by), told.first()) {
                    decision.by = first.clone();
                }
            }
            Defect::CutsTheIdentity => decision.by.name.truncate("T1/UALICE".len()),
            Defect::KeepsTheLinkAsEvidence => decision.evidence.push(("link".to_owned(), decision.by.name.clone())),
            _ => {}
        }
    }

    async fn handed_in(&self, decision: &Decision) -> Outcome {
        let (bad, memory) = (self.bad, &self.bad.memory);
        let mut decision = decision.clone();
        self.bend(&mut decision);
        if bad.is(Defect::ForgetsPressesOnARestart) {
            let mut seen = memory.seen.lock().expect("unpoisoned");
            if seen.contains(&decision) {
                return Outcome { done: false, words: Words::new(""), standing: None };
            }
            seen.push(decision.clone());
        }
        if bad.is(Defect::DropsWhileBusy) && memory.busy.swap(1, Ordering::SeqCst) == 1 {
            return Outcome { done: true, words: Words::new("noted"), standing: None };
        }
        let mut outcome = self.desk.decide(&decision).await;
        memory.busy.store(0, Ordering::SeqCst);
        let told = memory.told.lock().expect("unpoisoned").clone();
        match bad.defect {
            Defect::ForgetsPressesOnARestart if outcome.words.as_str().contains("you have decided already") => {
                for by in [("fake", "T1/UCAROL"), ("fake", "T1/UBOB")] {
                    decision.by.channel = by.0.to_owned();
                    decision.by.name = by.1.to_owned();
                    outcome = self.desk.decide(&decision).await;
                    if outcome.done {
                        break;
                    }
                }
            }
            Defect::CheersWhateverComes if outcome.words.as_str().contains("closed already") => {
                outcome.words = Words::new("approved");
            }
            Defect::TrustsTheAnnouncement if outcome.words.as_str() == NOT_FOUND && told.contains(&decision.by) => {
                outcome.words = Words::new("approved");
            }
            Defect::ExplainsToStrangers if outcome.words.as_str() == NOT_FOUND => {
                outcome.words = Words::new(format!("{NOT_FOUND}: db-read is for others to decide"));
            }
            _ => {}
        }
        outcome
    }
}

impl Desk for Bent<'_> {
    fn decide<'a>(&'a self, decision: &'a Decision) -> BoxFuture<'a, Outcome> {
        Box::pin(self.handed_in(decision))
    }

    fn act<'a>(&'a self, action: &'a Action) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let outcome = self.desk.act(action).await;
            if outcome.done || !self.bad.is(Defect::CommandsForTheRequester) {
                return outcome;
            }
            let by = Identity::new("fake", "T1/UALICE");
            self.desk.act(&Action { by, ..action.clone() }).await
        })
    }

    fn plan<'a>(&'a self, wish: &'a Wish) -> BoxFuture<'a, Result<Planned, Outcome>> {
        Box::pin(async move {
            let mut wish = wish.clone();
            if self.bad.is(Defect::ShowsAnotherPlan) {
                wish.span = None;
            }
            self.desk.plan(&wish).await
        })
    }

    fn file<'a>(&'a self, wish: &'a Wish) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let mut wish = wish.clone();
            match self.bad.defect {
                Defect::FilesForAnotherTime => wish.span = None,
                Defect::NewKeyForEachDelivery => {
                    wish.key.push_str(&self.bad.memory.count.fetch_add(1, Ordering::SeqCst).to_string());
                    wish.key.push_str(&format!("{:p}", std::sync::Arc::as_ptr(&self.bad.memory)));
                }
                Defect::ReadsTheFirstLineOnly => {
                    wish.reason = wish.reason.lines().next().unwrap_or_default().to_owned();
                }
                _ => {}
            }
            self.desk.file(&wish).await
        })
    }
}
