//! The empty replacement of `trace` without the feature `tracing`.

use super::reply::Reply;
use crate::event::Event;

#[derive(Debug)]
pub(crate) struct Trace;

#[allow(clippy::unused_self, reason = "as its twin has it")]
impl Trace {
    pub(crate) fn new(_: &'static str, _: &str) -> Self {
        Self
    }

    pub(crate) fn verified(&self, _: &Event<'_>) {}

    pub(crate) fn around<F: Future>(&self, flow: F) -> F {
        flow
    }

    pub(crate) fn end(&self, _: &Reply) {}
}
