//! The files that decide about logins because another file names them.

use std::collections::BTreeSet;

use tfa_doctor::Facts;

/// The settings of sshd whose value is a file, or a program with its arguments.
const SETTINGS: [&str; 5] = [
    "authorizedkeyscommand",
    "authorizedprincipalscommand",
    "hostkey",
    "revokedkeys",
    "trustedusercakeys",
];

/// What is named by its path.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Files, programs and modules.
    pub(super) files: BTreeSet<String>,
    /// Those that are called `pam_tfa.so`.
    pub(super) modules: Vec<String>,
}

/// What the files of PAM and sshd name.
pub(super) fn of(facts: &Facts) -> Named {
    let of_pam = facts.pam.named_files().map(str::to_owned);
    let mut files: BTreeSet<String> = of_pam.collect();
    if let Some(sshd) = &facts.sshd {
        let places = sshd.lines.iter();
        files.extend(places.filter_map(|line| {
            let (file, _) = line.place.rsplit_once(':')?;
            Some(file.to_owned())
        }));
        let settings = sshd.connections.iter().map(|(_, settings)| settings);
        let values = settings.flat_map(|settings| SETTINGS.map(|keyword| settings.value(keyword)));
        let paths = values.filter_map(|value| value.split_whitespace().next());
        files.extend(paths.map(str::to_owned));
    }
    files.retain(|path| path.starts_with('/'));
    Named {
        files,
        modules: facts.pam.named_modules().map(str::to_owned).collect(),
    }
}
