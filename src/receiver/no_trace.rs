//! What stands in for `trace` without the feature `tracing`: nothing.

use super::Reply;
use crate::event::{Event, Gateway};

pub(super) struct Trace;

#[allow(clippy::unused_self, reason = "as its twin has it")]
impl Trace {
    pub(super) fn new(_: Gateway, _: &str) -> Self {
        Self
    }

    pub(super) fn proven(&self, _: &Event<'_>) {}

    pub(super) fn inside<T>(&self, flow: impl FnOnce() -> T) -> T {
        flow()
    }

    pub(super) fn around<F: Future>(&self, flow: F) -> F {
        flow
    }

    pub(super) fn end(&self, reply: Reply) -> Reply {
        reply
    }
}
