//! The paths that a computation looks at.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::io::Errno;

use crate::state::{FileState, sets_exact_times};

/// How many paths are kept.
const MAX_PATHS: usize = 512;

/// Looks at files, at each path once, and notes their states.
#[derive(Debug)]
pub struct Examination {
    /// When it began, by the clock that sets the times of files.
    began: SystemTime,
    states: RefCell<BTreeMap<PathBuf, Option<FileState>>>,
    /// A file may be another one than its state tells, or could not be read.
    is_uncertain: Cell<bool>,
}

impl Examination {
    /// Begins at this time, which must not be later than now.
    #[must_use]
    pub const fn new(now: SystemTime) -> Self {
        Self {
            began: now,
            states: RefCell::new(BTreeMap::new()),
            is_uncertain: Cell::new(false),
        }
    }

    /// The state of the file at a path, symbolic links followed; `None` where none can be found.
    pub fn state(&self, path: &Path) -> Option<FileState> {
        if let Some(known) = self.states.borrow().get(path) {
            return *known;
        }
        let state = match FileState::at(path) {
            Ok(state) => Some(state),
            Err(error) => {
                self.expect(is_absence(error));
                None
            }
        };
        self.states.borrow_mut().insert(path.to_owned(), state);
        state
    }

    /// Opens a file.
    ///
    /// # Errors
    /// As open(2).
    pub fn open(&self, path: &Path) -> io::Result<ExaminedFile<'_>> {
        let expected = self.state(path);
        let opened = File::open(path);
        let state = opened
            .as_ref()
            .ok()
            .and_then(|file| FileState::of(file).ok());
        self.expect(state.is_some() && state == expected);
        opened.map(|file| ExaminedFile { file, by: self })
    }

    /// The content of a file.
    ///
    /// # Errors
    /// As open(2) and read(2).
    pub fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        self.open(path)?.read_to_end(&mut content)?;
        Ok(content)
    }

    /// Whether what was looked at so far may be kept, if it does not change until the end.
    #[must_use]
    pub fn may_be_kept(&self) -> bool {
        let states = self.states.borrow();
        let found = || {
            states
                .iter()
                .filter_map(|(path, state)| Some((path, (*state)?)))
        };
        let mut known = BTreeSet::new();
        !self.is_uncertain.get()
            && states.len() <= MAX_PATHS
            && found().all(|(_, state)| state.is_settled(self.began))
            && found().all(|(path, state)| {
                known.contains(&state.device())
                    || (sets_exact_times(path) && known.insert(state.device()))
            })
    }

    /// What to compare later. `None` if what was computed is not to be kept.
    #[must_use]
    pub fn finish(self) -> Option<FileStates> {
        let may_be_kept = self.may_be_kept();
        let states = FileStates(self.states.into_inner().into_iter().collect());
        // What was read is of these states only if they are the present ones still.
        (may_be_kept && states.are_unchanged()).then_some(states)
    }

    fn expect(&self, is_certain: bool) {
        if !is_certain {
            self.is_uncertain.set(true);
        }
    }
}

/// Whether certainly nothing is at a path.
fn is_absence(error: Errno) -> bool {
    error == Errno::NOENT || error == Errno::NOTDIR
}

/// An open file. An error while it is read is noted.
#[derive(Debug)]
pub struct ExaminedFile<'a> {
    file: File,
    by: &'a Examination,
}

impl Read for ExaminedFile<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file
            .read(buffer)
            .inspect_err(|_| self.by.expect(false))
    }
}

impl Seek for ExaminedFile<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to).inspect_err(|_| self.by.expect(false))
    }
}

/// The states of files at one time, and where there were none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStates(Box<[(PathBuf, Option<FileState>)]>);

impl FileStates {
    /// Whether each path has the same state still. An error is a difference.
    #[must_use]
    pub fn are_unchanged(&self) -> bool {
        self.0.iter().all(|(path, kept)| match FileState::at(path) {
            Ok(state) => *kept == Some(state),
            Err(error) => kept.is_none() && is_absence(error),
        })
    }
}
