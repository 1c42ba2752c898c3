//! The messages of `tfactl`. Each one is a whole text with named arguments, so that it can be
//! translated. Lines have at most 80 columns of ASCII.

mod accounts;
mod authenticators;
mod backup;
mod changes;
mod devices;
mod doctor;
mod exemptions;
mod explain;
mod export;
mod failures;
mod fleet;
mod foreign;
mod help;
mod import;
mod import_help;
mod key;
mod leave;
mod log;
mod login;
mod policy;
mod publication;
mod recovery;
mod rename;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use accounts::*;
pub(crate) use authenticators::*;
pub(crate) use backup::*;
pub(crate) use changes::*;
pub(crate) use devices::*;
pub(crate) use doctor::*;
pub(crate) use exemptions::*;
pub(crate) use explain::*;
pub(crate) use export::*;
pub(crate) use failures::*;
pub(crate) use fleet::*;
pub(crate) use help::*;
pub(crate) use import::*;
pub(crate) use import_help::*;
pub(crate) use key::*;
pub(crate) use leave::*;
pub(crate) use log::*;
pub(crate) use policy::*;
pub(crate) use publication::*;
pub(crate) use recovery::*;
pub(crate) use rename::*;
pub(crate) use store::*;

use tfa_client::Terminal;
use tfa_text::{plural, wrapped};

/// The maximum width of a text in a wider window: longer lines are hard to read.
const MAX_WIDTH: usize = 80;

/// How many errors of a file are printed at most.
const MAX_ERRORS: usize = 20;

/// The errors of a file of which nothing is used if one line is wrong.
pub(crate) fn wrong_lines(errors: &[String]) -> String {
    let more = errors.len().saturating_sub(MAX_ERRORS);
    let mut lines: Vec<String> = errors.iter().take(MAX_ERRORS).cloned().collect();
    if more > 0 {
        lines.push(plural(
            u64::try_from(more).unwrap_or(u64::MAX),
            "1 more error is not shown.",
            format!("{more} more errors are not shown."),
        ));
    }
    lines.push("Nothing was changed.".to_owned());
    lines.join("\n")
}
const INDENT: usize = 2;

/// The width for texts on this terminal.
pub(crate) fn width(terminal: &Terminal) -> usize {
    terminal.size().1.min(MAX_WIDTH)
}

/// A wrapped text. Each row is indented.
fn indented(text: &str, indent: usize, width: usize) -> String {
    let blanks = " ".repeat(indent);
    let rows = wrapped(text, width.saturating_sub(indent).max(1));
    let rows = rows.lines().map(|row| format!("{blanks}{row}"));
    rows.collect::<Vec<_>>().join("\n")
}

/// A wrapped text. The rows after the first one are indented.
pub(crate) fn hanging(text: &str, width: usize) -> String {
    wrapped(text, width.saturating_sub(INDENT).max(1)).replace('\n', "\n  ")
}
