//! The command `payhook`: inspects and verifies callbacks, finds out why one does not
//! verify, and posts test callbacks.

mod args;
mod body;
mod check;
mod diagnose;
mod endpoint;
mod error;
mod facts;
mod hook;
mod inspect;
mod keys;
mod listen;
mod post;
mod proof;
mod random;
mod replay;
mod resend;
mod saved;
mod scenario;
mod screen;
mod serve;
mod shown;
mod sign;
mod simulate;
mod stress;
mod trigger;
mod verify;

use std::env;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Args, Command};
use error::{CliError, Exit};
use screen::Screen;

fn main() -> ExitCode {
    let (screen, ended) = match Args::try_parse() {
        Ok(args) => {
            let screen = Screen::new(args.json);
            (screen, run(args.command, screen))
        }
        Err(error) => (Screen::new(false), not_run(&error)),
    };
    let exit = ended.unwrap_or_else(|error| {
        screen.error(&error);
        error.exit
    });
    exit.into()
}

/// Prints the requested help, or the error in the arguments.
fn not_run(error: &clap::Error) -> Result<Exit, CliError> {
    let text = error.render().ansi().to_string();
    if !error.use_stderr() {
        screen::styled_text(text.trim_end())?;
        return Ok(Exit::Success);
    }
    let given: Vec<_> = env::args_os().skip(1).collect();
    let given = given.iter().map(|argument| argument.to_string_lossy());
    let text = given.fold(text, |text, argument| without_address(&text, &argument));
    let _ = write!(anstream::stderr(), "{text}");
    Ok(Exit::Usage)
}

/// Hides arguments that may be a URL with a password in it.
fn without_address(text: &str, argument: &str) -> String {
    let value = argument
        .split_once('=')
        .map_or(argument, |(_, value)| value);
    [argument, value]
        .into_iter()
        .filter(|given| given.contains('@'))
        .fold(text.to_owned(), |text, given| text.replace(given, "…"))
}

fn run(command: Command, screen: Screen) -> Result<Exit, CliError> {
    match command {
        Command::Check(args) => check::run(&args, screen),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "payhook", &mut script);
            screen::verbatim(String::from_utf8_lossy(&script).trim_end())?;
            Ok(Exit::Success)
        }
        Command::Diagnose(args) => diagnose::run(&args, screen),
        Command::Inspect(args) => inspect::run(&args, screen),
        Command::Listen(args) => listen::run(&args, screen),
        Command::Replay(args) => replay::run(&args, screen),
        Command::Resend(args) => resend::run(&args, screen),
        Command::Scenario => scenario::run(screen),
        Command::Simulate(args) => simulate::run(&args, screen),
        Command::Stress(args) => stress::run(&args, screen),
        Command::Trigger(args) => trigger::run(&args, screen),
        Command::Verify(args) => verify::run(&args, screen),
    }
}
