//! `payhook diagnose`: explains why a body does not verify.

use payhook::diagnose::Diagnosis;
use payhook_conformance::Gateway;
use serde_json::json;

use crate::body::BodyArgs;
use crate::error::{CliError, Exit};
use crate::keys::VerifierArgs;
use crate::screen::{Screen, plain};
use crate::shown::Shown;

#[derive(Debug, clap::Args)]
pub(crate) struct Diagnose {
    #[command(flatten)]
    body: BodyArgs,

    #[command(flatten)]
    verifier: VerifierArgs,
}

pub(crate) fn run(args: &Diagnose, screen: Screen) -> Result<Exit, CliError> {
    let (body, gateway) = args.body.read()?;
    // CityPay.io signs nothing: no key would help.
    if args.verifier.is_empty() && gateway != Gateway::CityPay {
        return Err(CliError::usage("no key was given")
            .hint("use --secret-env or --secret-file, or --login-env with --password-env"));
    }
    let diagnosis = args.verifier.diagnose()?.body(&body);
    let shown = shown(&diagnosis);
    screen.show(&shown.text, &shown.json)?;
    Ok(match diagnosis.verified_by() {
        Some(_) => Exit::Success,
        None => Exit::Negative,
    })
}

/// The output contains no secret and no signature.
pub(crate) fn shown(diagnosis: &Diagnosis) -> Shown {
    let lines = diagnosis.to_string();
    let lines: Vec<_> = lines.lines().map(plain).collect();
    let causes: Vec<_> = diagnosis
        .causes()
        .iter()
        .map(|finding| {
            json!({
                "what": finding.to_string(),
                "certain": finding.is_certain(),
                "path": finding.path(),
                "key": finding.candidate(),
                "hint": finding.hint(),
            })
        })
        .collect();
    Shown {
        text: format!("{}\n", lines.join("\n")),
        json: json!({
            "verified": diagnosis.verified_by().is_some(),
            "key": diagnosis.verified_by(),
            "causes": causes,
        }),
    }
}
