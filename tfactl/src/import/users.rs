//! The users of entries that name an account or a serial number.

use std::collections::HashMap;
use std::path::Path;

use nix::unistd::User;
use tfa_import::MAX_FILE;

use super::list::Entries;
use super::source;
use crate::messages;

impl Entries {
    /// Takes an account for a user: as it is if there is such a user, else without what follows its last
    /// `@`.
    pub(super) fn with_accounts_as_users(mut self) -> Self {
        for entry in &mut self.entries {
            let before = entry.user.rsplit_once('@').map(|(user, _)| user.to_owned());
            let Some(before) = before.filter(|user| !user.is_empty()) else {
                continue;
            };
            match User::from_name(&entry.user) {
                Ok(Some(_)) => {}
                Ok(None) => entry.user = before,
                // It may be a user: the part before the `@` may be another one.
                Err(error) => self
                    .problems
                    .push(messages::user_unknown(&entry.user, &error.into())),
            }
        }
        self
    }

    /// Gives each token the user of the file, in which each line has a serial number and a user. Without a
    /// file, users are those that the tokens name.
    pub(super) fn with_users_of(mut self, file: Option<&Path>) -> Self {
        let Some(file) = file else { return self };
        let users = match users_in(file) {
            Ok(users) => users,
            Err(problems) => {
                self.problems.extend(problems);
                return self;
            }
        };
        for entry in &mut self.entries {
            let serial = entry.label.as_ref().unwrap_or(&entry.user);
            match users.get(serial) {
                Some(user) => entry.user.clone_from(user),
                None => self.problems.push(messages::no_user_of(file, serial)),
            }
        }
        self
    }
}

/// The users by serial number. Empty lines and comments (`#`) are ignored.
fn users_in(file: &Path) -> Result<HashMap<String, String>, Vec<String>> {
    let shown = file.display().to_string();
    let content = source::read(file, MAX_FILE, source::is_of_administrator);
    let content = content.map_err(|why| vec![messages::import_unreadable(&shown, &why)])?;
    let text = str::from_utf8(&content.bytes).map_err(|_| vec![messages::not_text(&shown)])?;
    let (mut users, mut problems) = (HashMap::new(), Vec::new());
    for (line, number) in text.lines().zip(1..) {
        let content = line.split('#').next().unwrap_or_default();
        // A serial number may have blanks, a user has none.
        match content.trim().rsplit_once([' ', '\t']) {
            None if content.trim().is_empty() => {}
            None => problems.push(messages::not_serial_and_user(&shown, number)),
            Some((serial, user)) => {
                let serial = serial.trim_end().to_owned();
                if users.insert(serial, user.to_owned()).is_some() {
                    problems.push(messages::serial_twice(&shown, number));
                }
            }
        }
    }
    if problems.is_empty() {
        Ok(users)
    } else {
        Err(problems)
    }
}
