//! The PAM files of a host: which services there are, and what libpam reads for each.
//!
//! The releases of libpam in Debian 12 and 13 read a few lines differently. A [`Reading`] has what each
//! release reads, so that a question about a service can be answered for all of them, and an upgrade of
//! libpam opens no gap that was not reported before.

mod elf;
mod kept;
mod modules;
mod reading;
mod snapshot;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use tfa_file_state::Examination;
use tfa_pam_stack::{FOLDERS, Files, Phase, ReadError};

pub use kept::KeptAnswers;
pub use modules::ModuleFile;
pub use reading::Reading;
use snapshot::Once;
pub use snapshot::Snapshot;

/// The files of Debian that others include.
const COMMON: [&str; 5] = [
    "common-auth",
    "common-account",
    "common-password",
    "common-session",
    "common-session-noninteractive",
];
/// The ends of the names that editors and package managers leave behind.
const LEFT_BEHIND: [&str; 20] = [
    "~",
    ".bak",
    ".cfsaved",
    ".dpkg-backup",
    ".dpkg-bak",
    ".dpkg-dist",
    ".dpkg-new",
    ".dpkg-old",
    ".dpkg-tmp",
    ".old",
    ".orig",
    ".pacnew",
    ".pacsave",
    ".pam-old",
    ".rpmnew",
    ".rpmsave",
    ".save",
    ".swp",
    ".ucf-dist",
    ".ucf-old",
];

/// The files below a folder that stands for `/`.
#[derive(Debug, Clone)]
pub struct PamHost {
    root: PathBuf,
    modules: Vec<PathBuf>,
}

impl PamHost {
    /// The files of this host.
    #[must_use]
    pub fn new() -> Self {
        Self::below(Path::new("/"))
    }

    /// The files below a folder, with the paths that they have on a host. If it has no folder of modules,
    /// each module counts as present.
    #[must_use]
    pub fn below(root: &Path) -> Self {
        Self::examined(root, &unkept())
    }

    fn examined(root: &Path, examination: &Examination) -> Self {
        Self {
            root: root.to_owned(),
            modules: modules::folders(root, examination),
        }
    }

    /// The services that have a file. Left out are the files of Debian that others include (`common-auth`),
    /// and those that editors and package managers leave behind.
    #[must_use]
    pub fn services(&self) -> BTreeSet<String> {
        let folders = FOLDERS.iter().map(|folder| self.path(folder));
        let entries = folders.filter_map(|folder| fs::read_dir(folder).ok());
        let names = entries
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.filter(|name| is_service(name)).collect()
    }

    /// Whether a service of that name has a file.
    #[must_use]
    pub fn has_service(&self, service: &str) -> bool {
        let is_name = !service.is_empty() && !service.contains('/');
        let mut folders = FOLDERS.iter();
        is_name && folders.any(|folder| self.path(folder).join(service).exists())
    }

    /// What libpam reads for a service.
    #[must_use]
    pub fn read(&self, service: &str) -> Reading {
        Reading::of(&Once::new(self, &unkept()), service)
    }

    /// The files of a module: those in the folders that libpam searches, in its order, then those in
    /// folders that it does not search. No code of them is loaded.
    #[must_use]
    pub fn files_of(&self, module: &str) -> Vec<ModuleFile> {
        modules::files_of(&self.root, &self.modules, module)
    }

    /// The file of a module that a line names by its path. No code of it is loaded.
    #[must_use]
    pub fn module_at(&self, path: &str) -> Option<ModuleFile> {
        modules::file(&self.root, &self.path(path), true)
    }

    /// The content of a file. A folder counts as an empty file, and `/dev/null` is one for libpam.
    fn text_at(&self, path: &str, examination: &Examination) -> Result<Vec<u8>, ReadError> {
        let path = self.path(path);
        let state = examination.state(&path).ok_or(ReadError::Absent)?;
        if state.is_folder() || state.is_null_device() {
            return Ok(Vec::new());
        }
        if state.is_file() {
            return examination.read(&path).map_err(|_| ReadError::Absent);
        }
        // A socket cannot be opened. Opening a pipe would wait for its writer.
        Err(match state.is_socket() {
            true => ReadError::Absent,
            false => ReadError::NoFile,
        })
    }

    fn has_folder_at(&self, path: &str, examination: &Examination) -> bool {
        let state = examination.state(&self.path(path));
        state.is_some_and(|state| state.is_folder())
    }

    fn has_function(&self, module: &str, phase: Phase, examination: &Examination) -> bool {
        let path = |path: &str| self.path(path);
        modules::is_in(&self.modules, module, phase, path, examination)
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }
}

impl Default for PamHost {
    fn default() -> Self {
        Self::new()
    }
}

/// Each call looks at the present files.
impl Files for PamHost {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        self.text_at(path, &unkept())
    }

    fn is_folder(&self, path: &str) -> bool {
        self.has_folder_at(path, &unkept())
    }

    fn has_module(&self, module: &str, phase: Phase) -> bool {
        self.has_function(module, phase, &unkept())
    }
}

/// For what is read once and not kept.
fn unkept() -> Examination {
    Examination::new(UNIX_EPOCH)
}

/// Whether a file of that name describes a service. libpam looks for names in lower case only.
fn is_service(name: &str) -> bool {
    let is_left_behind = LEFT_BEHIND.iter().any(|end| name.ends_with(end));
    !COMMON.contains(&name) && !is_left_behind && !name.contains(char::is_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_no_services_are_left_out() {
        for name in [
            "sshd",
            "gdm-password",
            "su-l",
            "polkit-1",
            "other",
            "org.example.app",
            "common-login",
        ] {
            assert!(is_service(name), "{name}");
        }
        for name in [
            "common-auth",
            "sshd.dpkg-old",
            "login~",
            "SSHD",
            "su.pam-old",
            "sshd.old",
        ] {
            assert!(!is_service(name), "{name}");
        }
    }
}
