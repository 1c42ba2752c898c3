//! What the releases of libpam read for one service.

use tfa_pam_stack::{FOLDERS, Files, Reader, Release, Service, Unreadable};

/// What the releases of libpam read for one service, each result once.
#[derive(Debug, Clone)]
pub struct Reading(Vec<Result<Service, Unreadable>>);

impl Reading {
    pub(crate) fn of(files: &dyn Files, service: &str) -> Self {
        let mut results = Vec::new();
        for release in [Release::V1_5, Release::V1_7] {
            let reader = Reader {
                files,
                release,
                folders: &FOLDERS,
            };
            let result = reader.read(service);
            if !results.contains(&result) {
                results.push(result);
            }
        }
        Self(results)
    }

    /// What was read, with the errors for which libpam refuses each login.
    pub fn results(&self) -> impl Iterator<Item = Result<&Service, &Unreadable>> {
        self.0.iter().map(Result::as_ref)
    }

    /// Whether some release reads a service for which this is true.
    pub fn any(&self, holds: impl Fn(&Service) -> bool) -> bool {
        self.services().any(holds)
    }

    /// Whether each release reads a service for which this is true.
    pub fn all(&self, holds: impl Fn(&Service) -> bool) -> bool {
        self.0
            .iter()
            .all(|result| result.as_ref().is_ok_and(&holds))
    }

    fn services(&self) -> impl Iterator<Item = &Service> {
        self.0.iter().flatten()
    }
}
