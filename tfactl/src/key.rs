//! `tfactl key rotate`: seals all records with a new key.

use std::ffi::OsStr;

use serde::Serialize;
use tfa_client::{Failure, Interrupt, Terminal};

use crate::args::KeyCommand;
use crate::task::{self, Outcome};
use crate::{json, messages};

#[derive(Serialize)]
struct RotatedJson<'a> {
    records: u64,
    key: &'a str,
}

pub(crate) async fn run(command: KeyCommand) -> Result<(), Failure> {
    let KeyCommand::Rotate { json: as_json } = command;
    task::require_root()?;
    let terminal = Terminal::new();
    let mut interrupt = Interrupt::watch()?;
    let words = [OsStr::new("rotate-key")];
    match task::run(&mut interrupt, &terminal, &words, None).await? {
        Outcome::NeedsPassphrase(text) => Err(Failure::Refused(text)),
        Outcome::Done(results) => {
            let (records, key) = (results.number("records"), results.get("key"));
            if as_json {
                json::print(&terminal, &RotatedJson { records, key })
            } else {
                terminal.print(&messages::key_rotated(records, key))?;
                Ok(())
            }
        }
    }
}
