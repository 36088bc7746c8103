//! The command `payhook`: look into callbacks, prove them, find out why one does
//! not verify, and post what the gateways would.

mod args;
mod body;
mod diagnose;
mod endpoint;
mod facts;
mod hook;
mod inspect;
mod keys;
mod listen;
mod post;
mod proof;
mod replay;
mod scenario;
mod screen;
mod shown;
mod simulate;
mod torture;
mod trigger;
mod trouble;
mod verify;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Args, Command};
use screen::Screen;
use trouble::{Ending, Trouble};

fn main() -> ExitCode {
    let args = Args::parse();
    let screen = Screen::new(args.json);
    let ended = run(args.command, screen);
    let ending = ended.unwrap_or_else(|trouble| {
        screen.trouble(&trouble);
        trouble.ending
    });
    ending.into()
}

fn run(command: Command, screen: Screen) -> Result<Ending, Trouble> {
    match command {
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "payhook", &mut script);
            // Who reads no further has had enough.
            let _ = std::io::stdout().write_all(&script);
            Ok(Ending::Well)
        }
        Command::Diagnose(args) => diagnose::run(&args, screen),
        Command::Inspect(args) => inspect::run(&args, screen),
        Command::Listen(args) => listen::run(&args, screen),
        Command::Replay(args) => replay::run(&args, screen),
        Command::Scenario => Ok(scenario::run(screen)),
        Command::Simulate(args) => simulate::run(&args, screen),
        Command::Torture(args) => torture::run(&args, screen),
        Command::Trigger(args) => trigger::run(&args, screen),
        Command::Verify(args) => verify::run(&args, screen),
    }
}
