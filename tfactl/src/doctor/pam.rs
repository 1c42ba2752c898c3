//! The PAM files, and the services of packages that are gone.

use std::collections::BTreeSet;
use std::path::Path;

use tfa_doctor::{MODULE, PamFacts, pam_update_files};
use tfa_pam_host::{PamHost, Snapshot};

use super::missed::Missed;
use super::output::printed;

const DPKG: &str = "/usr/bin/dpkg-query";
const FOLDER: &str = "/etc/pam.d/";

/// Reads the files; `None` if they are not read in time. With the services of sshd and sudo, users log in whatever their
/// names are.
pub(super) fn collect(
    of_sshd: BTreeSet<String>,
    of_sudo: BTreeSet<String>,
    missed: &Missed,
) -> Option<PamFacts> {
    let removed = removed(DPKG, missed);
    let named = &of_sshd | &of_sudo;
    let files = missed.in_time(FOLDER, move |_| files(&named))?;
    let facts = PamFacts::of(files);
    Some(facts.without(removed).of_sshd(of_sshd).of_sudo(of_sudo))
}

fn files(named: &BTreeSet<String>) -> Snapshot {
    let host = PamHost::new();
    let files = pam_update_files(&host);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    Snapshot::of(&host, named, &files, &[MODULE])
}

/// The services whose file belongs to a package that was removed and not purged. Without an answer of
/// dpkg-query(1) there are none: more is reported then.
fn removed(dpkg: &str, missed: &Missed) -> BTreeSet<String> {
    if !Path::new(dpkg).exists() {
        return BTreeSet::new();
    }
    let format = "--showformat=${db:Status-Status}\\n${Conffiles}\\n";
    let listed = missed.known(printed(dpkg, &["--show", format]));
    services_in(&listed.unwrap_or_default())
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

    #[test]
    fn a_dpkg_that_fails_is_noted_and_an_absent_one_is_not() {
        let missed = Missed::default();
        assert_eq!(removed("/nonexistent/dpkg", &missed), BTreeSet::new());
        assert_eq!(missed.reasons(), Vec::<String>::new());
        assert_eq!(removed("/bin/false", &missed), BTreeSet::new());
        let reasons = missed.reasons();
        assert!(reasons[0].starts_with("/bin/false failed"), "{reasons:?}");
    }
}
