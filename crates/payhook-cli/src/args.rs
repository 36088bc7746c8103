//! The command line's arguments.

use clap::{Parser, Subcommand};

use crate::{check, diagnose, inspect, listen, replay, resend, simulate, stress, trigger, verify};

const ENDINGS: &str = "\
Exit status: 0 success, 1 not verified, refused or a rule was broken, \
2 usage error, 3 malformed input, 4 other failure.";

/// Inspect, verify and test payment callbacks of B2BINPAY, Coinsbuy and CityPay.io.
#[derive(Debug, Parser)]
#[command(name = "payhook", version, after_help = ENDINGS)]
pub(crate) struct Args {
    /// Print one JSON object per line, for scripts.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find out why no callback arrives at a URL, by posting bodies that no correct
    /// endpoint accepts.
    Check(check::Check),
    /// Print a shell completion script.
    Completions {
        /// The shell to generate it for.
        shell: clap_complete::Shell,
    },
    /// Explain why a body does not verify, most likely cause first.
    Diagnose(diagnose::Diagnose),
    /// Show a body's fields, and which of them a signature or a response proves.
    Inspect(inspect::Inspect),
    /// Listen for callbacks, show whether each one verifies, and keep them on a local
    /// page.
    Listen(listen::Listen),
    /// Replay recorded callbacks through a ledger, and print each change.
    Replay(replay::Replay),
    /// Post callbacks that `listen --save` saved again, byte for byte.
    Resend(resend::Resend),
    /// List the scenarios of `trigger` and `simulate`.
    Scenario,
    /// Post all callbacks of simulated payments, and retry those not answered with
    /// 200.
    Simulate(simulate::Simulate),
    /// Test a server with duplicates, races and forgeries, and report the rules it
    /// breaks.
    Stress(stress::Stress),
    /// Sign and post one callback, as the gateway would.
    Trigger(trigger::Trigger),
    /// Verify a body: exit status 0 if it verifies, 1 if it does not.
    Verify(verify::Verify),
}
