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

/// The entries of a file, or of the standard input.
pub(super) struct Entries {
    /// What messages call the file.
    source: String,
    pub(super) entries: Vec<Entry>,
    pub(super) problems: Vec<String>,
    is_readable_by_others: bool,
}

impl Entries {
    /// Reads a file. `-` is the standard input.
    pub(super) fn of_file(
        terminal: &Terminal,
        path: &Path,
        parser: impl Fn(&[u8]) -> Result<Vec<Entry>, Vec<Problem>>,
    ) -> Self {
        if path == Path::new("-") {
            if io::stdin().is_terminal() {
                terminal.note(messages::TYPE_IMPORT);
            }
            let content = source::read_stdin(MAX_FILE);
            return Self::parsed(messages::STANDARD_INPUT, content, parser);
        }
        let mut is_readable_by_others = false;
        let content = source::read(path, MAX_FILE, source::is_of_administrator);
        if matches!(content, Err(Unreadable::Link))
            && let Ok(target) = path.canonicalize()
        {
            return Self::refused(path, messages::import_link(path, &target));
        }
        let content = content.map(|content| {
            is_readable_by_others = content.is_readable_by_others;
            content.bytes
        });
        Self {
            is_readable_by_others,
            ..Self::parsed(&path.display().to_string(), content, parser)
        }
    }

    fn refused(path: &Path, problem: String) -> Self {
        Self {
            source: path.display().to_string(),
            entries: Vec::new(),
            problems: vec![problem],
            is_readable_by_others: false,
        }
    }

    /// Takes a URI that was given as an argument, or reads the standard input.
    pub(super) fn of_uri(
        terminal: &Terminal,
        uri: &OsStr,
        parser: impl Fn(&[u8]) -> Result<Vec<Entry>, Vec<Problem>>,
    ) -> Self {
        if uri == "-" {
            return Self::of_file(terminal, Path::new("-"), parser);
        }
        terminal.error(messages::URI_IS_VISIBLE);
        let line = [uri.as_bytes(), b"\n"].concat();
        Self::parsed(messages::THE_URI, Ok(Zeroizing::new(line)), parser)
    }

    fn parsed(
        source: &str,
        content: Result<Zeroizing<Vec<u8>>, Unreadable>,
        parser: impl Fn(&[u8]) -> Result<Vec<Entry>, Vec<Problem>>,
    ) -> Self {
        let (entries, problems) = match content.map(|content| parser(&content)) {
            Ok(Ok(entries)) => (entries, Vec::new()),
            Ok(Err(problems)) => {
                let texts = problems.iter();
                let texts = texts.map(|one| messages::import_problem(source, one));
                (Vec::new(), texts.collect())
            }
            Err(why) => (Vec::new(), vec![messages::import_unreadable(source, &why)]),
        };
        Self {
            source: source.to_owned(),
            entries,
            problems,
            is_readable_by_others: false,
        }
    }

    /// One candidate for each user, in the order of the file. The names of the authenticators begin with
    /// `name`.
    pub(super) fn found(self, name: &str) -> Found {
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut users: Vec<Vec<Entry>> = Vec::new();
        for entry in self.entries {
            let place = *places.entry(entry.user.clone()).or_insert(users.len());
            match users.get_mut(place) {
                Some(own) => own.push(entry),
                None => users.push(vec![entry]),
            }
        }
        let candidates = users.into_iter().map(|entries| {
            let user = entries.first().map(|entry| entry.user.clone());
            let user = user.unwrap_or_default();
            Candidate {
                is_readable_by_others: self.is_readable_by_others,
                ..Candidate::new(user, self.source.clone(), entries, name)
            }
        });
        Found {
            candidates: candidates.collect(),
            problems: self.problems,
        }
    }
}
