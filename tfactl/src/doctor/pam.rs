//! The PAM files, and the services of packages that are gone.

use std::collections::BTreeSet;
use std::path::Path;

use tfa_doctor::{MODULE, PamFacts, pam_update_files, programs};
use tfa_pam_host::{PamHost, Snapshot};

use super::missed::Missed;
use super::output::printed;

const DPKG: &str = "/usr/bin/dpkg-query";
/// Where programs are, those of administrators and of samba's own build included.
const PROGRAMS: [&str; 9] = [
    "/usr/sbin",
    "/usr/bin",
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/local/samba/sbin",
    "/opt/samba/sbin",
    "/opt/local/sbin",
    "/sbin",
    "/bin",
];
const FOLDER: &str = "/etc/pam.d/";

/// Reads the files; `None` if they are not read in time. With the services of sshd and sudo, users log in whatever their
/// names are.
pub(super) fn collect(
    of_sshd: BTreeSet<String>,
    of_sudo: BTreeSet<String>,
    missed: &Missed,
) -> Option<PamFacts> {
    let Listed { gone, there } = listed(DPKG, missed);
    let named = &of_sshd | &of_sudo;
    let files = missed.in_time(FOLDER, move |_| files(&named))?;
    let facts = PamFacts::of(files);
    let facts = facts
        .without(gone)
        .packaged(there)
        .without_programs(without_programs(&PROGRAMS.map(Path::new)));
    Some(facts.of_sshd(of_sshd).of_sudo(of_sudo))
}

fn files(named: &BTreeSet<String>) -> Snapshot {
    let host = PamHost::new();
    let files = pam_update_files(&host);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    Snapshot::of(&host, named, &files, &[MODULE])
}

/// The services whose files belong to packages.
#[derive(Debug, Default, PartialEq, Eq)]
struct Listed {
    /// The package was removed and not purged.
    gone: BTreeSet<String>,
    /// The package is installed.
    there: BTreeSet<String>,
}

/// The services of packages. Without an answer of dpkg-query(1) there are none: more is reported as a lock-out then.
fn listed(dpkg: &str, missed: &Missed) -> Listed {
    if !Path::new(dpkg).exists() {
        return Listed::default();
    }
    let format = "--showformat=${db:Status-Status}\\n${Conffiles}\\n";
    let listed = missed.known(printed(dpkg, &["--show", format]));
    services_in(&listed.unwrap_or_default())
}

/// The services with known programs of which none is in one of the folders.
fn without_programs(folders: &[&Path]) -> BTreeSet<String> {
    let is_there = |name: &&str| folders.iter().any(|folder| folder.join(name).exists());
    let without = programs().filter(|(_, names)| !names.iter().any(is_there));
    without.map(|(service, _)| service.to_owned()).collect()
}

/// Each package has a line with its state, and below it a line for each file, with a blank before it. A file
/// that a package has now counts for that.
fn services_in(listed: &str) -> Listed {
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
    Listed { gone, there }
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
        let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let expected = Listed {
            gone: of(&["cockpit"]),
            there: of(&["login", "su", "su-l"]),
        };
        assert_eq!(services_in(listed), expected);
        assert_eq!(services_in(""), Listed::default());
    }

    #[test]
    fn a_service_whose_program_is_nowhere_is_known() {
        let folder = std::env::temp_dir().join(format!("tfactl-programs-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let folders = [Path::new("/nonexistent"), &folder];
        assert!(without_programs(&folders).contains("samba"));
        std::fs::write(folder.join("smbd"), "").unwrap();
        assert!(!without_programs(&folders).contains("samba"));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_dpkg_that_fails_is_noted_and_an_absent_one_is_not() {
        let missed = Missed::default();
        assert_eq!(listed("/nonexistent/dpkg", &missed), Listed::default());
        assert_eq!(missed.reasons(), Vec::<String>::new());
        assert_eq!(listed("/bin/false", &missed), Listed::default());
        let reasons = missed.reasons();
        assert!(reasons[0].starts_with("/bin/false failed"), "{reasons:?}");
    }
}
