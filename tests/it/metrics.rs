//! The values that a metrics recorder receives.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use payhook::b2binpay::{self, TrackingIds};
use payhook::chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use payhook::payment::Expected;
use payhook::{Endpoint, MemoryLedger};
use serde_json::json;

use crate::support::{body, signed, verifier, with_transfer};

type Values = Arc<Mutex<BTreeMap<String, Vec<f64>>>>;

/// Keeps each value by the metric's name and labels.
#[derive(Clone, Default)]
struct Kept(Values);

struct Metric(String, Values);

impl Metric {
    fn add(&self, value: f64) {
        let mut values = self.1.lock().unwrap();
        values.entry(self.0.clone()).or_default().push(value);
    }
}

impl CounterFn for Metric {
    fn increment(&self, value: u64) {
        assert_eq!(value, 1);
        self.add(1.0);
    }

    fn absolute(&self, _: u64) {
        panic!("a counter is incremented");
    }
}

impl GaugeFn for Metric {
    fn increment(&self, _: f64) {
        panic!("a gauge is set");
    }

    fn decrement(&self, _: f64) {
        panic!("a gauge is set");
    }

    fn set(&self, value: f64) {
        self.add(value);
    }
}

impl HistogramFn for Metric {
    fn record(&self, value: f64) {
        self.add(value);
    }
}

impl Kept {
    fn metric(&self, key: &Key) -> Arc<Metric> {
        let labels = key.labels().filter(|label| !label.value().is_empty());
        let labels: Vec<_> = labels
            .map(|label| format!("{}={}", label.key(), label.value()))
            .collect();
        let name = format!("{} {}", key.name(), labels.join(" "));
        Arc::new(Metric(name, Arc::clone(&self.0)))
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.metric(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.metric(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.metric(key))
    }
}

#[test]
fn callbacks_reviews_held_money_and_times() {
    let ledger = MemoryLedger::new();
    ledger.expect(Expected::deposit("order-9001", "ETH", "0.4".parse().unwrap()).unwrap());
    let gateway = b2binpay::Gateway::new(verifier(TrackingIds::Prefixed));
    let endpoint = Endpoint::new(gateway, ledger).namespace("eur");
    let kept = Kept::default();
    metrics::with_local_recorder(&kept, || {
        for file in [
            "b2binpay-deposit-confirmed.json",
            "b2binpay-deposit-confirmed.json",
            "b2binpay-refused-tampered.json",
            "b2binpay-refused-not-json.json",
        ] {
            drop(endpoint.receive_blocking(&body(file), None));
        }
    });
    let values = kept.0.lock().unwrap();
    let counts: BTreeMap<_, _> = values
        .iter()
        .map(|(name, values)| (&**name, values.len()))
        .collect();
    let of = "gateway=b2binpay endpoint=eur";
    let expected = [
        // Only the two verified ones have a proven time.
        (format!("payhook_callback_age_seconds {of}"), 2),
        (
            format!("payhook_callback_duration_seconds {of} disposition=applied"),
            2,
        ),
        (
            format!("payhook_callback_duration_seconds {of} disposition=malformed"),
            1,
        ),
        (
            format!("payhook_callback_duration_seconds {of} disposition=rejected"),
            1,
        ),
        (
            format!("payhook_callbacks_total {of} disposition=applied"),
            2,
        ),
        (
            format!("payhook_callbacks_total {of} disposition=malformed error=reencoded"),
            1,
        ),
        (
            format!("payhook_callbacks_total {of} disposition=rejected error=signature_mismatch"),
            1,
        ),
        // The copy holds nothing more, and reports nothing new.
        (format!("payhook_held_total {of}"), 1),
        (format!("payhook_last_accepted_timestamp_seconds {of}"), 2),
        (format!("payhook_reviews_total {of} reason=overpaid"), 1),
    ];
    let expected: BTreeMap<_, _> = expected.iter().map(|(name, n)| (&**name, *n)).collect();
    assert_eq!(counts, expected);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let last = &values[&format!("payhook_last_accepted_timestamp_seconds {of}")];
    let ages_of_signed_callbacks = last.iter().map(|last| now.as_secs_f64() - last);
    assert!(
        ages_of_signed_callbacks
            .clone()
            .all(|age| (0.0..60.0).contains(&age)),
        "{last:?}"
    );
    let durations = values
        .iter()
        .filter(|(name, _)| name.starts_with("payhook_callback_duration"));
    for (name, values) in durations {
        assert!(
            values.iter().all(|value| (0.0..60.0).contains(value)),
            "{name} {values:?}"
        );
    }
}

/// The age is computed from the signed time; a time in the future counts as now.
#[test]
fn ages_of_signed_callbacks() {
    let endpoint = Endpoint::new(
        b2binpay::Gateway::new(verifier(TrackingIds::Prefixed)),
        MemoryLedger::new(),
    );
    for (seconds, ages_of_signed_callbacks) in [(-90, 90.0..150.0), (3_600, 0.0..1e-9)] {
        let time = DateTime::<Utc>::from(SystemTime::now()) + TimeDelta::seconds(seconds);
        let time = time.to_rfc3339_opts(SecondsFormat::Micros, true);
        let mut body = with_transfer("deposit", "order-1", "0.5");
        body["meta"]["time"] = json!(time);
        let body = signed(body, &format!("20.5order-1{time}")).to_string();
        let kept = Kept::default();
        metrics::with_local_recorder(&kept, || {
            assert_eq!(
                endpoint.receive_blocking(body.as_bytes(), None).status(),
                200
            );
        });
        let values = kept.0.lock().unwrap();
        let age = &values["payhook_callback_age_seconds gateway=b2binpay"];
        assert!(
            age.len() == 1 && ages_of_signed_callbacks.contains(&age[0]),
            "{age:?}"
        );
    }
}
