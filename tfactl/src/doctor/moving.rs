//! The users of the modules that are moved from: those who have a file of google-authenticator in their homes, and those
//! in the files of pam_oath.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use zeroize::Zeroizing;

use super::missed::Missed;
use super::output::printed;

/// The file of the old module.
const FILE: &str = ".google_authenticator";
/// How many homes are looked at.
const MAX_HOMES: usize = 100_000;
/// The file systems that are mounted.
const MOUNTS: &str = "/proc/self/mounts";

/// Their names, as far as the name service lists users. Homes that a look would mount are left out. No file is
/// opened, and no link in place of one is followed.
pub(super) fn users(missed: &Missed) -> Option<BTreeSet<String>> {
    missed.in_time("homes", |missed| {
        let passwd = missed.known(printed("getent", &["--", "passwd"]))?;
        let mounts = missed.text(MOUNTS)?;
        Some(with_file(&passwd, &automatic(&mounts)))
    })?
}

/// The users in the text of passwd(5) whose home has the file, and is below none of these folders.
fn with_file(passwd: &str, left_out: &[String]) -> BTreeSet<String> {
    let accounts = passwd.lines().take(MAX_HOMES).filter_map(|line| {
        let mut fields = line.split(':');
        let (name, home) = (fields.next()?, Path::new(fields.nth(4)?));
        let is_left_out = left_out.iter().any(|folder| home.starts_with(folder));
        let has_file = || {
            let found = fs::symlink_metadata(home.join(FILE));
            found.is_ok_and(|found| found.is_file())
        };
        (home.is_absolute() && !is_left_out && has_file()).then(|| name.to_owned())
    });
    accounts.collect()
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
    fn files_count_and_links_and_homes_that_would_be_mounted_do_not() {
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
        assert_eq!(found, BTreeSet::from(["ann".to_owned()]));
        fs::remove_dir_all(folder).unwrap();
    }
}
