//! `tfactl`: an administrator sees who has two-factor login, resets and unlocks.
//!
//! The way through: arguments ([`args`]) → one command → the daemon ([`daemon`]), which decides
//! and asks polkit → words or JSON ([`texts`]) and the exit code.

mod args;
mod daemon;
mod list;
mod passwd;
mod reset;
mod show;
mod table;
mod texts;
mod unlock;

use std::io::ErrorKind;
use std::process::ExitCode;

use clap::Parser;
use tfa_bus::command::{Failure, Terminal, harden, run};

use args::{Args, Command};

fn main() -> ExitCode {
    harden();
    let args = Args::parse();
    match run(carry_out(args.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Whoever closed the output has read enough.
            if !matches!(&failure, Failure::Output(error) if error.kind() == ErrorKind::BrokenPipe)
            {
                Terminal::new().complain(&texts::failure(&failure));
            }
            failure.exit_code()
        }
    }
}

async fn carry_out(command: Command) -> Result<(), Failure> {
    match command {
        Command::List { which, json } => list::run(which.into(), json).await,
        Command::Show { user, json } => show::run(&user, json).await,
        Command::Reset { user, yes } => reset::run(&user, yes).await,
        Command::Unlock { user } => unlock::run(&user).await,
    }
}
