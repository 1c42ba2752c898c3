//! `tfactl`: an administrator sees who has two-factor login, resets, renames, unlocks and invites, and
//! sees what the policy makes of logins.
//!
//! The way through: arguments ([`args`]) → one command → the daemon ([`daemon`]), which decides
//! and asks polkit → words or JSON ([`messages`]) and the exit code.

mod args;
mod call_size;
mod daemon;
mod explain;
mod getent;
mod group;
mod invite;
mod json;
mod list;
mod messages;
mod passwd;
mod policy;
mod rename;
mod reset;
mod show;
mod table;
mod unlock;

use std::io::ErrorKind;
use std::process::ExitCode;

use clap::Parser;
use tfa_client::{Failure, Terminal, harden, run};

use args::{Args, Command, PolicyCommand};

fn main() -> ExitCode {
    harden();
    let args = Args::parse();
    match run(carry_out(args.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            match &failure {
                Failure::Reported => {}
                // Whoever closed the output has read enough.
                Failure::Output(error) if error.kind() == ErrorKind::BrokenPipe => {}
                _ => Terminal::new().error(&messages::failure(&failure)),
            }
            failure.exit_code()
        }
    }
}

async fn carry_out(command: Command) -> Result<(), Failure> {
    match command {
        Command::List { which, group, json } => {
            list::run(which.into(), group.as_deref(), json).await
        }
        Command::Show { user, json } => show::run(&user, json).await,
        Command::Reset { user, yes } => reset::run(&user, yes).await,
        Command::Rename { map: Some(map), .. } => rename::many(&map).await,
        Command::Rename { old, new, .. } => {
            rename::one(&old.unwrap_or_default(), &new.unwrap_or_default()).await
        }
        Command::Unlock { user } => unlock::run(&user).await,
        Command::Invite { user, length, json } => invite::run(&user, length, json).await,
        Command::Explain {
            user,
            login,
            at,
            policy,
            json,
        } => explain::run(&user, &login, at, policy.as_deref(), json).await,
        Command::Policy { command } => match command {
            PolicyCommand::Check { file, strict } => policy::check(&file, strict),
            PolicyCommand::Impact {
                seen: true, json, ..
            } => policy::seen(json).await,
            PolicyCommand::Impact {
                file,
                login,
                at,
                json,
                ..
            } => policy::impact(file.as_deref(), &login, at, json).await,
        },
    }
}
