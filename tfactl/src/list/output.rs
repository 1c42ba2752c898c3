//! The output of a list, account by account.

use std::io;

use tfa_client::{StatusJson, Terminal, json, now};
use tfa_proto::Status;
use tfa_text::wrapped;

use super::table;
use crate::messages;

/// A table or a JSON array that grows. What is added is printed by [`Output::flush`]: one call of the system
/// for each account would take longer than the account.
pub(super) struct Output<'a> {
    terminal: &'a Terminal,
    as_json: bool,
    has_accounts: bool,
    added: String,
}

impl<'a> Output<'a> {
    pub(super) fn new(terminal: &'a Terminal, as_json: bool) -> Self {
        Self {
            terminal,
            as_json,
            has_accounts: false,
            added: String::new(),
        }
    }

    pub(super) fn add(&mut self, status: &Status) -> io::Result<()> {
        let is_first = !self.has_accounts;
        self.has_accounts = true;
        if self.as_json {
            // A string in JSON has no line feed.
            let object = json(&StatusJson::from(status))?.replace('\n', "\n  ");
            let before = if is_first { "[" } else { "," };
            self.added.push_str(&format!("{before}\n  {object}"));
            return Ok(());
        }
        if is_first {
            if let Some(off) = messages::off(status) {
                self.add_line(&wrapped(&off, self.note_width()));
            }
            self.add_line(&table::header());
        }
        let row = table::row(status, now(), self.note_width());
        self.add_line(&row);
        Ok(())
    }

    fn add_line(&mut self, line: &str) {
        self.added.push_str(line);
        self.added.push('\n');
    }

    /// Prints what was added.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let added = std::mem::take(&mut self.added);
        match added.strip_suffix('\n') {
            _ if added.is_empty() => Ok(()),
            Some(lines) if !self.as_json => self.terminal.print(lines),
            _ => self.terminal.send(&added),
        }
    }

    /// Ends a complete list. An empty one is this message, or an empty array.
    pub(super) fn end(&self, empty: &str) -> io::Result<()> {
        match (self.as_json, self.has_accounts) {
            (true, true) => self.terminal.send("\n]\n"),
            (true, false) => self.terminal.send("[]\n"),
            (false, true) => Ok(()),
            (false, false) => self.terminal.print(empty),
        }
    }

    /// Ends the line of an incomplete list. An array stays without its bracket, so that it is not valid.
    pub(super) fn break_off(&self) {
        if self.as_json && self.has_accounts {
            let _ = self.terminal.send("\n");
        }
    }

    /// Notes are wrapped on a terminal. Programs get each note in one line.
    fn note_width(&self) -> usize {
        if self.terminal.is_output() {
            messages::width(self.terminal)
        } else {
            usize::MAX
        }
    }
}
