//! What an ask's reviews must name: everything that bounds what the grant may be. A grant may only be less.

use jit_types::digest::Hasher;
use jit_types::{Digest, Span, Timestamp};

use super::{Ask, Request};

impl Request {
    /// What the reviews of a request's first ask must name.
    pub fn content_hash(&self, span: Span, start_by: Span, decide_by: Timestamp) -> Digest {
        let hasher = Hasher::new("jit content hash v1")
            .with("request", self.id.bytes())
            .with("requester", self.subject.bytes())
            .with("role", self.role.as_str())
            .with("revision", self.revision.0)
            .with("span", span.to_string())
            .with("start by", start_by.to_string())
            .with("decide by", decide_by.to_string())
            .with("worst-case end", decide_by.after(start_by).after(span).to_string())
            .with("swept", self.swept().to_string())
            .with("unswept", self.unswept().to_string())
            .with("claim key", self.claim_key_in_words())
            .with("reason", self.reason.digest.0);
        self.with_gives(hasher).finish()
    }

    /// What the reviews of an ask must name, as the request stands: an extension has a hash of its own, over the grant
    /// that it extends, the old end and the new one, and its own reason.
    pub fn hash_of(&self, ask: &Ask) -> Digest {
        let Some(extends) = ask.extends else {
            return self.content_hash(ask.span, ask.start_by, ask.decide_by);
        };
        let grant = self.grant.as_ref().map(|grant| grant.id.to_string()).unwrap_or_default();
        let hasher = Hasher::new("jit extension hash v1")
            .with("request", self.id.bytes())
            .with("ask", ask.id.bytes())
            .with("grant", grant)
            .with("requester", self.subject.bytes())
            .with("role", self.role.as_str())
            .with("revision", self.revision.0)
            .with("granted", extends.span.to_string())
            .with("old end", extends.end.to_string())
            .with("span", ask.span.to_string())
            .with("new end", ask.worst_end().to_string())
            .with("decide by", ask.decide_by.to_string())
            .with("swept", self.swept().to_string())
            .with("unswept", self.unswept().to_string())
            .with("claim key", self.claim_key_in_words())
            .with("reason", self.reason_of(ask).digest.0);
        self.with_gives(hasher).finish()
    }

    /// The claim key; or that there was none, which no key reads as: it is written in hexadecimal digits.
    fn claim_key_in_words(&self) -> &str {
        self.claim_key.as_deref().unwrap_or("set by the requester's first claim")
    }

    fn with_gives(&self, mut hasher: Hasher) -> Hasher {
        for (name, value) in &self.params {
            hasher = hasher.with("param", name.as_str()).with("value", value.to_string());
        }
        for gives in &self.gives {
            hasher = hasher
                .with("backend", gives.backend.as_str())
                .with("target", &gives.target)
                .with("scope", gives.scope.canonical())
                .with("gives", gives.capability.gives.as_str())
                .with("plants end", gives.capability.plants_end.to_string())
                .with("publishes", gives.capability.publishes.to_string())
                .with("proof", gives.capability.proof.to_string());
            for warning in &gives.capability.warnings {
                hasher = hasher.with("warning", warning.as_str());
            }
        }
        hasher
    }
}
