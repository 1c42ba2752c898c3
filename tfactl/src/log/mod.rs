//! `tfactl log`: what the daemon has logged about logins and changes, from the journal.

mod entry;
mod journal;

use tfa_client::{Failure, Terminal, is_root, now};
use tfa_text::wrapped;

use crate::args::Since;
use crate::{fleet, json, messages};
use entry::Entry;
use journal::Journal;

/// Prints the entries about one user or all users, the oldest first.
pub(crate) fn run(user: Option<&str>, since: Option<Since>, as_json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let since = since.map(|since| since.on_this_host(now())).transpose()?;
    let mut journal = Journal::read(user, since)?;
    // Long lines use the whole terminal. Programs get an entry in one line.
    let width = match terminal.is_output() {
        true => terminal.size().1,
        false => usize::MAX,
    };
    let is_member = fleet::is_member();
    let mut is_empty = true;
    for line in journal.lines() {
        let Some(entry) = Entry::parse(&line?) else {
            continue;
        };
        is_empty = false;
        if as_json {
            json::print_line(&terminal, &entry)?;
        } else {
            terminal.print(&messages::log_entry(
                &entry.local_time(),
                &entry.message,
                width,
            ))?;
        }
    }
    journal.finish()?;
    if is_empty && !as_json {
        terminal.print(&wrapped(&messages::no_log_entries(user, is_member), width))?;
    }
    if is_empty && !is_root() {
        terminal.note(messages::LOG_READERS);
    }
    if !as_json && fleet::is_verifier_with_others() {
        terminal.error(messages::LOG_OF_ONE_VERIFIER);
    }
    if !as_json && is_member {
        terminal.error(messages::LOG_OF_MEMBER);
    }
    Ok(())
}
