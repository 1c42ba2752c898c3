//! The files that decide about logins because another file names them.

use std::collections::BTreeSet;

use tfa_doctor::Facts;
use tfa_doctor::sshd::SshdFacts;

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
    let of_pam = facts.pam.named_files().map(str::to_owned);
    let mut files: BTreeSet<String> = of_pam.collect();
    files.extend(facts.sshd.iter().flat_map(SshdFacts::named_files));
    files.retain(|path| path.starts_with('/'));
    Named {
        files,
        modules: facts.pam.named_modules().map(str::to_owned).collect(),
    }
}
