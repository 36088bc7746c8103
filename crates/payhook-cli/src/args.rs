//! What can be asked for.

use clap::{Parser, Subcommand};

use crate::{diagnose, inspect, listen, replay, simulate, torture, trigger, verify};

const ENDINGS: &str = "\
Exit status: 0 all is well, 1 the answer is no (not verified, refused, a rule broken), \
2 wrong usage, 3 unreadable input, 4 it could not be done.";

/// Payment callbacks of B2BINPAY, Coinsbuy and CityPay.io: look into them, prove
/// them, and post test ones.
#[derive(Debug, Parser)]
#[command(name = "payhook", version, after_help = ENDINGS)]
pub(crate) struct Args {
    /// For machines: a JSON object a line.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print what a shell needs to complete this command.
    Completions {
        /// For this shell.
        shell: clap_complete::Shell,
    },
    /// Say why a body does not verify, most likely cause first.
    Diagnose(diagnose::Diagnose),
    /// Show what a body says, and what of it a signature or an answer proves.
    Inspect(inspect::Inspect),
    /// Show each callback that arrives: verified, or why not.
    Listen(listen::Listen),
    /// Play recorded callbacks through a ledger, and print what each changed.
    Replay(replay::Replay),
    /// List what can be triggered and simulated.
    Scenario,
    /// Post all callbacks of payments from beginning to end, and repeat what is
    /// not answered with 200.
    Simulate(simulate::Simulate),
    /// Attack a shop with repetitions, races and forgeries, and report which rules
    /// it breaks.
    Torture(torture::Torture),
    /// Sign and post one callback, as the gateway would.
    Trigger(trigger::Trigger),
    /// Prove a body: exit status 0 if it is, 1 if it is not.
    Verify(verify::Verify),
}
