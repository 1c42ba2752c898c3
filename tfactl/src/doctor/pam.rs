//! The PAM files, and the services of packages that are gone.

use std::collections::BTreeSet;
use std::path::Path;

use tfa_doctor::{MODULE, PamFacts, pam_update_files};
use tfa_pam_host::{PamHost, Snapshot};

use super::output::printed;

const DPKG: &str = "/usr/bin/dpkg-query";
const FOLDER: &str = "/etc/pam.d/";

/// Reads the files. With the services of sshd, users log in whatever their names are.
pub(super) fn collect(of_sshd: BTreeSet<String>) -> PamFacts {
    let host = PamHost::new();
    let files = pam_update_files(&host);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    PamFacts::of(Snapshot::of(&host, &of_sshd, &files, &[MODULE]))
        .without(removed())
        .of_sshd(of_sshd)
}

/// The services whose file belongs to a package that was removed and not purged. Without an answer of dpkg(1)
/// there are none: more is reported then.
fn removed() -> BTreeSet<String> {
    if !Path::new(DPKG).exists() {
        return BTreeSet::new();
    }
    let format = "--showformat=${db:Status-Status}\\n${Conffiles}\\n";
    let listed = printed(DPKG, &["--show", format]).unwrap_or_default();
    services_in(&listed)
}

/// Each package has a line with its state, and below it a line for each file, with a blank before it. A file
/// that a package has now counts for that.
fn services_in(listed: &str) -> BTreeSet<String> {
    let (mut gone, mut there) = (BTreeSet::new(), BTreeSet::new());
    let mut is_gone = false;
    for line in listed.lines() {
        let Some(file) = line.strip_prefix(' ') else {
            is_gone = match line {
                "" => is_gone,
                state => state == "config-files",
            };
            continue;
        };
        let path = file.split(' ').next().unwrap_or_default();
        let Some(service) = path.strip_prefix(FOLDER) else {
            continue;
        };
        let services = if is_gone { &mut gone } else { &mut there };
        services.insert(service.to_owned());
    }
    gone.retain(|service| !there.contains(service));
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_of_packages_that_are_gone_are_known() {
        let listed = "installed\n /etc/pam.d/login 0a\n /etc/login.defs 0b\n\
                      config-files\n /etc/cockpit/x 0c\n /etc/pam.d/cockpit 0d\n /etc/pam.d/su 0e\n\
                      installed\n\nconfig-files\n\n\
                      installed\n /etc/pam.d/su 0f\n /etc/pam.d/su-l 0f obsolete\n";
        let expected = BTreeSet::from(["cockpit".to_owned()]);
        assert_eq!(services_in(listed), expected);
        assert_eq!(services_in(""), BTreeSet::new());
    }
}
