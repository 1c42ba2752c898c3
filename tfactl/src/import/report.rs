//! What an import prints: a line for each user as it is known, then the sum.

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
    fn users(self) -> usize {
        self.imported + self.updated + self.unchanged + self.refused
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
            users: Vec::new(),
        }
    }

    /// Reports one user.
    pub(super) fn add(
        &mut self,
        candidate: &Candidate,
        result: &ImportResult,
    ) -> Result<(), Failure> {
        let count = match result.outcome.known() {
            Some(ImportOutcome::Imported) => &mut self.sum.imported,
            Some(ImportOutcome::Updated) => &mut self.sum.updated,
            Some(ImportOutcome::Unchanged) => &mut self.sum.unchanged,
            Some(ImportOutcome::Refused) | None => &mut self.sum.refused,
        };
        *count += 1;
        if self.options.json {
            self.users.push(UserJson::new(candidate, result));
        } else {
            let kinds: Vec<_> = candidate.entries.iter().map(kind).collect();
            let parts = messages::import_parts(
                result,
                &kinds,
                candidate.backup_codes(),
                &candidate.notes(),
                self.options.apply,
            );
            if self.terminal.is_output() {
                self.bar.hide();
            }
            self.terminal.print(&shown(self.terminal, &parts))?;
        }
        Ok(())
    }

    /// Shows how far the import is, before a call that takes long.
    pub(super) fn show_progress(&mut self) {
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

    /// Prints the sum, and the files that could not be read. Fails if a user is not imported.
    pub(super) fn end(self, problems: &[String]) -> Result<(), Failure> {
        let Self {
            terminal,
            options,
            sum,
            users,
            bar,
            ..
        } = self;
        drop(bar);
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
        for problem in problems {
            terminal.error(&shown(terminal, std::slice::from_ref(problem)));
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

/// One line for other programs; on a terminal a row for each part, with the later ones below the first.
fn shown(terminal: &Terminal, parts: &[String]) -> String {
    match terminal.is_output() {
        true => wrapped(&parts.join("\n    "), messages::width(terminal)),
        false => parts.join("; "),
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
            notes: candidate.notes(),
        }
    }
}
