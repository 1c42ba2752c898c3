//! The users of entries that name an account or a serial number.

use std::collections::HashMap;
use std::path::Path;

use nix::unistd::User;
use tfa_import::MAX_FILE;

use super::candidate::{Candidate, Found};
use super::source;
use crate::messages;

impl Found {
    /// Takes an account for a user: as it is if there is such a user, else without what follows its last
    /// `@`.
    pub(super) fn with_accounts_as_users(self) -> Self {
        self.with_users(|account| {
            let before = account.rsplit_once('@').map(|(user, _)| user);
            match before.filter(|user| !user.is_empty()) {
                Some(user) if !exists(account) => user.to_owned(),
                _ => account.to_owned(),
            }
        })
    }

    /// Gives each serial number the user of the file, in which each line has a serial number and a user.
    /// Without a file a serial number is the user.
    pub(super) fn with_users_of(mut self, file: Option<&Path>) -> Self {
        let Some(file) = file else { return self };
        let users = match users_in(file) {
            Ok(users) => users,
            Err(problems) => {
                self.problems.extend(problems);
                return self;
            }
        };
        let serials = self.candidates.iter().map(|one| one.user.as_str());
        let missing = serials.filter(|serial| !users.contains_key(*serial));
        let missing: Vec<String> = missing
            .map(|serial| messages::no_user_of(file, serial))
            .collect();
        self.problems.extend(missing);
        self.with_users(|serial| users.get(serial).cloned().unwrap_or_default())
    }

    fn with_users(self, user: impl Fn(&str) -> String) -> Self {
        let mut candidates: Vec<Candidate> = Vec::with_capacity(self.candidates.len());
        let mut places: HashMap<String, usize> = HashMap::new();
        for mut candidate in self.candidates {
            candidate.user = user(&candidate.user);
            let place = *places
                .entry(candidate.user.clone())
                .or_insert(candidates.len());
            match candidates.get_mut(place) {
                Some(earlier) => earlier.entries.append(&mut candidate.entries),
                None => candidates.push(candidate),
            }
        }
        let named = |one: Candidate| one.named_anew();
        Self {
            candidates: candidates.into_iter().map(named).collect(),
            problems: self.problems,
        }
    }
}

fn exists(user: &str) -> bool {
    matches!(User::from_name(user), Ok(Some(_)))
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
