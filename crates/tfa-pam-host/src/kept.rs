//! Answers about services, kept while nothing changes that they depend on.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tfa_file_state::{Examination, FileStates};

use crate::snapshot::Once;
use crate::{PamHost, Reading};

/// The number of services whose answers are kept.
const MAX_SERVICES: usize = 32;

/// Answers about services that depend on their readings alone. Each use compares every path that was looked at
/// with its state then, of those too where nothing was: services, included files, modules, folders.
#[derive(Debug)]
pub struct KeptAnswers<T> {
    root: PathBuf,
    answer: fn(&Reading) -> T,
    now: fn() -> SystemTime,
    /// The one that was used last is the last one.
    kept: Mutex<Vec<Arc<Kept<T>>>>,
}

#[derive(Debug)]
struct Kept<T> {
    service: String,
    files: FileStates,
    answer: T,
}

impl<T: Copy> KeptAnswers<T> {
    /// Answers about the services of this host.
    #[must_use]
    pub fn of_host(answer: fn(&Reading) -> T) -> Self {
        Self::below(Path::new("/"), answer, SystemTime::now)
    }

    /// Answers about the services below a folder that stands for `/`. `now` is the clock that sets the times of
    /// files.
    #[must_use]
    pub fn below(root: &Path, answer: fn(&Reading) -> T, now: fn() -> SystemTime) -> Self {
        Self {
            root: root.to_owned(),
            answer,
            now,
            kept: Mutex::default(),
        }
    }

    /// The answer for a service, as of the present files.
    pub fn of(&self, service: &str) -> T {
        // The lock is released before the files are examined.
        let kept = self.find(service);
        if let Some(kept) = kept.filter(|kept| kept.files.are_unchanged()) {
            return kept.answer;
        }
        let examination = Examination::new((self.now)());
        let host = PamHost::examined(&self.root, &examination);
        let reading = Reading::of(&Once::new(&host, &examination), service);
        let answer = (self.answer)(&reading);
        // A name that someone invents takes no place.
        if host.has_service(service)
            && let Some(files) = examination.finish()
        {
            self.keep(Kept {
                service: service.to_owned(),
                files,
                answer,
            });
        }
        answer
    }

    fn find(&self, service: &str) -> Option<Arc<Kept<T>>> {
        let mut kept = self.lock();
        let index = kept.iter().position(|one| one.service == service)?;
        let found = kept.remove(index);
        kept.push(Arc::clone(&found));
        Some(found)
    }

    fn keep(&self, new: Kept<T>) {
        let mut kept = self.lock();
        kept.retain(|one| one.service != new.service);
        if kept.len() >= MAX_SERVICES {
            kept.remove(0);
        }
        kept.push(Arc::new(new));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Kept<T>>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
