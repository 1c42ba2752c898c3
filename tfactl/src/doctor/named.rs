//! The files that decide about logins because another file names them.

use std::collections::BTreeSet;

use tfa_doctor::sshd::SshdFacts;
use tfa_doctor::{Facts, PamFacts, sudo_programs};

use super::missed::Missed;

/// What is named by its path.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Files, programs and modules.
    pub(super) files: BTreeSet<String>,
    /// Those that are called `pam_tfa.so`.
    pub(super) modules: Vec<String>,
}

/// Where the loader looks for libraries, of programs with the set-user-ID bit too.
const LIBRARY_FOLDERS: [&str; 2] = ["/etc/ld.so.conf", "/etc/ld.so.conf.d/*.conf"];

/// What the files of PAM, of sshd and of its unit, and of the loader name, and rules of sudo without a password; and
/// the files of sshd themselves.
pub(super) fn of(facts: &Facts, sudo_rules: Option<&str>, missed: &Missed) -> Named {
    let of_pam = facts.pam.iter().flat_map(PamFacts::named_files);
    let mut files: BTreeSet<String> = of_pam.map(str::to_owned).collect();
    files.extend(facts.sshd.iter().flat_map(SshdFacts::named_files));
    for (_, text) in missed.texts(&LIBRARY_FOLDERS) {
        files.extend(folders(&text));
    }
    files.extend(sudo_rules.into_iter().flat_map(sudo_programs));
    files.retain(|path| path.starts_with('/'));
    let modules = facts.pam.iter().flat_map(PamFacts::named_modules);
    Named {
        files,
        modules: modules.map(str::to_owned).collect(),
    }
}

/// The folders of a file of ld.so.conf(5), each in a line of its own, with a type of library behind it in old files.
fn folders(text: &str) -> impl Iterator<Item = String> {
    let lines = text
        .lines()
        .filter_map(|line| line.split(['#', '=']).next());
    let words = lines.flat_map(|line| line.split([' ', '\t', ',', ':']));
    words.filter(|word| !word.contains('*')).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_of_the_loader_are_known() {
        let text = "# /a\n/b # c\n/d=libc6\n /e:/f\n";
        let absolute: Vec<String> = folders(text).filter(|word| word.starts_with('/')).collect();
        assert_eq!(absolute, ["/b", "/d", "/e", "/f"]);
    }
}
