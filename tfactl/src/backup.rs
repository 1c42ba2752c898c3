//! `tfactl backup`: writes all records to a file.

use std::ffi::OsStr;

use serde::Serialize;
use tfa_client::{Failure, Interrupt, Terminal};

use crate::args::BackupArgs;
use crate::task::{self, Outcome};
use crate::{json, messages, passphrase};

#[derive(Serialize)]
struct BackupJson<'a> {
    file: &'a str,
    records: u64,
    with_key: bool,
    key: &'a str,
}

pub(crate) async fn run(args: BackupArgs) -> Result<(), Failure> {
    task::require_root()?;
    let mut terminal = Terminal::new();
    let mut interrupt = Interrupt::watch()?;
    // Before a question that leads to nothing. The task refuses too.
    if args.file.symlink_metadata().is_ok() {
        return Err(Failure::Refused(messages::backup_exists(
            &args.file.display(),
        )));
    }
    let mut words = vec![
        OsStr::new("backup"),
        OsStr::new("--file"),
        args.file.as_os_str(),
    ];
    let passphrase = if args.with_key {
        words.push(OsStr::new("--with-key"));
        let file = args.passphrase_file.as_deref();
        Some(passphrase::new(&mut interrupt, &mut terminal, file).await?)
    } else {
        None
    };
    let passphrase = passphrase.as_deref().map(String::as_str);
    match task::run(&mut interrupt, &terminal, &words, passphrase).await? {
        Outcome::NeedsPassphrase(text) => Err(Failure::Refused(text)),
        Outcome::Done(results) => {
            let file = args.file.to_string_lossy();
            let (records, key) = (results.number("records"), results.get("key"));
            if args.json {
                let backup = BackupJson {
                    file: &file,
                    records,
                    with_key: args.with_key,
                    key,
                };
                json::print(&terminal, &backup)
            } else {
                terminal.print(&messages::backup_made(&file, records, key, args.with_key))?;
                Ok(())
            }
        }
    }
}
