//! Answers that are kept under their idempotency keys: who asks again is answered again.

use jit_life::{Refused, Reply};
use jit_types::Timestamp;

use super::super::{AnswerKey, StoreError};
use super::batch::Batch;

/// What is kept of an answer given before.
pub(super) struct Kept {
    pub(super) body: String,
    pub(super) reply: String,
    pub(super) extra: Option<String>,
}

/// An answer to keep.
pub(super) struct NewAnswer {
    pub(super) answer: AnswerKey,
    pub(super) reply: String,
    pub(super) at: Timestamp,
}

/// A reply given before, and what was kept besides.
type Given = (Result<Reply, Refused>, Option<String>);

impl Batch {
    /// The answer that was given under a key, where it was given to the same question.
    pub(super) fn given(&self, answer: Option<&AnswerKey>) -> Result<Option<Given>, StoreError> {
        let Some(answer) = answer else { return Ok(None) };
        let Some(kept) = self.answers.get(&answer.key.to_string()) else { return Ok(None) };
        if kept.body != answer.body.to_string() {
            return Err(StoreError::KeyReused);
        }
        let reply = serde_json::from_str(&kept.reply).map_err(|_| StoreError::Damaged("an answer".to_owned()))?;
        Ok(Some((reply, kept.extra.clone())))
    }

    /// Keeps an answer, also for what comes later in this batch.
    pub(super) fn keep(&mut self, answer: Option<AnswerKey>, reply: &Result<Reply, Refused>, at: Timestamp) {
        if let Some(answer) = answer
            && let Ok(text) = serde_json::to_string(reply)
        {
            let kept = Kept { body: answer.body.to_string(), reply: text.clone(), extra: None };
            self.answers.insert(answer.key.to_string(), kept);
            self.new_answers.push(NewAnswer { answer, reply: text, at });
        }
    }
}
