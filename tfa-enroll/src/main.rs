//! `tfa-enroll`: the command with which users set up and manage two-factor login.
//!
//! The arguments ([`args`]) select one command. It calls the daemon ([`daemon`]), which decides, and
//! prints messages ([`messages`]).

mod add;
mod args;
mod authenticators;
mod backup_codes;
mod codes;
mod confirm;
mod daemon;
mod devices;
mod invitation;
mod layout;
mod messages;
mod move_phone;
mod new_file;
mod paper;
mod password;
mod pdf;
mod picture;
mod printer;
mod proof;
mod screen;
mod security_key;
mod session;
mod setup;
mod sshd;
mod state;
mod status;
mod test_code;
mod text_page;

use std::io::ErrorKind;
use std::process::ExitCode;

use tfa_client::{Failure, Terminal, harden, parse, run};

use args::{Args, Command, DevicesCommand, Wanted};
use session::Session;

fn main() -> ExitCode {
    harden();
    let args: Args = parse();
    match run(run_command(args)) {
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

async fn run_command(args: Args) -> Result<(), Failure> {
    let qr = args.qr;
    match args.command {
        None => status::show_and_offer_setup(qr).await,
        Some(Command::Status { json }) => status::show(json).await,
        Some(Command::Setup(new)) => {
            let mut session = Session::open().await?;
            match Wanted::from(new) {
                Wanted::Codes(parameters) => setup::run(&mut session, parameters, qr).await,
                Wanted::SecurityKey { file, name } => {
                    security_key::set_up(&mut session, &file, name).await
                }
            }
        }
        Some(Command::Add(new)) => {
            let mut session = Session::open().await?;
            match Wanted::from(new) {
                Wanted::Codes(parameters) => add::run(&mut session, parameters, qr).await,
                Wanted::SecurityKey { file, name } => {
                    security_key::add(&mut session, &file, name).await
                }
            }
        }
        Some(Command::List { json }) => authenticators::list(json).await,
        Some(Command::Rename { old, new }) => {
            authenticators::rename(&mut Session::open().await?, &old, &new).await
        }
        Some(Command::Move { authenticator, new }) => {
            let mut session = Session::open().await?;
            let replaced = authenticator.as_deref();
            match Wanted::from(new) {
                Wanted::Codes(parameters) => {
                    move_phone::run(&mut session, replaced, parameters, qr).await
                }
                Wanted::SecurityKey { file, name } => {
                    security_key::replace(&mut session, replaced, &file, name).await
                }
            }
        }
        Some(Command::Codes(to)) => codes::run(&to).await,
        Some(Command::Pause) => state::pause(&mut Session::open().await?).await,
        Some(Command::Resume) => state::resume(&mut Session::open().await?).await,
        Some(Command::Remove { name: None }) => state::remove(&mut Session::open().await?).await,
        Some(Command::Remove { name: Some(name) }) => {
            authenticators::remove(&mut Session::open().await?, &name).await
        }
        Some(Command::Devices {
            json,
            command: None,
        }) => devices::list(json).await,
        Some(Command::Devices {
            command: Some(DevicesCommand::Forget { id: Some(id), .. }),
            ..
        }) => devices::forget(id).await,
        Some(Command::Devices {
            command: Some(DevicesCommand::Forget { id: None, .. }),
            ..
        }) => devices::forget_all().await,
        Some(Command::Test) => test_code::run(&mut Session::open().await?).await,
    }
}
