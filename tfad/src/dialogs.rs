//! The login dialogs under way, and whose they are.
//!
//! A dialog belongs to one connection and dies with it, after two minutes of silence, or with its
//! verdict. Each kind of caller has its bound, so that nobody can fill the daemon.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tfa_bus::{Context, Error};
use tfa_core::Dialog;

use crate::caller::Caller;
use crate::users::User;

/// How long a dialog waits for an answer.
pub const SILENCE: Duration = Duration::from_secs(120);
/// How many dialogs there are at most.
const MOST: usize = 4096;
/// How many dialogs there are at most about one user.
const MOST_ABOUT_ONE_USER: usize = 256;
/// How many dialogs a caller that is not root may have at most.
const MOST_OF_ONE_UID: usize = 8;

/// A dialog under way.
#[derive(Debug, Clone)]
pub struct Open {
    /// Who conducts it.
    pub caller: Caller,
    /// Who logs in.
    pub user: User,
    /// The circumstances.
    pub context: Context,
    /// Where it stands.
    pub dialog: Dialog,
}

/// All dialogs under way.
#[derive(Debug, Default)]
pub struct Dialogs {
    open: HashMap<u32, (Open, Instant)>,
    last: u32,
}

impl Dialogs {
    /// Takes up a dialog and numbers it.
    ///
    /// # Errors
    /// [`Error::Busy`] past the bounds.
    pub fn open(&mut self, dialog: Open, now: Instant) -> Result<u32, Error> {
        self.open
            .retain(|_, (_, since)| now.saturating_duration_since(*since) < SILENCE);
        let about_user = self.count(|open| open.user.uid == dialog.user.uid);
        let of_caller = self.count(|open| open.caller.uid == dialog.caller.uid);
        if self.open.len() >= MOST
            || about_user >= MOST_ABOUT_ONE_USER
            || (!dialog.caller.is_root() && of_caller >= MOST_OF_ONE_UID)
        {
            return Err(Error::Busy(
                "too many logins are under way; try again".to_owned(),
            ));
        }
        loop {
            self.last = self.last.wrapping_add(1);
            if !self.open.contains_key(&self.last) {
                self.open.insert(self.last, (dialog, now));
                return Ok(self.last);
            }
        }
    }

    /// Takes a dialog out for its next answer. While it is out, a second answer finds nothing.
    ///
    /// # Errors
    /// [`Error::NoSuchDialog`] for one that is over or another connection's.
    pub fn take(&mut self, number: u32, sender: &str, now: Instant) -> Result<Open, Error> {
        let gone = || Error::NoSuchDialog("the dialog is over; log in again".to_owned());
        let (open, since) = self.open.get(&number).ok_or_else(gone)?;
        if open.caller.name != sender {
            return Err(gone());
        }
        let silent = now.saturating_duration_since(*since) >= SILENCE;
        let (open, _) = self.open.remove(&number).ok_or_else(gone)?;
        if silent { Err(gone()) } else { Ok(open) }
    }

    /// Puts a dialog back that goes on.
    pub fn put_back(&mut self, number: u32, dialog: Open, now: Instant) {
        self.open.insert(number, (dialog, now));
    }

    /// Drops every dialog of a connection that is gone.
    pub fn forget(&mut self, sender: &str) {
        self.open.retain(|_, (open, _)| open.caller.name != sender);
    }

    fn count(&self, which: impl Fn(&Open) -> bool) -> usize {
        self.open.values().filter(|(open, _)| which(open)).count()
    }
}

#[cfg(test)]
mod tests {
    use tfa_core::{Account, Authenticator, Decision, Origin, Parameters, Secret, Time};

    use super::*;

    fn dialog(sender: &str, uid: u32, user: u32) -> Open {
        let mut account = Account::new(user);
        let key = Secret::new(&[7; 20]).unwrap();
        let authenticator = Authenticator::new("phone".to_owned(), Parameters::default(), key);
        let now = Time::from_secs(1_700_000_000);
        account.set_up(authenticator, now).unwrap();
        let begun = Dialog::begin(Decision::Ask, Some(&account), Origin::Remote, now);
        Open {
            caller: Caller {
                name: sender.to_owned(),
                uid,
            },
            user: User {
                name: format!("user{user}"),
                uid: user,
            },
            context: Context::default(),
            dialog: begun.dialog.unwrap(),
        }
    }

    #[test]
    fn a_dialog_is_its_callers_alone() {
        let (mut dialogs, now) = (Dialogs::default(), Instant::now());
        let number = dialogs.open(dialog(":1.5", 0, 1000), now).unwrap();
        assert!(matches!(
            dialogs.take(number, ":1.6", now),
            Err(Error::NoSuchDialog(_))
        ));
        assert!(dialogs.take(number, ":1.5", now).is_ok());
        assert!(matches!(
            dialogs.take(number, ":1.5", now),
            Err(Error::NoSuchDialog(_))
        ));
    }

    #[test]
    fn a_dialog_dies_with_its_connection_and_with_silence() {
        let (mut dialogs, now) = (Dialogs::default(), Instant::now());
        let number = dialogs.open(dialog(":1.5", 0, 1000), now).unwrap();
        dialogs.forget(":1.5");
        assert!(dialogs.take(number, ":1.5", now).is_err());
        let number = dialogs.open(dialog(":1.5", 0, 1000), now).unwrap();
        assert!(dialogs.take(number, ":1.5", now + SILENCE).is_err());
    }

    #[test]
    fn nobody_can_fill_the_daemon() {
        let (mut dialogs, now) = (Dialogs::default(), Instant::now());
        for _ in 0..MOST_OF_ONE_UID {
            dialogs.open(dialog(":1.9", 1000, 1000), now).unwrap();
        }
        assert!(matches!(
            dialogs.open(dialog(":1.10", 1000, 1000), now),
            Err(Error::Busy(_))
        ));
        for _ in 0..MOST_ABOUT_ONE_USER {
            dialogs.open(dialog(":1.5", 0, 2000), now).unwrap();
        }
        assert!(matches!(
            dialogs.open(dialog(":1.5", 0, 2000), now),
            Err(Error::Busy(_))
        ));
        assert!(dialogs.open(dialog(":1.5", 0, 3000), now).is_ok());
        assert!(dialogs.open(dialog(":1.5", 0, 2000), now + SILENCE).is_ok());
    }
}
