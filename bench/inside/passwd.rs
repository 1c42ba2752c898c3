//! `/etc/passwd` without the users of the single logins, for the time of a measurement.
//!
//! All users then come from the name service, as on a host with a directory: there `/etc/passwd` has
//! the accounts of the system only, and each login reads it before it asks the directory.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use crate::user::{LOCAL_USERS, User};
use tfa_tests::OrFail;

const PASSWD: &str = "/etc/passwd";

/// The users of the single logins are in `/etc/passwd` again when this ends.
pub(super) struct WithoutLocalUsers {
    before: String,
}

impl WithoutLocalUsers {
    pub(super) fn begin() -> Self {
        let before = fs::read_to_string(PASSWD).or_fail("read /etc/passwd");
        let local: HashSet<String> = User::first(LOCAL_USERS).map(User::passwd_line).collect();
        let system: String = before
            .split_inclusive('\n')
            .filter(|line| !local.contains(*line))
            .collect();
        replace(&system);
        Self { before }
    }
}

impl Drop for WithoutLocalUsers {
    fn drop(&mut self) {
        replace(&self.before);
    }
}

/// Replaces the file as `useradd` does: a program that reads it finds the old or the new content.
fn replace(content: &str) {
    let new = Path::new("/etc/passwd.new");
    fs::write(new, content).or_fail("write /etc/passwd");
    fs::rename(new, PASSWD).or_fail("replace /etc/passwd");
}
