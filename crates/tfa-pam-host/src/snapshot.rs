//! The PAM files of a host, each looked at once: both releases of libpam then read the same, even if a file
//! changes meanwhile. A change can be tried on it.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use tfa_file_state::Examination;
use tfa_pam_stack::{Files, Phase, ReadError};

use crate::{PamHost, Reading, unkept};

/// What was read so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    texts: HashMap<String, Result<Vec<u8>, ReadError>>,
    folders: HashMap<String, bool>,
    modules: HashMap<(String, Phase), bool>,
}

/// A host that is looked at once.
pub(crate) struct Once<'a> {
    host: &'a PamHost,
    examination: &'a Examination,
    seen: RefCell<Seen>,
}

impl<'a> Once<'a> {
    pub(crate) fn new(host: &'a PamHost, examination: &'a Examination) -> Self {
        Self {
            host,
            examination,
            seen: RefCell::default(),
        }
    }
}

/// The answer for a name, which is looked for only once.
fn once<T: Clone>(seen: &mut HashMap<String, T>, name: &str, look: impl FnOnce() -> T) -> T {
    if let Some(found) = seen.get(name) {
        return found.clone();
    }
    let found = look();
    seen.insert(name.to_owned(), found.clone());
    found
}

impl Files for Once<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let texts = &mut self.seen.borrow_mut().texts;
        once(texts, path, || self.host.text_at(path, self.examination))
    }

    fn is_folder(&self, path: &str) -> bool {
        let folders = &mut self.seen.borrow_mut().folders;
        once(folders, path, || {
            self.host.has_folder_at(path, self.examination)
        })
    }

    fn has_module(&self, module: &str, phase: Phase) -> bool {
        let modules = &mut self.seen.borrow_mut().modules;
        let key = (module.to_owned(), phase);
        *modules
            .entry(key)
            .or_insert_with(|| self.host.has_function(module, phase, self.examination))
    }
}

/// All that libpam reads for the services of a host.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    services: BTreeSet<String>,
    seen: Seen,
}

impl Snapshot {
    /// Reads each service that has a file, the services of these names, and the other files. A module that none
    /// of them names counts as missing, except `modules`, which are looked for.
    #[must_use]
    pub fn of(host: &PamHost, named: &BTreeSet<String>, others: &[&str], modules: &[&str]) -> Self {
        let examination = unkept();
        let files = Once::new(host, &examination);
        let mut services = host.services();
        services.extend(named.iter().cloned());
        for service in &services {
            let _ = Reading::of(&files, service);
        }
        for path in others {
            let _ = Files::read(&files, path);
        }
        // After a change, libpam may read lines that it does not reach now.
        let mut named: BTreeSet<String> = modules.iter().map(|name| (*name).to_owned()).collect();
        for text in files.seen.borrow().texts.values().flatten() {
            let text = String::from_utf8_lossy(text);
            let words = text.split_whitespace();
            named.extend(
                words
                    .filter(|word| word.ends_with(".so"))
                    .map(str::to_owned),
            );
        }
        for module in &named {
            for phase in Phase::ALL {
                let _ = files.has_module(module, phase);
            }
        }
        Self {
            services,
            seen: files.seen.into_inner(),
        }
    }

    /// The services that have a file.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.services.iter().map(String::as_str)
    }

    /// The files that were read.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let texts = self.seen.texts.iter().filter(|(_, text)| text.is_ok());
        texts.map(|(path, _)| path.as_str())
    }

    /// The modules that a file names by their paths.
    pub fn module_paths(&self) -> BTreeSet<&str> {
        let modules = self.seen.modules.keys();
        let names = modules.map(|(name, _)| name.as_str());
        names.filter(|name| name.starts_with('/')).collect()
    }

    /// What libpam reads for a service.
    #[must_use]
    pub fn service(&self, name: &str) -> Reading {
        Reading::of(self, name)
    }

    /// A file of which is known what it contains.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<String> {
        let bytes = Files::read(self, path).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The same files, except that one has this text.
    #[must_use]
    pub fn with(mut self, path: &str, text: &str) -> Self {
        let bytes = Ok(text.as_bytes().to_vec());
        self.seen.texts.insert(path.to_owned(), bytes);
        self
    }
}

impl Files for Snapshot {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let text = self.seen.texts.get(path).cloned();
        text.unwrap_or(Err(ReadError::Absent))
    }

    fn is_folder(&self, path: &str) -> bool {
        self.seen.folders.get(path).copied().unwrap_or_default()
    }

    fn has_module(&self, module: &str, phase: Phase) -> bool {
        let key = (module.to_owned(), phase);
        self.seen.modules.get(&key).copied().unwrap_or_default()
    }
}
