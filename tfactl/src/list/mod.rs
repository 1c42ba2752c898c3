//! `tfactl list`: the accounts that a filter selects. Each is printed when it arrives, so that a long list
//! takes little memory.

mod output;
mod pages;
mod progress;
mod table;

use std::collections::BTreeSet;
use std::io::ErrorKind;

use tfa_client::{Failure, Terminal, now};
use tfa_proto::Status;

use crate::daemon::Daemon;
use crate::filter::{Filter, selects};
use crate::messages;
use output::Output;
use pages::{Pages, left_out, record_of};
use progress::Progress;

pub(crate) async fn run(filter: Filter, group: Option<&str>, as_json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    let printed = print(&terminal, &mut daemon, filter, group, as_json).await;
    daemon.unrepeated(printed)?;
    daemon.fail_if_not_serving()
}

async fn print(
    terminal: &Terminal,
    daemon: &mut Daemon,
    filter: Filter,
    group: Option<&str>,
    as_json: bool,
) -> Result<(), Failure> {
    if filter == Filter::Required {
        // Without a policy in force, this is not known.
        daemon.fail_if_not_serving()?;
    }
    // Before the first account: these calls fail if a directory does not answer.
    let members: Option<BTreeSet<String>> = match group {
        Some(group) => Some(daemon.members(group).await?.into_iter().collect()),
        None => None,
    };
    let others = without_record(daemon, filter, members.as_ref()).await?;
    let mut list = List {
        terminal,
        daemon,
        filter,
        members,
        others,
        output: Output::new(terminal, as_json),
        progress: Progress::default(),
    };
    list.print().await?;
    match group {
        Some(group) => list
            .output
            .end(&messages::empty_group_list(group, filter))?,
        None => list.output.end(messages::empty_list(filter))?,
    }
    Ok(())
}

/// The users who may have to be listed without a record.
async fn without_record(
    daemon: &mut Daemon,
    filter: Filter,
    members: Option<&BTreeSet<String>>,
) -> Result<BTreeSet<String>, Failure> {
    Ok(match (filter, members) {
        (Filter::Enabled | Filter::Paused | Filter::Locked, _) | (Filter::All, None) => {
            BTreeSet::new()
        }
        (Filter::All | Filter::Disabled | Filter::Required, Some(members)) => members.clone(),
        (Filter::Disabled, None) => daemon.users(false).await?.into_iter().collect(),
        (Filter::Required, None) => daemon.users(true).await?.into_iter().collect(),
    })
}

/// A list under way.
struct List<'a> {
    terminal: &'a Terminal,
    daemon: &'a mut Daemon,
    filter: Filter,
    members: Option<BTreeSet<String>>,
    /// Users who are not listed yet, and may have no record.
    others: BTreeSet<String>,
    output: Output<'a>,
    progress: Progress,
}

impl List<'_> {
    /// Prints the accounts in the order of the names of their records. After an error, the output of a
    /// list that has begun stays without its end.
    async fn print(&mut self) -> Result<(), Failure> {
        let filter = self.filter.of_daemon();
        // Alone: polkit may have to ask.
        let (accounts, next, read) = self.daemon.list(filter, "").await?;
        let left_out = left_out(&accounts, read);
        let mut pages = (!next.is_empty()).then(|| Pages::after(filter, next));
        let mut page = Some((accounts, left_out));
        while let Some((accounts, left_out)) = page {
            // The daemon makes further pages while this one is printed.
            let begun = match &mut pages {
                Some(pages) => pages.begin(self.daemon).await,
                None => Ok(()),
            };
            let added = self.add_page(accounts).await;
            self.progressed(left_out, false);
            self.print_added(added)?;
            self.complete(begun)?;
            page = match &mut pages {
                Some(pages) => {
                    let next = pages.next(self.daemon).await;
                    self.complete(next)?
                }
                None => None,
            };
        }
        let added = self.add_others(None).await;
        self.print_added(added)
    }

    /// Prints what was added, also before an error.
    fn print_added(&mut self, added: Result<(), Failure>) -> Result<(), Failure> {
        let printed = self.output.flush().map_err(Failure::from);
        self.complete(added.and(printed))
    }

    /// Says after an error that the list is incomplete.
    fn complete<T>(&mut self, result: Result<T, Failure>) -> Result<T, Failure> {
        match result {
            Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => {
                Err(Failure::Output(error))
            }
            Err(failure) => {
                self.output.break_off();
                self.terminal.error(&messages::failure(&failure));
                self.terminal.error(messages::LIST_INCOMPLETE);
                Err(Failure::Reported)
            }
            complete => complete,
        }
    }

    async fn add_page(&mut self, accounts: Vec<Status>) -> Result<(), Failure> {
        for status in accounts {
            let record = record_of(&status);
            self.add_others(Some(record)).await?;
            self.others.remove(record);
            self.others.remove(&status.user);
            self.add_account(&status)?;
        }
        Ok(())
    }

    /// Adds the users without a record whose names are less than this one. The daemon evaluates the
    /// policy for one user in each call.
    async fn add_others(&mut self, before: Option<&str>) -> Result<(), Failure> {
        while let Some(user) = self.others.first()
            && before.is_none_or(|before| user.as_str() < before)
        {
            // Each of these is a call: those before it are shown meanwhile.
            self.output.flush()?;
            match self.daemon.show(user).await {
                // The record under another name is listed in its place.
                Ok(status) if status.record.is_some() => {}
                Ok(status) => self.add_account(&status)?,
                // A group can list users who do not exist any more.
                Err(Failure::Refused(why)) => self.terminal.error(&why),
                Err(failure) => return Err(failure),
            }
            self.others.pop_first();
        }
        Ok(())
    }

    fn add_account(&mut self, status: &Status) -> Result<(), Failure> {
        let members = self.members.as_ref();
        let is_member = members.is_none_or(|members| members.contains(&status.user));
        let is_selected = is_member && selects(status, self.filter, now());
        if is_selected {
            self.output.add(status)?;
        }
        self.progressed(1, is_selected && self.terminal.is_output());
        Ok(())
    }

    /// Reports from time to time how many accounts were read.
    fn progressed(&mut self, accounts: usize, is_shown: bool) {
        if let Some(read) = self.progress.add(accounts, is_shown) {
            self.terminal.note(&messages::list_progress(read));
        }
    }
}
