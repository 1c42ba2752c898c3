//! `tfa-enroll`: a user sets up and looks after two-factor login.
//!
//! The way through: arguments ([`args`]) → one command → the daemon ([`daemon`]), which decides
//! everything → words on the terminal ([`texts`]) and the exit code.

mod args;
mod backup_codes;
mod codes;
mod daemon;
mod invitation;
mod layout;
mod move_phone;
mod new_file;
mod offer;
mod password;
mod pdf;
mod picture;
mod proof;
mod screen;
mod session;
mod setup;
mod sshd;
mod state;
mod status;
mod texts;
mod try_code;

use std::io::ErrorKind;
use std::process::ExitCode;

use clap::Parser;
use tfa_client::{Failure, Terminal, harden, run};

use args::{Args, Command};
use session::Session;

fn main() -> ExitCode {
    harden();
    let args = Args::parse();
    match run(carry_out(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            match &failure {
                Failure::Told => {}
                // Whoever closed the output has read enough.
                Failure::Output(error) if error.kind() == ErrorKind::BrokenPipe => {}
                _ => Terminal::new().complain(&texts::failure(&failure)),
            }
            failure.exit_code()
        }
    }
}

async fn carry_out(args: Args) -> Result<(), Failure> {
    let qr = args.qr;
    match args.command {
        None => status::and_the_way_on(qr).await,
        Some(Command::Status { json }) => status::show(json).await,
        Some(Command::Setup(new)) => setup::run(&mut Session::open().await?, new.into(), qr).await,
        Some(Command::Move(new)) => {
            move_phone::run(&mut Session::open().await?, new.into(), qr).await
        }
        Some(Command::Codes { pdf }) => codes::run(pdf.as_deref()).await,
        Some(Command::Pause) => state::pause(&mut Session::open().await?).await,
        Some(Command::Resume) => state::resume(&mut Session::open().await?).await,
        Some(Command::Remove) => state::remove(&mut Session::open().await?).await,
        Some(Command::Test) => try_code::run(&mut Session::open().await?).await,
    }
}
