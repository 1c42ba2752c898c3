//! What was not examined, and why. A question that fails is never silent.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::bounded;
use crate::messages;

/// How long a program may take, and the files of one subject. All answer from files and local sockets: only a file
/// system or a service that hangs takes that long.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(30);

/// The reasons, each once. Those who collect facts on threads of their own note them in the same list.
#[derive(Debug, Clone, Default)]
pub(super) struct Missed(Arc<Mutex<Vec<String>>>);

impl Missed {
    /// Notes a reason.
    pub(super) fn note(&self, why: String) {
        let mut reasons = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !reasons.contains(&why) {
            reasons.push(why);
        }
    }

    /// What is known. The reason why it is not is noted.
    pub(super) fn known<T>(&self, answer: Result<T, String>) -> Option<T> {
        answer.map_err(|why| self.note(why)).ok()
    }

    /// The text of a file; `None` if there is no file.
    pub(super) fn text(&self, path: impl AsRef<Path>) -> Option<String> {
        self.known(bounded::text(path)).flatten()
    }

    /// The files that the patterns match, by their paths, in the order of the patterns and of the names.
    pub(super) fn texts(&self, patterns: &[&str]) -> Vec<(String, String)> {
        let paths = patterns.iter().flat_map(|pattern| self.paths(pattern));
        let read = |path: PathBuf| Some((path.to_string_lossy().into_owned(), self.text(&path)?));
        paths.filter_map(read).collect()
    }

    /// The paths that a pattern matches, in the order of the names.
    pub(super) fn paths(&self, pattern: &str) -> Vec<PathBuf> {
        let found = match glob::glob(pattern) {
            Ok(found) => found,
            Err(error) => {
                self.note(messages::file_not_read(pattern, &error));
                return Vec::new();
            }
        };
        let known = found.filter_map(|path| match path {
            Ok(path) => Some(path),
            Err(error) => {
                let folder = error.path().to_string_lossy();
                self.note(messages::file_not_read(&folder, error.error()));
                None
            }
        });
        known.collect()
    }

    /// What was found at a path; `None` if nothing is there.
    pub(super) fn existing<T>(&self, path: &Path, found: io::Result<T>) -> Option<T> {
        match found {
            Err(error) if bounded::is_absent(&error) => None,
            found => {
                let why = |error| messages::file_not_read(&path.to_string_lossy(), &error);
                self.known(found.map_err(why))
            }
        }
    }

    /// Facts of one subject. If they do not come in time, the subject is missed, and the rest is examined.
    pub(super) fn in_time<T: Send + 'static>(
        &self,
        subject: &str,
        collect: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Option<T> {
        let own = self.clone();
        let facts = in_time(move || collect(&own));
        if facts.is_none() {
            self.note(messages::took_too_long(subject));
        }
        facts
    }

    /// The reasons so far.
    pub(super) fn reasons(&self) -> Vec<String> {
        let reasons = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reasons.clone()
    }
}

/// What a function returns that reads files, unless it takes too long. The thread is then left to itself.
pub(super) fn in_time<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = sync_channel(1);
    let run = move || {
        // It fails if the caller has stopped waiting.
        let _ = sender.send(read());
    };
    thread::Builder::new().spawn(run).ok()?;
    receiver.recv_timeout(TIME_LIMIT).ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn files_that_cannot_be_read_are_noted_and_absent_ones_are_not() {
        let folder = std::env::temp_dir().join(format!("tfactl-missed-{}", std::process::id()));
        fs::create_dir_all(folder.join("folder.conf")).unwrap();
        fs::write(folder.join("file.conf"), "text").unwrap();
        let pattern = format!("{}/*.conf", folder.display());
        let missed = Missed::default();
        let texts = missed.texts(&[&pattern, &pattern, "/nonexistent/*.conf"]);
        let file = (format!("{}/file.conf", folder.display()), "text".to_owned());
        assert_eq!(texts, [file.clone(), file]);
        let why = format!("{}/folder.conf is not a regular file", folder.display());
        assert_eq!(missed.reasons(), [why]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_reason_of_a_thread_is_noted_and_a_panic_is_one() {
        let missed = Missed::default();
        let facts = missed.in_time("one", |missed| missed.note("why".to_owned()));
        assert_eq!(facts, Some(()));
        let facts: Option<()> =
            missed.in_time("other", |_| std::panic::resume_unwind(Box::new(())));
        assert_eq!(facts, None);
        let expected = ["why".to_owned(), messages::took_too_long("other")];
        assert_eq!(missed.reasons(), expected);
    }
}
