//! Files in memory.

use tfa_pam_stack::{FOLDERS, Files, Phase, ReadError, Reader, Release, Service, Unreadable};

/// Files by their paths; each module exists, except `pam_absent.so`.
pub(crate) struct Memory(pub(crate) Vec<(String, Vec<u8>)>);

impl Memory {
    /// Files in `/etc/pam.d`, or at an absolute path.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let path = |name: &str| match name.starts_with('/') {
            true => name.to_owned(),
            false => format!("/etc/pam.d/{name}"),
        };
        let files = files
            .iter()
            .map(|(name, text)| (path(name), text.as_bytes().to_vec()));
        Self(files.collect())
    }

    pub(crate) fn read(&self, service: &str, release: Release) -> Result<Service, Unreadable> {
        let reader = Reader {
            files: self,
            release,
            folders: &FOLDERS,
        };
        reader.read(service)
    }
}

impl Files for Memory {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let found = self.0.iter().find(|(name, _)| name == path);
        let (_, text) = found.ok_or(ReadError::Absent)?;
        Ok(text.clone())
    }

    fn is_folder(&self, path: &str) -> bool {
        let below = format!("{path}/");
        self.0.iter().any(|(name, _)| name.starts_with(&below))
    }

    fn has_module(&self, module: &str, _: Phase) -> bool {
        module != "pam_absent.so"
    }
}

/// A service of one file.
pub(crate) fn service(text: &str) -> Service {
    let files = Memory::new(&[("service", text)]);
    files.read("service", Release::V1_5).unwrap()
}
