//! Jumps of the clock, forward and back.

use jit_engine::Clock as _;
use jit_types::Span;

use super::clock::TestClock;

impl TestClock {
    pub(crate) fn advance(&self, span: Span) {
        self.set(self.now().after(span));
    }

    pub(crate) fn back(&self, span: Span) {
        self.set(self.now().before(span));
    }
}
