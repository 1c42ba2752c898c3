//! The files that decide about logins because another file names them.

use std::collections::BTreeSet;

use tfa_doctor::sshd::SshdFacts;
use tfa_doctor::{Facts, PamFacts};

/// What is named by its path.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Files, programs and modules.
    pub(super) files: BTreeSet<String>,
    /// Those that are called `pam_tfa.so`.
    pub(super) modules: Vec<String>,
}

/// What the files of PAM, of sshd and of its unit name, and the files of sshd themselves.
pub(super) fn of(facts: &Facts) -> Named {
    let of_pam = facts.pam.iter().flat_map(PamFacts::named_files);
    let mut files: BTreeSet<String> = of_pam.map(str::to_owned).collect();
    files.extend(facts.sshd.iter().flat_map(SshdFacts::named_files));
    files.retain(|path| path.starts_with('/'));
    let modules = facts.pam.iter().flat_map(PamFacts::named_modules);
    Named {
        files,
        modules: modules.map(str::to_owned).collect(),
    }
}
