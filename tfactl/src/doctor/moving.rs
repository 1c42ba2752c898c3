//! The users of the modules that are moved from: those who have a file of google-authenticator in their homes, and those
//! in the files of pam_oath.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use zeroize::Zeroizing;

use super::groups::{SWITCH, sources};
use super::key_accounts::NO_SHELLS;
use super::missed::Missed;
use super::output::printed;

/// The file of the old module.
const FILE: &str = ".google_authenticator";
/// The sources of users that list all of them.
const LISTED: [&str; 4] = ["files", "compat", "systemd", "db"];
/// How many homes are looked at.
const MAX_HOMES: usize = 100_000;
/// The file systems that are mounted.
const MOUNTS: &str = "/proc/self/mounts";

/// The users with a file in their homes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) users: BTreeSet<String>,
    /// The name service lists each user, and each home was looked at.
    pub(super) are_all: bool,
}

/// Their names, as far as the name service lists users. Homes that a look would mount are left out. No file is
/// opened, and no link in place of one is followed: the old module follows it, so it counts as a file.
pub(super) fn users(missed: &Missed) -> Option<Found> {
    missed.in_time("homes", |missed| {
        let passwd = missed.known(printed("getent", &["--", "passwd"]))?;
        let mounts = missed.text(MOUNTS)?;
        let switch = missed.text(SWITCH).unwrap_or_default();
        let mut found = with_file(&passwd, &automatic(&mounts));
        found.are_all &= lists_all(&switch);
        Some(found)
    })?
}

/// The users in the text of passwd(5) whose home has the file, and is below none of these folders. What cannot be
/// looked at counts as a file.
fn with_file(passwd: &str, left_out: &[String]) -> Found {
    let mut found = Found {
        users: BTreeSet::new(),
        are_all: passwd.lines().count() <= MAX_HOMES,
    };
    for line in passwd.lines().take(MAX_HOMES) {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, _, _, _, home, shell] = fields[..] else {
            continue;
        };
        let home = Path::new(home);
        let is_left_out = left_out.iter().any(|folder| home.starts_with(folder));
        if !home.is_absolute() {
            continue;
        }
        if is_left_out || !home.is_dir() {
            // The home may be on another host that does not answer now.
            let logs_in = !NO_SHELLS.iter().any(|ending| shell.ends_with(ending));
            found.are_all &= !logs_in;
        } else if may_exist(&home.join(FILE)) {
            found.users.insert(name.to_owned());
        }
    }
    found
}

fn may_exist(file: &Path) -> bool {
    let found = fs::symlink_metadata(file);
    found.map_or_else(|error| error.kind() != ErrorKind::NotFound, |_| true)
}

/// Whether each source of users in the text of nsswitch.conf(5) lists all of its users. Directories do not, or only
/// if they are set up so.
fn lists_all(switch: &str) -> bool {
    let sources = sources(switch, "passwd");
    sources
        .iter()
        .all(|source| LISTED.contains(&source.as_str()))
}

/// The users in files of pam_oath, which belong to root. The keys beside the names are not kept. `None` if a file cannot
/// be read.
pub(super) fn users_of_oath(files: BTreeSet<String>, missed: &Missed) -> Option<BTreeSet<String>> {
    missed.in_time("users of pam_oath", move |missed| {
        let names = files.iter().map(|file| {
            let text = Zeroizing::new(missed.text(file)?);
            Some(names(&text))
        });
        let names: Option<Vec<BTreeSet<String>>> = names.collect();
        Some(names?.into_iter().flatten().collect())
    })?
}

/// The names in the text of such a file: TYPE USER PIN KEY.
fn names(text: &str) -> BTreeSet<String> {
    let lines = text.lines().map(str::trim_start);
    let entries = lines.filter(|line| line.starts_with("HOTP"));
    let names = entries.filter_map(|line| line.split_ascii_whitespace().nth(1));
    names.map(str::to_owned).collect()
}

/// The folders in which each home is mounted when it is looked at.
fn automatic(mounts: &str) -> Vec<String> {
    let folders = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ');
        let (folder, kind) = (fields.nth(1)?, fields.next()?);
        (kind == "autofs").then(|| folder.to_owned())
    });
    folders.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_of_pam_oath_are_named_once() {
        let text = "# HOTP gone - 00\nHOTP alice - 3132 5\nHOTP/T30/6\tbob\t+\t3132\nHOTP/E alice pin 3132\nx y\n";
        let expected = ["alice", "bob"].map(str::to_owned);
        assert_eq!(names(text), BTreeSet::from(expected));
    }

    #[test]
    fn files_and_links_count_and_homes_that_are_not_looked_at_are_known() {
        let folder = std::env::temp_dir().join(format!("tfactl-moving-{}", std::process::id()));
        let home = |name: &str| folder.join(name);
        for name in ["ann", "bob", "cid", "auto/dan"] {
            fs::create_dir_all(home(name)).unwrap();
        }
        fs::write(home("ann").join(FILE), "").unwrap();
        fs::write(home("auto/dan").join(FILE), "").unwrap();
        std::os::unix::fs::symlink(home("ann").join(FILE), home("bob").join(FILE)).unwrap();
        let line = |name: &str| format!("{name}:x:1:1::{}:/bin/sh\n", home(name).display());
        let passwd: String = ["ann", "bob", "cid", "auto/dan"].map(line).concat();
        let mounts = format!(
            "x {} autofs rw 0 0\ny /srv ext4 rw 0 0\n",
            home("auto").display()
        );
        let found = with_file(&passwd, &automatic(&mounts));
        let users = BTreeSet::from(["ann", "bob"].map(str::to_owned));
        assert_eq!((&found.users, found.are_all), (&users, false));
        let passwd: String = ["ann", "bob", "cid"].map(line).concat();
        assert!(with_file(&passwd, &[]).are_all);
        let gone = format!("{passwd}eve:x:1:1::{}:/bin/sh\n", home("gone").display());
        assert!(!with_file(&gone, &[]).are_all);
        assert!(with_file(&gone.replace("gone:/bin/sh", "gone:/usr/sbin/nologin"), &[]).are_all);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_directory_may_have_users_that_it_does_not_list() {
        assert!(lists_all("passwd: files systemd\ngroup: files sss\n"));
        assert!(!lists_all("passwd: files sss\n"));
        assert!(!lists_all("passwd: files [NOTFOUND=continue] ldap # x\n"));
    }
}
