//! `tfactl fleet invite-verifier`: writes the files with which further verifiers join.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use tfa_client::{Failure, Terminal};
use tfa_fleet_core::HostName;
use zeroize::Zeroizing;

use crate::args::InviteVerifierArgs;
use crate::daemon::Daemon;
use crate::task::{self, Outcome};
use crate::{messages, passphrase};

const TASK: &str = "invite-verifier";

/// A host, and its file.
#[derive(Debug, PartialEq, Eq)]
struct Invited {
    name: String,
    file: PathBuf,
}

pub(crate) async fn run(args: InviteVerifierArgs) -> Result<(), Failure> {
    task::require_root()?;
    let mut terminal = Terminal::new();
    // Before an invitation is made, and before a question that leads to nothing.
    let invited = invited(&args.names, args.out.as_deref()).map_err(Failure::Refused)?;
    for Invited { file, .. } in &invited {
        if file.symlink_metadata().is_ok() {
            return Err(Failure::Refused(messages::file_exists(&file.display())));
        }
    }
    let mut daemon = Daemon::connect(&terminal).await?;
    task::run(daemon.interrupt(), &terminal, &[OsStr::new(TASK)], None).await?;
    let passphrase = new_passphrase(&mut terminal, &mut daemon, args.passphrase_file.as_deref());
    let passphrase = passphrase.await?;
    for (done, one) in invited.iter().enumerate() {
        let written = write(&terminal, &mut daemon, one, &args, &passphrase).await;
        written.inspect_err(|_| {
            if done > 0 {
                terminal.error(&messages::not_invited(&one.name));
            }
        })?;
    }
    terminal.print(messages::VERIFIERS_INVITED)?;
    Ok(())
}

/// The hosts with their files, as the command line has them. The error is for the administrator.
fn invited(names: &[String], out: Option<&Path>) -> Result<Vec<Invited>, String> {
    if out.is_some() && names.len() > 1 {
        return Err(messages::OUT_IS_FOR_ONE.to_owned());
    }
    let mut invited: Vec<Invited> = Vec::new();
    for name in names {
        // It becomes a name in this directory.
        HostName::new(name).map_err(|_| messages::no_name_of_host(name))?;
        if invited.iter().any(|one| one.name == *name) {
            return Err(messages::named_twice(name));
        }
        let file = out.map_or_else(|| format!("{name}.invite").into(), Path::to_owned);
        let name = name.clone();
        invited.push(Invited { name, file });
    }
    Ok(invited)
}

/// Invites a host, and writes its file.
async fn write(
    terminal: &Terminal,
    daemon: &mut Daemon,
    Invited { name, file }: &Invited,
    args: &InviteVerifierArgs,
    passphrase: &str,
) -> Result<(), Failure> {
    let invited = daemon.invite_host(name, args.length.seconds(), args.port);
    let (token, until) = invited.await?;
    let port = args.port.to_string();
    let words = [
        OsStr::new(TASK),
        OsStr::new("--with-token"),
        OsStr::new("--file"),
        file.as_os_str(),
        OsStr::new("--host"),
        OsStr::new(name),
        OsStr::new("--port"),
        OsStr::new(&port),
    ];
    let secrets = Zeroizing::new(format!("{passphrase}\n{}", *token));
    match task::run(daemon.interrupt(), terminal, &words, Some(&secrets)).await? {
        Outcome::NeedsPassphrase(text) => Err(Failure::Refused(text)),
        Outcome::Done(_) => {
            let file = file.display();
            terminal.print(&messages::verifier_invited(name, &file, until))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_has_a_file_in_this_directory_unless_one_is_named() {
        let of = |names: &[&str], out: Option<&str>| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            invited(&names, out.map(Path::new))
        };
        let files = |names: &[&str], out| {
            let invited = of(names, out).unwrap().into_iter();
            invited.map(|one| one.file).collect::<Vec<_>>()
        };
        assert_eq!(
            files(&["v2.example", "v3.example"], None),
            [
                PathBuf::from("v2.example.invite"),
                PathBuf::from("v3.example.invite")
            ]
        );
        assert_eq!(
            files(&["v2.example"], Some("/root/file")),
            [PathBuf::from("/root/file")]
        );
        for names in [
            &["v2.example", "v3.example", "v2.example"][..],
            &["v2.example", "../v3"],
            &["V2.example"],
            &[""],
            &["-v2"],
        ] {
            assert!(of(names, None).is_err(), "{names:?}");
        }
        assert!(of(&["v2.example", "v3.example"], Some("file")).is_err());
    }
}
