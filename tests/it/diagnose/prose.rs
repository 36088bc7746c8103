//! The exact text of a diagnosis.

use serde_json::json;

use super::*;

#[test]
fn the_text_of_a_diagnosis() {
    let show =
        |diagnose: Diagnose, body: Value| diagnose.body(body.to_string().as_bytes()).to_string();
    assert_eq!(
        show(right(), genuine()),
        "the body verifies with key `production`"
    );
    assert_eq!(
        show(secret("cbs_of_the_sandbox"), genuine()),
        "\
the body does not verify, and no attempted fix makes the signature match; most likely causes first:
1. perhaps: the key belongs to a different wallet or environment, or was replaced
   to do: check whether it verifies other callbacks: then this one was changed; if not, compare wallet and environment with the dashboard; give the secret itself to detect a typo in it
2. perhaps: the signed fields were changed in transit or forged
   to do: compare status, amount, tracking id and time with the JSON payload in the dashboard's list of callbacks; a callback that is not listed is forged
3. perhaps: key `production`: the configured values are the API's client_id and client_secret: v3 signs with a third secret, the callback secret
   to do: configure the callback secret shown in the dashboard; sandbox and production have one each"
    );
    assert_eq!(
        show(secret(&format!("{SECRET}\n")), repriced(&json!("0.412"), AMOUNT)),
        "\
the body does not verify:
1. key `production`: the configured value has leading or trailing whitespace
   to do: trim the secret when reading it: files often end with a newline
2. `included[1].attributes.amount`: the amount was signed as `0.412000000000000000`
   to do: pass the request body unmodified: no float type, decimal type or database column may reformat the amount"
    );
    let foreign = secret("cbs_of_the_sandbox");
    let diagnosis = show(foreign, resigned(str::to_uppercase));
    assert_eq!(
        diagnosis.lines().nth(1),
        Some("1. `meta.sign`: the signature is in upper case")
    );
    assert!(
        diagnosis.contains("\n2. perhaps: the key belongs"),
        "{diagnosis}"
    );
    let mut twice = genuine().to_string();
    twice.insert_str(1, r#""meta":{},"#);
    let diagnosis = prefixed().body(twice.as_bytes());
    assert_eq!(
        diagnosis.to_string().lines().nth(1),
        Some("1. `meta`: duplicate key")
    );
}

/// The keys that are tried, without any part of them.
#[test]
fn debug_names_the_keys() {
    assert_eq!(
        format!("{:?}", secret(SECRET)),
        "Diagnose { tracking_ids: Prefixed, candidates: [Candidate { name: \"production\", .. }] }"
    );
}

/// Quotations from the body or from a name cannot break a line.
#[test]
fn quotations_are_escaped() {
    let body = renamed(&json!("a\nb "), "a\nb").to_string();
    let diagnosis = prefixed()
        .secret("x\ny", &format!("{SECRET} "))
        .body(body.as_bytes());
    let lines: Vec<_> = diagnosis.to_string().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 5, "{diagnosis}");
    assert_eq!(
        lines[1],
        r"1. key `x\ny`: the configured value has leading or trailing whitespace"
    );
    assert_eq!(
        lines[3],
        r"2. `data.attributes.tracking_id`: the tracking id was signed as `a\nb`"
    );
}

#[test]
fn every_cause_has_a_problem_and_a_remedy() {
    for made in causes::all() {
        let (prose, hint) = (made.first.to_string(), made.first.hint());
        for text in [prose.as_str(), hint] {
            assert!(text.len() > 15 && text.len() < 200, "{text}");
            assert!(!text.ends_with('.') && !text.contains("  "), "{text}");
        }
    }
}
