//! `tfactl fleet invite-verifier`: writes the file with which a further verifier joins.

use std::ffi::OsStr;
use std::path::Path;

use tfa_client::{Failure, Terminal};
use zeroize::Zeroizing;

use crate::args::InviteVerifierArgs;
use crate::daemon::Daemon;
use crate::task::{self, Outcome};
use crate::{messages, passphrase};

pub(crate) async fn run(args: InviteVerifierArgs) -> Result<(), Failure> {
    task::require_root()?;
    let mut terminal = Terminal::new();
    // Before an invitation is made, and before a question that leads to nothing.
    if args.out.symlink_metadata().is_ok() {
        return Err(Failure::Refused(messages::file_exists(&args.out.display())));
    }
    let mut daemon = Daemon::connect(&terminal).await?;
    let task = OsStr::new("invite-verifier");
    task::run(daemon.interrupt(), &terminal, &[task], None).await?;
    let passphrase = new_passphrase(&mut terminal, &mut daemon, args.passphrase_file.as_deref());
    let passphrase = passphrase.await?;
    let invited = daemon.invite_host(&args.name, args.length.seconds(), args.port);
    let (token, until) = invited.await?;
    let port = args.port.to_string();
    let words = [
        task,
        OsStr::new("--with-token"),
        OsStr::new("--file"),
        args.out.as_os_str(),
        OsStr::new("--host"),
        OsStr::new(&args.name),
        OsStr::new("--port"),
        OsStr::new(&port),
    ];
    let secrets = Zeroizing::new(format!("{}\n{}", *passphrase, *token));
    match task::run(daemon.interrupt(), &terminal, &words, Some(&secrets)).await? {
        Outcome::NeedsPassphrase(text) => Err(Failure::Refused(text)),
        Outcome::Done(_) => {
            let file = args.out.display();
            terminal.print(&messages::verifier_invited(&args.name, &file, until))?;
            Ok(())
        }
    }
}

async fn new_passphrase(
    terminal: &mut Terminal,
    daemon: &mut Daemon,
    file: Option<&Path>,
) -> Result<Zeroizing<String>, Failure> {
    match file {
        Some(file) => passphrase::new_in(file),
        None if !terminal.is_interactive() => {
            Err(Failure::Refused(messages::PASSPHRASE_NEEDS_FILE.to_owned()))
        }
        None => {
            terminal.print(messages::PASSPHRASE_OF_VERIFIER)?;
            passphrase::new_typed(daemon.interrupt(), terminal).await
        }
    }
}
