//! `payhook verify`: verifies one body.

use crate::body::BodyArgs;
use crate::proof::{Proof, ProofArgs};
use crate::screen::Screen;
use crate::shown;
use crate::trouble::{Ending, Trouble};

#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    body: BodyArgs,

    #[command(flatten)]
    proof: ProofArgs,
}

pub(crate) fn run(args: &Verify, screen: Screen) -> Result<Ending, Trouble> {
    let (body, gateway) = args.body.read()?;
    let (shown, ending) = match args.proof.prover()?.prove(&body, gateway)? {
        Proof::Proven(callback) => (shown::proven(&callback), Ending::Well),
        Proof::Refused(error) => (shown::refused_to_verify(&error, gateway), Ending::No),
        Proof::Untried => {
            return Err(
                Trouble::usage("no key and no response was given to verify it with").hint(
                    "B2BINPAY: --secret-env or --secret-file, or --login-env with --password-env; \
                 CityPay.io: --answer with --customer-id",
                ),
            );
        }
    };
    screen.show(&shown.text, &shown.json)?;
    Ok(ending)
}
