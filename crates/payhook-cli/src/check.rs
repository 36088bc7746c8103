//! `payhook check`: finds out why no callback arrives at a URL, by posting bodies that
//! no correct endpoint accepts.

mod finding;
mod probe;
#[cfg(test)]
mod tests;
mod words;

use std::fmt::Write as _;
use std::time::Duration;

use payhook_conformance::Gateway;
use serde_json::{Value, json};

use crate::body::GatewayName;
use crate::error::{CliError, Exit};
use crate::post::{Address, Target, wait};
use crate::screen::{BAD, FAINT, GOOD, STRONG, Screen, plain, styled};

use finding::{Finding, Severity};
use probe::{Answer, Failure, Probe, Sent};

#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// The callback URL, as registered at the gateway. Redirects are not followed.
    #[arg(value_name = "URL")]
    url: Address,

    /// The gateway whose callbacks the URL receives.
    #[arg(long, value_enum, default_value_t = GatewayName::B2binpay)]
    gateway: GatewayName,

    /// Allow a remote machine.
    #[arg(long)]
    remote: bool,

    /// How long to wait for each response.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=60))]
    timeout: u64,
}

pub(crate) fn run(args: &Check, screen: Screen) -> Result<Exit, CliError> {
    let limit = Duration::from_secs(args.timeout);
    let target = Target::new(args.url.url("check")?, args.remote, limit)?;
    let gateway: Gateway = args.gateway.into();
    let sent = wait(probe::send_all(&target, Probe::all(gateway)?))?;
    let mut findings: Vec<Finding> = Vec::new();
    for sent in &sent {
        for found in finding::of(sent, gateway) {
            match findings.iter_mut().find(|known| known.is_same(&found)) {
                Some(known) => known.merge(found),
                None => findings.push(found),
            }
        }
    }
    // Stable: of equal severity, the first one that was found comes first.
    findings.sort_by_key(|finding| finding.severity);
    let is_ok = findings
        .iter()
        .all(|finding| finding.severity == Severity::Note);
    let mut text = list(&target, &sent, &findings);
    if is_ok && gateway == Gateway::B2binpay {
        let note =
            "this does not show whether the endpoint has the right secret: `payhook trigger` does";
        let _ = writeln!(text, "{}", styled(FAINT, note));
    }
    add_digest(&mut text, &sent);
    screen.show(&text, &json(&target, &sent, &findings, is_ok))?;
    Ok(if is_ok { Exit::Success } else { Exit::Negative })
}

fn list(target: &Target, sent: &[Sent], findings: &[Finding]) -> String {
    let mut text = format!("{}\n", styled(STRONG, &plain(&target.name())));
    for Sent { probe, result } in sent {
        let what = probe.description();
        let outcome = match result {
            Ok(answer) => answer.summary(),
            Err(failure) => failure.summary(),
        };
        let _ = writeln!(text, "  {:<14} {what} -> {}", probe.name, plain(&outcome));
    }
    for (index, finding) in findings.iter().enumerate() {
        let style = if finding.severity == Severity::Note {
            STRONG
        } else {
            BAD
        };
        let severity = styled(style, finding.severity.as_str());
        let _ = writeln!(text, "{}. {severity}: {}", index + 1, finding.title);
        let _ = writeln!(text, "   sent: {}", finding.probes.join(", "));
        let _ = writeln!(text, "   received: {}", plain(&finding.received));
        let _ = writeln!(text, "   meaning: {}", finding.meaning);
        let _ = writeln!(text, "   to do: {}", finding.action);
    }
    if findings.is_empty() {
        let _ = writeln!(
            text,
            "{}",
            styled(GOOD, "nothing found: every probe arrived and was refused")
        );
    }
    text
}

/// Adds the digest that an endpoint's log can be compared with.
fn add_digest(text: &mut String, sent: &[Sent]) {
    let signed = sent.iter().find(|sent| sent.probe.name == "test_key");
    if let Some(Sent {
        probe,
        result: Ok(_),
    }) = signed
    {
        let note = "a change of the bytes that keeps the JSON valid cannot be seen from outside; \
                    an endpoint with receipts logs the body_sha256 of test_key as";
        let _ = writeln!(
            text,
            "{}",
            styled(FAINT, &format!("{note} {}", probe.sha256()))
        );
    }
}

fn json(target: &Target, sent: &[Sent], findings: &[Finding], is_ok: bool) -> Value {
    let probes: Vec<_> = sent
        .iter()
        .map(|Sent { probe, result }| {
            json!({
                "probe": probe.name,
                "method": probe.method.as_str(),
                "content_type": probe.content_type,
                "bytes": probe.body.len(),
                "sha256": probe.sha256(),
                "status": result.as_ref().ok().map(|answer| answer.status),
                "milliseconds": result.as_ref().ok().map(Answer::milliseconds),
                "failure": result.as_ref().err().map(Failure::summary),
            })
        })
        .collect();
    let findings: Vec<_> = findings.iter().map(Finding::json).collect();
    json!({"url": target.name(), "ok": is_ok, "probes": probes, "findings": findings})
}
