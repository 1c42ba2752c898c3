//! `tfactl`: the command with which administrators manage the two-factor login of users, and check the
//! policy.
//!
//! The arguments ([`args`]) select one command. It calls the daemon ([`daemon`]), which decides and asks
//! polkit, and prints messages ([`messages`]) or JSON ([`json`]).

mod args;
mod authenticator;
mod backup;
mod call_size;
mod confirm;
mod daemon;
mod devices;
mod doctor;
mod exempt;
mod exemptions;
mod explain;
mod export;
mod filter;
mod fleet;
mod import;
mod invite;
mod json;
mod key;
mod list;
mod log;
mod messages;
mod passphrase;
mod policy;
mod progress;
mod recovery;
mod rename;
mod reset;
mod restore;
mod secret_input;
mod show;
mod ssh_key;
mod store;
mod task;
mod unlock;

use std::io::ErrorKind;
use std::process::ExitCode;

use tfa_client::{Failure, Terminal, harden, parse, run};

use args::{Args, Command, FleetCommand, PolicyCommand};

fn main() -> ExitCode {
    harden();
    let args: Args = parse();
    match run(run_command(args.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            match &failure {
                Failure::Reported => {}
                // The reader closed the pipe.
                Failure::Output(error) if error.kind() == ErrorKind::BrokenPipe => {}
                _ => Terminal::new().error(&messages::failure(&failure)),
            }
            failure.exit_code()
        }
    }
}

async fn run_command(command: Command) -> Result<(), Failure> {
    match command {
        Command::List {
            filter,
            group,
            json,
        } => list::run(filter.into(), group.as_deref(), json).await,
        Command::Show { user, json } => show::run(&user, json).await,
        Command::Reset { user, yes } => reset::run(&user, yes).await,
        Command::Rename { map: Some(map), .. } => rename::many(&map).await,
        Command::Rename { old, new, uid, .. } => {
            rename::one(&old.unwrap_or_default(), &new.unwrap_or_default(), uid).await
        }
        Command::Unlock { user } => unlock::run(&user).await,
        Command::Authenticator { command } => authenticator::run(command).await,
        Command::Export { command } => export::run(command).await,
        Command::Import { command } => import::run(command).await,
        Command::Devices { command } => devices::run(command).await,
        Command::Invite {
            user,
            length,
            uid,
            json,
        } => invite::run(&user, length, uid, json).await,
        Command::Exempt {
            user,
            length: Some(length),
            reason: Some(reason),
            uid,
            json,
            ..
        } => exempt::run(&user, length, &reason, uid, json).await,
        Command::Exempt { user, .. } => exempt::end(&user).await,
        Command::Exemptions { json } => exemptions::run(json).await,
        Command::Disable {
            user,
            length: Some(length),
            reason: Some(reason),
            uid,
        } => exempt::run(&user, length, &reason, uid, false).await,
        Command::Disable { user, .. } => exempt::disable(&user).await,
        Command::Enable { user } => exempt::enable(&user).await,
        Command::Recovery { command } => recovery::run(command).await,
        Command::Backup(args) => backup::run(args).await,
        Command::Restore(args) => restore::run(args).await,
        Command::Fleet {
            command: FleetCommand::Init { name, port, etcd },
        } => fleet::init(name, port, etcd).await,
        Command::Fleet {
            command: FleetCommand::InviteVerifier(args),
        } => fleet::invite_verifier(args).await,
        Command::Fleet {
            command: FleetCommand::JoinVerifier(args),
        } => fleet::join_verifier(args).await,
        Command::Fleet {
            command: FleetCommand::Leave { yes, without_etcd },
        } => fleet::leave(yes, without_etcd).await,
        Command::Host { command } => fleet::run_host(command).await,
        Command::Join { token, yes } => fleet::join(token, yes).await,
        Command::Doctor { only, json } => doctor::run(only.as_deref(), json).await,
        Command::Key { command } => key::run(command).await,
        Command::Store { command } => store::run(command).await,
        Command::Log { user, since, json } => log::run(user.as_deref(), since, json),
        Command::Explain {
            user,
            login,
            key,
            at,
            uid,
            groups,
            policy,
            json,
        } => {
            let key = key.as_deref().map(ssh_key::text_of).transpose()?;
            let who = explain::Who {
                user: &user,
                uid,
                groups,
            };
            explain::run(who, &login, key, at, policy.as_deref(), json).await
        }
        Command::Policy { command } => match command {
            PolicyCommand::Check { file, strict } => policy::check(&file, strict),
            PolicyCommand::Impact {
                recorded: true,
                json,
                ..
            } => policy::audit(json).await,
            PolicyCommand::Impact {
                file,
                login,
                at,
                json,
                ..
            } => policy::impact(file.as_deref(), &login, at, json).await,
            PolicyCommand::Publish { file, yes } => policy::publish(&file, yes).await,
            PolicyCommand::Show { json } => policy::show(json).await,
            PolicyCommand::Unpublish { yes } => policy::unpublish(yes).await,
        },
    }
}
