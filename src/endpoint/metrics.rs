//! Metrics of the crate `metrics`. Feature `metrics`; [`Endpoint`](super::Endpoint)
//! lists them; `no_metrics` replaces it
//! without the feature.

use std::sync::Once;
use std::time::{SystemTime, UNIX_EPOCH};

use ::metrics::{
    Label, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use super::notes::Notes;
use super::reply::Reply;

pub(super) const ARE_ON: bool = true;

const AGE: &str = "payhook_callback_age_seconds";
const CALLBACKS: &str = "payhook_callbacks_total";
const DURATION: &str = "payhook_callback_duration_seconds";
const HELD: &str = "payhook_held_total";
const LAST_ACCEPTED: &str = "payhook_last_accepted_timestamp_seconds";
const REVIEWS: &str = "payhook_reviews_total";

pub(super) fn record(gateway: &'static str, endpoint: &str, reply: &Reply, notes: &Notes) {
    static DESCRIBED: Once = Once::new();
    DESCRIBED.call_once(describe);

    let with = |more: &[(&'static str, &'static str)]| -> Vec<Label> {
        let of_endpoint = [
            Label::from_static_parts("gateway", gateway),
            Label::new("endpoint", endpoint.to_owned()),
        ];
        let more = more.iter();
        let more = more.map(|(name, value)| Label::from_static_parts(name, value));
        of_endpoint.into_iter().chain(more).collect()
    };
    let disposition = reply.disposition();
    let name = ("disposition", disposition.as_str());
    let error = ("error", disposition.error_label().unwrap_or_default());
    counter!(CALLBACKS, with(&[name, error])).increment(1);
    if reply.status() == 200 {
        let now = notes.received_at.duration_since(UNIX_EPOCH);
        gauge!(LAST_ACCEPTED, with(&[])).set(now.unwrap_or_default().as_secs_f64());
    }
    let duration = notes.started.elapsed();
    histogram!(DURATION, with(&[name])).record(duration.as_secs_f64());
    if let Some(time) = notes.time {
        // A clock that is behind the gateway's gives an age of zero.
        let age = notes.received_at.duration_since(SystemTime::from(time));
        histogram!(AGE, with(&[])).record(age.unwrap_or_default().as_secs_f64());
    }
    let Some(change) = reply.change() else {
        return;
    };
    for review in change.reviews() {
        let reason = ("reason", review.reason().as_str());
        counter!(REVIEWS, with(&[reason])).increment(1);
    }
    if notes.holds_more {
        counter!(HELD, with(&[])).increment(1);
    }
}

/// Once, when the first callback is received: a program installs its recorder before.
fn describe() {
    describe_counter!(CALLBACKS, "Requests to an endpoint, by result.");
    describe_histogram!(
        DURATION,
        Unit::Seconds,
        "Time from a request to its response."
    );
    describe_histogram!(
        AGE,
        Unit::Seconds,
        "Age of a verified callback when it is received, by its signed time."
    );
    describe_counter!(
        HELD,
        "Callbacks that increased the held money of their payment."
    );
    describe_gauge!(
        LAST_ACCEPTED,
        Unit::Seconds,
        "Unix time of the last callback that was answered with 200."
    );
    describe_counter!(REVIEWS, "Reports for manual review, by reason.");
}
