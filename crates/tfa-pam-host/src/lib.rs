//! The PAM files of a host: which services there are, and what libpam reads for each.
//!
//! The releases of libpam in Debian 12 and 13 read a few lines differently. A [`Reading`] has what each
//! release reads, so that a question about a service can be answered for all of them, and an upgrade of
//! libpam opens no gap that was not reported before.

mod elf;
mod modules;
mod reading;
mod snapshot;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tfa_pam_stack::{FOLDERS, Files};

pub use modules::ModuleFile;
use snapshot::Once;

pub use reading::Reading;
pub use snapshot::Snapshot;

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
        Self {
            root: root.to_owned(),
            modules: modules::folders(root),
        }
    }

    /// The services that have a file. Left out are the files that others include (`common-auth`), and
    /// those with a dot or a tilde in their names, which editors and package managers leave behind.
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
        is_name && folders.any(|folder| self.path(folder).join(service).is_file())
    }

    /// What libpam reads for a service.
    #[must_use]
    pub fn read(&self, service: &str) -> Reading {
        Reading::of(&Once::new(self), service)
    }

    /// The files of a module: those in the folders that libpam searches, in its order, then those in
    /// folders that it does not search. No code of them is loaded.
    #[must_use]
    pub fn files_of(&self, module: &str) -> Vec<ModuleFile> {
        modules::files_of(&self.root, &self.modules, module)
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

impl Files for PamHost {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        let path = self.path(path);
        let kind = fs::metadata(&path).ok()?.file_type();
        if kind.is_dir() {
            return Some(Vec::new());
        }
        // Opening a pipe would wait for its writer.
        if kind.is_file() {
            fs::read(path).ok()
        } else {
            None
        }
    }

    fn is_folder(&self, path: &str) -> bool {
        self.path(path).is_dir()
    }

    fn has_module(&self, module: &str) -> bool {
        modules::is_in(&self.modules, module, |path| self.path(path))
    }
}

/// Whether a file of that name describes a service. libpam looks for names in lower case only.
fn is_service(name: &str) -> bool {
    let is_left_behind = name.contains(['.', '~']);
    !name.starts_with("common-") && !is_left_behind && !name.contains(char::is_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_no_services_are_left_out() {
        for name in ["sshd", "gdm-password", "su-l", "polkit-1", "other"] {
            assert!(is_service(name), "{name}");
        }
        for name in ["common-auth", "sshd.dpkg-old", "login~", "SSHD"] {
            assert!(!is_service(name), "{name}");
        }
    }
}
