//! Everything that `tfactl` says, in one folder, so that it can be translated. Lines are kept below
//! 80 columns, in ASCII, without anything drawn.

mod accounts;
mod changes;
mod explain;
mod failures;
mod help;
mod login;
mod policy;
mod rename;

pub(crate) use accounts::*;
pub(crate) use changes::*;
pub(crate) use explain::*;
pub(crate) use failures::*;
pub(crate) use help::*;
pub(crate) use policy::*;
pub(crate) use rename::*;

use tfa_client::Terminal;
use tfa_text::wrapped;

/// How wide a text is at most, however wide the window: longer lines are hard to read.
const WIDEST: usize = 80;

/// How wide a text may be.
pub(crate) fn width(terminal: &Terminal) -> usize {
    terminal.size().1.min(WIDEST)
}

fn counted(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// Broken between words and moved in.
fn indented(text: &str, blanks: usize, width: usize) -> String {
    let indent = " ".repeat(blanks);
    let lines = wrapped(text, width.saturating_sub(blanks).max(1));
    let lines = lines.lines().map(|line| format!("{indent}{line}"));
    lines.collect::<Vec<_>>().join("\n")
}
