//! The answer as a person reads it, to the letter.

use serde_json::json;

use super::*;

#[test]
fn as_it_is_read() {
    let show =
        |diagnose: Diagnose, body: Value| diagnose.body(body.to_string().as_bytes()).to_string();
    assert_eq!(
        show(right(), genuine()),
        "the body verifies with key `production`"
    );
    assert_eq!(
        show(secret("cbs_of_the_sandbox"), genuine()),
        "\
the body does not verify, and nothing that was tried makes it fit; likeliest first:
1. perhaps: the key is another wallet's or environment's, or one that was replaced
   to do: compare wallet and environment (sandbox, production) with the cabinet, and look for a rotation; give the secret as text to find a slip in it
2. perhaps: key `production`: what was configured is the API's client_id and client_secret: v3 signs with a third secret, the callback secret
   to do: configure the callback secret that the web interface shows for callbacks; sandbox and production have one each
3. perhaps: what is signed was changed on the way, or forged
   to do: compare status, amount, tracking id and time with the JSON payload in the gateway's list of callbacks; if it is not there, it is forged"
    );
    assert_eq!(
        show(secret(&format!("{SECRET}\n")), repriced(&json!("0.412"), AMOUNT)),
        "\
the body does not verify:
1. key `production`: what was configured begins or ends with white space
   to do: trim the secret where it is read; a file often ends with a newline
2. `included[1].attributes.amount`: the amount was signed as `0.412000000000000000`
   to do: hand over the request's body untouched: no float, decimal type or database column may write the amount again"
    );
    let foreign = secret("cbs_of_the_sandbox");
    let diagnosis = show(foreign, resigned(str::to_uppercase));
    assert_eq!(
        diagnosis.lines().nth(1),
        Some("1. `meta.sign`: the signature is in upper case")
    );
    assert!(
        diagnosis.contains("\n2. perhaps: the key is another"),
        "{diagnosis}"
    );
    let mut twice = genuine().to_string();
    twice.insert_str(1, r#""meta":{},"#);
    let diagnosis = lettered().body(twice.as_bytes());
    assert_eq!(
        diagnosis.to_string().lines().nth(1),
        Some("1. `meta`: the key stands there twice")
    );
}

/// Which keys are tried, and nothing of them.
#[test]
fn debug_names_the_keys() {
    assert_eq!(
        format!("{:?}", secret(SECRET)),
        "Diagnose { tracking_ids: Prefixed, candidates: [Candidate { name: \"production\", .. }] }"
    );
}

/// What is quoted from the body or from a name can't break a line in two.
#[test]
fn what_is_quoted_is_escaped() {
    let body = renamed(&json!("a\nb "), "a\nb").to_string();
    let diagnosis = lettered()
        .secret("x\ny", &format!("{SECRET} "))
        .body(body.as_bytes());
    let lines: Vec<_> = diagnosis.to_string().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 5, "{diagnosis}");
    assert_eq!(
        lines[1],
        r"1. key `x\ny`: what was configured begins or ends with white space"
    );
    assert_eq!(
        lines[3],
        r"2. `data.attributes.tracking_id`: the tracking id was signed as `a\nb`"
    );
}

#[test]
fn every_cause_says_what_is_wrong_and_what_to_do() {
    for made in causes::all() {
        let (prose, hint) = (made.first.to_string(), made.first.hint());
        for text in [prose.as_str(), hint] {
            assert!(text.len() > 15 && text.len() < 200, "{text}");
            assert!(!text.ends_with('.') && !text.contains("  "), "{text}");
        }
    }
}
