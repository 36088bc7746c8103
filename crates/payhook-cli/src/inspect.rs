//! `payhook inspect`: shows a body's fields, and which of them are proven.

use crate::body::BodyArgs;
use crate::error::{CliError, Exit};
use crate::proof::{Proof, ProofArgs};
use crate::screen::Screen;
use crate::shown::{self, Shown};

#[derive(Debug, clap::Args)]
pub(crate) struct Inspect {
    #[command(flatten)]
    body: BodyArgs,

    #[command(flatten)]
    proof: ProofArgs,
}

pub(crate) fn run(args: &Inspect, screen: Screen) -> Result<Exit, CliError> {
    let (body, gateway) = args.body.read()?;
    let prover = args.proof.prover()?;
    let would_be = || -> Result<Shown, CliError> {
        let pretended = prover.pretend(&body, gateway)?;
        Ok(shown::pretended(&pretended, gateway))
    };
    let shown = match prover.prove(&body, gateway)? {
        Proof::Proven(callback) => shown::proven(&callback),
        Proof::Refused(error) => shown::refused(&error, gateway).and(would_be()?),
        Proof::Untried => would_be()?,
    };
    screen.show(&shown.text, &shown.json)?;
    Ok(Exit::Success)
}
