//! `tfactl store migrate`: moves the accounts to another kind of store.

use std::ffi::OsStr;

use serde::Serialize;
use tfa_client::{Failure, Interrupt, Terminal};

use crate::args::{StoreCommand, StoreKind};
use crate::confirm::confirm;
use crate::task::{self, Outcome};
use crate::{json, messages};

#[derive(Serialize)]
struct MigratedJson<'a> {
    to: &'a str,
    records: Option<u64>,
}

pub(crate) async fn run(command: StoreCommand) -> Result<(), Failure> {
    let StoreCommand::Migrate { to, json: as_json } = command;
    task::require_root()?;
    let mut terminal = Terminal::new();
    let mut interrupt = Interrupt::watch()?;
    if to == StoreKind::Sqlite && !as_json && terminal.is_interactive() {
        terminal.print(&messages::migration_to_database())?;
        let (question, otherwise) = (messages::ASK_TO_MIGRATE, messages::NOT_MIGRATED);
        confirm(&mut terminal, &mut interrupt, question, otherwise).await?;
    }
    let words = ["migrate", "--to", to.word()].map(OsStr::new);
    let results = match task::run(&mut interrupt, &terminal, &words, None).await? {
        Outcome::NeedsPassphrase(text) => return Err(Failure::Refused(text)),
        Outcome::Done(results) => results,
    };
    let records = results.get("records").parse().ok();
    if as_json {
        let to = to.word();
        json::print(&terminal, &MigratedJson { to, records })?;
    } else {
        terminal.print(&messages::accounts_moved(to, records))?;
    }
    // The accounts are there, and something else is left to do.
    let left = [
        (results.get("not-named"), messages::NOT_NAMED),
        (results.get("not-started"), messages::NOT_STARTED),
    ];
    match left.into_iter().find(|(why, _)| !why.is_empty()) {
        Some((why, what)) => Err(Failure::Refused(messages::left_to_do(what, why))),
        None => Ok(()),
    }
}
