//! Timestamps, compared with chrono's own parsers within the documented formats.
//!
//! Each line of the input is parsed on its own, and compared with the next.

use payhook::b2binpay::Callback;
use payhook::chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};
use payhook::citypay::OrderCallback;
use payhook::{Timestamp, Unverified};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Moment {
    Instant(DateTime<Utc>),
    Local(NaiveDateTime),
}

pub(crate) fn check(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let stamps: Vec<_> = text.split('\n').filter_map(read).collect();
    for pair in stamps.windows(2) {
        let [(a, left), (b, right)] = pair else {
            unreachable!("a window of two");
        };
        assert_eq!(a == b, left == right, "{a} and {b}");
    }
}

fn read(text: &str) -> Option<(Timestamp, Moment)> {
    let stamp = text.parse::<Timestamp>().ok();
    let reference = reference(text);
    assert_eq!(stamp.as_ref().map(moment), reference, "{text:?}");
    on_the_wire(text, reference);
    let (stamp, moment) = (stamp?, reference?);
    assert_eq!(stamp.as_str(), text);
    assert_eq!(stamp.to_string(), text);
    assert_eq!(
        serde_json::to_string(&stamp).unwrap(),
        format!("\"{text}\"")
    );
    for seconds in [0, 14_400, -43_200, 86_399, -86_399] {
        let zone = FixedOffset::east_opt(seconds).unwrap();
        let expected = match moment {
            Moment::Instant(instant) => Some(instant),
            Moment::Local(local) => local.checked_sub_offset(zone).map(|utc| utc.and_utc()),
        };
        assert_eq!(stamp.in_zone(zone), expected, "{text} at {zone}");
    }
    Some((stamp, moment))
}

fn moment(stamp: &Timestamp) -> Moment {
    match (stamp.utc(), stamp.local()) {
        (Some(instant), None) => Moment::Instant(instant),
        (None, Some(local)) => Moment::Local(local),
        both => panic!("{stamp} is {both:?}"),
    }
}

/// In a body: an incidental timestamp in any format, a signed one in its only format.
fn on_the_wire(text: &str, reference: Option<Moment>) {
    let json = serde_json::to_string(text).unwrap();
    if json.len() > 60_000 {
        return;
    }
    let milliseconds = is_number(text) && !text.starts_with('0');
    let spellings = [Some(json.as_str()), milliseconds.then_some(text)];
    for json in spellings.into_iter().flatten() {
        let body = format!(r#"{{"type":"order","order_token":"t","created_at":{json}}}"#);
        let order = Unverified::<OrderCallback>::parse(body.as_bytes()).unwrap();
        let order = order.into_unverified();
        assert_eq!(order.created_at().as_ref().map(moment), reference);
        let refused = reference.is_none() && !text.is_empty();
        assert_eq!(order.warnings().len(), usize::from(refused));
    }
    let body = format!(
        r#"{{"data":{{"type":"deposit","id":"1","attributes":{{"status":3}}}},"meta":{{"time":{json},"sign":"a"}}}}"#
    );
    let signed = Unverified::<Callback>::parse(body.as_bytes()).ok();
    let signed = signed.and_then(|callback| callback.into_unverified().time());
    let strict = reference.filter(|_| matches!(form(text), Some(Form::Rfc3339 { t: true })));
    assert_eq!(signed.as_ref().map(moment), strict, "{text:?}");
}

enum Form {
    Minutes,
    Seconds,
    Rfc3339 { t: bool },
    Milliseconds,
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The documented format of the text, by its shape alone.
fn form(text: &str) -> Option<Form> {
    let digit = |c: char| if c.is_ascii_digit() { 'd' } else { c };
    let shape: String = text.chars().map(digit).collect();
    if is_number(text) {
        return (12..=14)
            .contains(&text.len())
            .then_some(Form::Milliseconds);
    }
    let rest = shape.strip_prefix("dddd-dd-dd")?;
    let t = rest.starts_with('T');
    let rest = rest.strip_prefix(['T', ' '])?.strip_prefix("dd:dd")?;
    if rest.is_empty() {
        return Some(Form::Minutes);
    }
    let rest = rest.strip_prefix(":dd")?;
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches('d');
            (1..=9)
                .contains(&(fraction.len() - zone.len()))
                .then_some(zone)?
        }
        None => rest,
    };
    match zone {
        "" => Some(Form::Seconds),
        "Z" | "+dd:dd" | "-dd:dd" => Some(Form::Rfc3339 { t }),
        _ => None,
    }
}

fn reference(text: &str) -> Option<Moment> {
    const LOCAL: &str = "%Y-%m-%dT%H:%M:%S%.f";

    let form = form(text)?;
    let iso = text.replacen(' ', "T", 1);
    // chrono accepts a leap second here; the gateways do not send any.
    if matches!(form, Form::Seconds | Form::Rfc3339 { .. }) && text.get(17..19) == Some("60") {
        return None;
    }
    match form {
        Form::Minutes => NaiveDateTime::parse_from_str(&(iso + ":00"), LOCAL)
            .ok()
            .map(Moment::Local),
        Form::Seconds => NaiveDateTime::parse_from_str(&iso, LOCAL)
            .ok()
            .map(Moment::Local),
        Form::Rfc3339 { .. } => DateTime::parse_from_rfc3339(&iso)
            .ok()
            .map(|stamp| Moment::Instant(stamp.to_utc())),
        Form::Milliseconds => {
            DateTime::from_timestamp_millis(text.parse().unwrap()).map(Moment::Instant)
        }
    }
}
