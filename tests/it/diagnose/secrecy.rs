//! No output contains a secret, or a digit of a signature.

use std::fmt::Write;

use super::*;

/// All outputs of a diagnosis and of its inputs.
fn shown(diagnose: &Diagnose, body: &[u8]) -> String {
    let diagnosis = diagnose.body(body);
    let mut shown =
        format!("{diagnose:?}{diagnose:#?}{diagnosis}{diagnosis:#}{diagnosis:?}{diagnosis:#?}");
    for finding in diagnosis.causes() {
        let cause = finding.cause();
        write!(
            shown,
            "{finding}{finding:#}{finding:?}{finding:#?}{cause}{cause:#}{cause:?}{cause:#?}"
        )
        .unwrap();
        shown += finding.hint();
        shown += finding.path().unwrap_or_default();
        shown += finding.candidate().unwrap_or_default();
    }
    shown.to_lowercase()
}

/// The secrets in every encoding that is tried, and the keys made from them.
fn marks() -> Vec<String> {
    let texts = [
        SECRET.to_owned(),
        LOGIN.to_owned(),
        PASSWORD.to_owned(),
        format!("{LOGIN}{PASSWORD}"),
        format!("{PASSWORD}{LOGIN}"),
        format!("{LOGIN}:{PASSWORD}"),
    ];
    let encoded = |text: &String| {
        let bytes = text.as_bytes();
        let digest = sha256(text);
        [
            text.clone(),
            hex(bytes),
            base64(bytes),
            hex(&digest),
            base64(&digest),
            format!("{digest:?}"),
            format!("{bytes:?}"),
        ]
    };
    texts.iter().flat_map(encoded).collect()
}

#[test]
fn no_secret_and_no_signature_is_shown() {
    for made in causes::all() {
        let shown = shown(&made.diagnose, &made.body);
        let text = String::from_utf8_lossy(&made.body);
        let signatures = text.split(['"', '\\']).filter(|part| {
            let digits = part.trim_start_matches("0x").trim_start_matches("sha256=");
            digits.len() >= 31 && digits.trim().bytes().all(|b| b.is_ascii_hexdigit())
        });
        // The signature of the genuine values, whatever the body contains.
        let valid = genuine()["meta"]["sign"].as_str().unwrap().to_owned();
        let marks = marks().into_iter().chain([valid]);
        for mark in marks.chain(signatures.map(str::to_owned)) {
            let mark = mark.to_lowercase();
            for part in mark.as_bytes().windows(8) {
                let part = str::from_utf8(part).unwrap();
                assert!(!shown.contains(part), "{}: {part}\n{shown}", made.name);
            }
        }
    }
}

/// A truncated signature gives the same result with any digits after its first 32, so
/// repeated diagnoses do not reveal the missing ones.
#[test]
fn a_cut_signature_is_no_oracle() {
    let answer = |digits: String| {
        let body = resigned(|_| digits).to_string();
        right().body(body.as_bytes())
    };
    let sign = genuine()["meta"]["sign"].as_str().unwrap().to_owned();
    for digits in 33..64 {
        let genuine = answer(sign[..digits].to_owned());
        assert!(genuine.causes()[0].is_certain());
        for digit in "0123456789abcdef".chars() {
            let guess = format!("{}{digit}", &sign[..digits - 1]);
            assert_eq!(answer(guess), genuine);
        }
        // One of the compared digits is wrong.
        let wrong = if sign.starts_with('0') { "1" } else { "0" };
        let forged = answer(format!("{wrong}{}", &sign[1..digits]));
        assert!(forged.causes().iter().any(|finding| !finding.is_certain()));
    }
    // Too few digits to compare: they are not mentioned.
    for digits in 1..32 {
        let guess = if sign.starts_with('0') { "1" } else { "0" }.repeat(digits);
        assert_eq!(answer(sign[..digits].to_owned()), answer(guess));
    }
}
