//! The dialogs of this host at verifiers. A dialog belongs to one connection, as in `login::sessions`.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::bound::OfflineDialog;
use super::calls::Fleet;
use super::remote::RemoteDialog;
use crate::caller::Caller;
use crate::login::Error;
use crate::login::sessions::ENROLLMENT_IDLE_TIMEOUT;

/// How long a dialog waits for an answer. The verifier, which knows what was asked, may end it before.
const IDLE_TIMEOUT: Duration = ENROLLMENT_IDLE_TIMEOUT;
/// The number of dialogs. Half of them are reserved for root's.
const MAX_DIALOGS: usize = 4096;
/// The number of dialogs of one caller who is not root.
const MAX_PER_CALLER: usize = 8;

/// A dialog that waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Open {
    /// A verifier has it.
    Remote(RemoteDialog),
    /// This host has it, because there was no verifier when it began.
    Offline(OfflineDialog),
}

impl Open {
    /// Ends the dialog of the verifier, if it has one.
    pub(super) fn cancel(&self, fleet: &Fleet) {
        if let Self::Remote(remote) = self {
            remote.cancel(fleet);
        }
    }

    /// Who logs in.
    pub(super) fn user(&self) -> &str {
        let attempt = match self {
            Self::Remote(remote) => remote.attempt(),
            Self::Offline(offline) => offline.attempt(),
        };
        &attempt.user().name
    }
}

/// The open dialogs of this host, by their number here.
#[derive(Debug, Default)]
pub(super) struct Dialogs {
    open: HashMap<u32, Slot>,
    last: u32,
}

#[derive(Debug)]
struct Slot {
    dialog: Open,
    caller: Caller,
    since: Instant,
    /// An answer is being judged: there is no question to answer meanwhile.
    judging: bool,
}

impl Slot {
    fn is_expired(&self, now: Instant) -> bool {
        !self.judging && now.duration_since(self.since) >= IDLE_TIMEOUT
    }
}

impl Dialogs {
    pub(super) fn open(
        &mut self,
        caller: &Caller,
        dialog: Open,
        now: Instant,
    ) -> Result<u32, Error> {
        self.open.retain(|_, slot| !slot.is_expired(now));
        let of_caller = self
            .open
            .values()
            .filter(|slot| slot.caller.uid == caller.uid);
        let (of_caller, root) = (of_caller.count(), caller.is_root());
        let most = if root { MAX_DIALOGS } else { MAX_DIALOGS / 2 };
        if self.open.len() >= most || (!root && of_caller >= MAX_PER_CALLER) {
            return Err(Error::TooManyDialogs);
        }
        loop {
            self.last = self.last.wrapping_add(1);
            if self.last != 0 && !self.open.contains_key(&self.last) {
                let slot = Slot {
                    dialog,
                    caller: caller.clone(),
                    since: now,
                    judging: false,
                };
                self.open.insert(self.last, slot);
                return Ok(self.last);
            }
        }
    }

    /// Takes a dialog up for an answer.
    pub(super) fn take(
        &mut self,
        number: u32,
        sender: &str,
        now: Instant,
    ) -> Result<(Caller, Open), Error> {
        let slot = self.open.get_mut(&number);
        let slot = slot.filter(|slot| slot.caller.name == sender);
        let slot = slot.filter(|slot| !slot.judging && !slot.is_expired(now));
        let slot = slot.ok_or(Error::NoSuchDialog)?;
        slot.judging = true;
        Ok((slot.caller.clone(), slot.dialog.clone()))
    }

    /// The dialog goes on with its next question. Returns it if its connection has ended.
    pub(super) fn resume(&mut self, number: u32, dialog: Open, now: Instant) -> Option<Open> {
        let Some(slot) = self.open.get_mut(&number) else {
            return Some(dialog);
        };
        slot.dialog = dialog;
        slot.since = now;
        slot.judging = false;
        None
    }

    pub(super) fn close(&mut self, number: u32) {
        self.open.remove(&number);
    }

    pub(super) fn idle_timeout(&self, sender: &str) -> Option<Duration> {
        let mut own = self.open.values().filter(|slot| slot.caller.name == sender);
        own.next().map(|_| IDLE_TIMEOUT)
    }

    /// The connection has ended. Returns its dialogs that wait for an answer: one that is judged is
    /// [resumed](Self::resume).
    pub(super) fn forget(&mut self, sender: &str, now: Instant) -> Vec<Open> {
        self.open.retain(|_, slot| !slot.is_expired(now));
        let own = self
            .open
            .extract_if(|_, slot| slot.caller.name == sender)
            .map(|(_, slot)| slot);
        own.filter(|slot| !slot.judging)
            .map(|slot| slot.dialog)
            .collect()
    }
}
