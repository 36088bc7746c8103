//! [`Notes`]: facts about a body while it is processed.

use std::time::{Instant, SystemTime};

use chrono::{DateTime, Utc};

use super::receipt::Receipt;

/// The facts about the body that are known so far.
pub(super) struct Notes {
    pub(super) received_at: SystemTime,
    pub(super) started: Instant,
    /// The time of the callback, if it is proven.
    pub(super) time: Option<DateTime<Utc>>,
    /// Whether the callback increased the held money of its payment.
    pub(super) holds_more: bool,
    pub(super) receipt: Option<Box<Receipt>>,
}
