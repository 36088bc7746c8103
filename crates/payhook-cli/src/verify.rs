//! `payhook verify`: verifies one body.

use crate::body::BodyArgs;
use crate::error::{CliError, Exit};
use crate::proof::{Proof, ProofArgs};
use crate::screen::Screen;
use crate::shown;

#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    body: BodyArgs,

    #[command(flatten)]
    proof: ProofArgs,
}

pub(crate) fn run(args: &Verify, screen: Screen) -> Result<Exit, CliError> {
    let (body, gateway) = args.body.read()?;
    let (shown, exit) = match args.proof.prover()?.prove(&body, gateway)? {
        Proof::Proven(callback) => (shown::proven(&callback), Exit::Success),
        Proof::Refused(error) => (shown::refused_to_verify(&error, gateway), Exit::Negative),
        Proof::Untried => {
            return Err(
                CliError::usage("no key and no response was given to verify it with").hint(
                    "B2BINPAY: --secret-env or --secret-file, or --login-env with --password-env; \
                 CityPay.io: --answer with --customer-id",
                ),
            );
        }
    };
    screen.show(&shown.text, &shown.json)?;
    Ok(exit)
}
