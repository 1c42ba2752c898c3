//! What an import prints: a line for each user as it is known, then what holds for several, then the sum.
//! On a terminal a line is short, and its notes and reasons come at the end. Other programs get all of a user in
//! its line.

use serde::Serialize;
use tfa_client::{Failure, Terminal};
use tfa_import::Means;
use tfa_proto::{ImportOutcome, ImportResult, OpenEnum};
use tfa_text::wrapped;

use super::candidate::{Candidate, algorithm, kind};
use crate::args::ImportOptions;
use crate::progress::ProgressBar;
use crate::{json, messages};

/// The report of one import.
pub(super) struct Report<'a> {
    terminal: &'a Terminal,
    options: ImportOptions,
    all: usize,
    bar: ProgressBar<'a>,
    sum: Sum,
    /// Each note of which a user has some, with these users.
    notes: Vec<(String, Vec<String>)>,
    /// The users who are not imported, with the reason.
    refused: Vec<String>,
    users: Vec<UserJson>,
}

/// How many users have which outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) imported: usize,
    pub(crate) updated: usize,
    pub(crate) unchanged: usize,
    pub(crate) refused: usize,
}

impl Sum {
    pub(crate) fn users(self) -> usize {
        self.imported + self.updated + self.unchanged + self.refused
    }

    /// The users who may have notes.
    pub(crate) fn noted(self) -> usize {
        self.imported + self.updated
    }
}

impl<'a> Report<'a> {
    pub(super) fn new(terminal: &'a Terminal, options: ImportOptions, all: usize) -> Self {
        Self {
            terminal,
            options,
            all,
            bar: ProgressBar::new(terminal),
            sum: Sum::default(),
            notes: Vec::new(),
            refused: Vec::new(),
            users: Vec::new(),
        }
    }

    /// Reports one user.
    pub(super) fn add(
        &mut self,
        candidate: &Candidate,
        result: &ImportResult,
    ) -> Result<(), Failure> {
        let outcome = result.outcome.known().unwrap_or(ImportOutcome::Refused);
        let count = match outcome {
            ImportOutcome::Imported => &mut self.sum.imported,
            ImportOutcome::Updated => &mut self.sum.updated,
            ImportOutcome::Unchanged => &mut self.sum.unchanged,
            ImportOutcome::Refused => &mut self.sum.refused,
        };
        *count += 1;
        if self.options.json {
            self.users.push(UserJson::new(candidate, result));
            return Ok(());
        }
        let kinds: Vec<_> = candidate.entries.iter().map(kind).collect();
        let contents = messages::import_contents(&kinds, candidate.backup_codes());
        let is_first = outcome == ImportOutcome::Imported;
        let notes = match outcome {
            ImportOutcome::Imported | ImportOutcome::Updated => {
                messages::import_notes(result.weak, candidate.notes(is_first))
            }
            ImportOutcome::Unchanged | ImportOutcome::Refused => Vec::new(),
        };
        let line = messages::import_line(result, outcome, &contents, self.options.apply);
        if !self.terminal.is_output() {
            let parts: Vec<String> = std::iter::once(line).chain(notes).collect();
            self.terminal.print(&parts.join("; "))?;
            return Ok(());
        }
        for note in notes {
            self.add_note(note, &result.user);
        }
        self.bar.hide();
        if outcome == ImportOutcome::Refused {
            self.refused.push(line);
            self.terminal
                .print(&messages::import_refused_row(&result.user))?;
        } else {
            let width = messages::width(self.terminal);
            self.terminal.print(&wrapped(&line, width))?;
        }
        Ok(())
    }

    fn add_note(&mut self, note: String, user: &str) {
        let user = user.to_owned();
        match self.notes.iter_mut().find(|(known, _)| *known == note) {
            Some((_, users)) => users.push(user),
            None => self.notes.push((note, vec![user])),
        }
    }

    /// Shows how far the import is, before a call that takes long. A pipe may lead to the same terminal, where
    /// its lines would come behind the bar.
    pub(super) fn show_progress(&mut self) {
        if !self.options.json && self.terminal.is_piped() {
            return;
        }
        let number = |users| u64::try_from(users).unwrap_or(u64::MAX);
        self.bar.show(number(self.sum.users()), number(self.all));
    }

    /// Ends the report of an import that a failure or a signal broke off.
    pub(super) fn break_off(mut self, failure: Failure) -> Failure {
        self.bar.hide();
        let (done, all) = (self.sum.users(), self.all);
        match failure {
            Failure::Cancelled(_) if self.options.apply => {
                Failure::Cancelled(messages::import_interrupted(done, all))
            }
            failure => {
                if self.options.apply && done > 0 {
                    self.terminal.error(&messages::import_stopped(done, all));
                }
                failure
            }
        }
    }

    /// Prints what holds for several users, the files that could not be read, and the sum. Fails if a user is
    /// not imported.
    pub(super) fn end(mut self, problems: &[String]) -> Result<(), Failure> {
        self.bar.hide();
        let Self {
            terminal,
            options,
            sum,
            notes,
            refused,
            users,
            ..
        } = self;
        if options.json {
            let applied = options.apply;
            json::print(
                terminal,
                &ImportJson {
                    applied,
                    users,
                    problems,
                },
            )?;
        }
        let width = messages::width(terminal);
        for (note, users) in &notes {
            let text = messages::import_note_of(note, users, sum);
            terminal.print(&messages::hanging(&text, width))?;
        }
        // Once more, because the rows may have left the screen.
        for line in &refused {
            terminal.print(&messages::hanging(line, width))?;
        }
        for problem in problems {
            terminal.error(problem);
        }
        if !options.json {
            terminal.print(&messages::import_sum(sum, problems.len(), options.apply))?;
        }
        if problems.is_empty() && sum.refused == 0 {
            Ok(())
        } else {
            Err(Failure::Reported)
        }
    }
}

/// The JSON output.
#[derive(Serialize)]
struct ImportJson<'a> {
    applied: bool,
    users: Vec<UserJson>,
    problems: &'a [String],
}

#[derive(Serialize)]
struct UserJson {
    user: String,
    file: String,
    line: usize,
    outcome: String,
    why: Option<String>,
    authenticators: Vec<AuthenticatorJson>,
    weak: u32,
    backup_codes: usize,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct AuthenticatorJson {
    kind: &'static str,
    name: String,
    algorithm: &'static str,
    digits: u32,
    period: Option<u32>,
    counter: Option<u64>,
}

impl UserJson {
    fn new(candidate: &Candidate, result: &ImportResult) -> Self {
        let entries = candidate.entries.iter().zip(&candidate.names);
        let authenticators = entries.map(|(entry, name)| {
            let (period, counter) = match entry.means {
                Means::Totp { period } => (Some(period), None),
                Means::Hotp { counter } => (None, Some(counter)),
            };
            AuthenticatorJson {
                kind: kind(entry).name(),
                name: name.clone(),
                algorithm: algorithm(entry).name(),
                digits: entry.digits,
                period,
                counter,
            }
        });
        Self {
            user: result.user.clone(),
            file: candidate.file.clone(),
            line: candidate.entries.first().map_or(0, |entry| entry.line),
            outcome: OpenEnum::name(&result.outcome).to_owned(),
            why: json::or_null(&result.why).map(str::to_owned),
            authenticators: authenticators.collect(),
            weak: result.weak,
            backup_codes: candidate.backup_codes(),
            notes: match result.outcome.known() {
                Some(ImportOutcome::Imported) => candidate.notes(true),
                Some(ImportOutcome::Updated) => candidate.notes(false),
                Some(ImportOutcome::Unchanged | ImportOutcome::Refused) | None => Vec::new(),
            },
        }
    }
}
