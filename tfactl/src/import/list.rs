//! Files with the authenticators of many users.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{self, IsTerminal};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use tfa_client::Terminal;
use tfa_import::{Entry, MAX_FILE, Problem};
use zeroize::Zeroizing;

use super::candidate::{Candidate, Found};
use super::source::{self, Unreadable};
use crate::messages;

/// The name of imported authenticators that are apps.
pub(super) const PHONE: &str = "phone";
/// The name of imported authenticators that are hardware, or may be.
pub(super) const TOKEN: &str = "token";

/// A reader of one format.
type Parser = fn(&[u8]) -> Result<Vec<Entry>, Vec<Problem>>;

/// The entries of a file, by user. `-` is the standard input.
pub(super) fn read(terminal: &Terminal, path: &Path, parser: Parser, name: &'static str) -> Found {
    let mut is_readable = false;
    let content = if path == Path::new("-") {
        if io::stdin().is_terminal() {
            terminal.note(messages::TYPE_IMPORT);
        }
        source::read_stdin(MAX_FILE)
    } else {
        let content = source::read(path, MAX_FILE, source::is_of_administrator);
        content.map(|content| {
            is_readable = content.is_readable_by_others;
            content.bytes
        })
    };
    let mut found = parsed(&shown(path), content, parser, name);
    for candidate in &mut found.candidates {
        candidate.is_readable_by_others = is_readable;
    }
    found
}

/// The entries of a URI that was given as an argument, or of the standard input.
pub(super) fn read_uri(terminal: &Terminal, uri: &OsStr, parser: Parser) -> Found {
    if uri == "-" {
        return read(terminal, Path::new("-"), parser, PHONE);
    }
    terminal.error(messages::URI_IS_VISIBLE);
    let line = [uri.as_bytes(), b"\n"].concat();
    parsed(messages::THE_URI, Ok(Zeroizing::new(line)), parser, PHONE)
}

fn shown(path: &Path) -> String {
    match path.to_str() {
        Some("-") => messages::STANDARD_INPUT.to_owned(),
        _ => path.display().to_string(),
    }
}

fn parsed(
    source: &str,
    content: Result<Zeroizing<Vec<u8>>, Unreadable>,
    parser: Parser,
    name: &'static str,
) -> Found {
    let mut found = Found::default();
    match content.map(|content| parser(&content)) {
        Err(why) => found
            .problems
            .push(messages::import_unreadable(source, &why)),
        Ok(Err(problems)) => {
            let problems = problems.iter();
            found.problems = problems
                .map(|one| messages::import_problem(source, one))
                .collect();
        }
        Ok(Ok(entries)) => found.candidates = by_user(source, entries, name),
    }
    found
}

/// One candidate for each user, in the order of the file.
fn by_user(source: &str, entries: Vec<Entry>, name: &'static str) -> Vec<Candidate> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut users: Vec<Vec<Entry>> = Vec::new();
    for entry in entries {
        let place = *places.entry(entry.user.clone()).or_insert(users.len());
        match users.get_mut(place) {
            Some(own) => own.push(entry),
            None => users.push(vec![entry]),
        }
    }
    let candidate = |entries: Vec<Entry>| {
        let user = entries.first().map(|entry| entry.user.clone());
        Candidate::new(user.unwrap_or_default(), source.to_owned(), entries, name)
    };
    users.into_iter().map(candidate).collect()
}
