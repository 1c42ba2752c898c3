//! Reports to a verifier what happened while none could be reached, and learns which sets are void.

use std::time::Duration;

use tfa_core::{BoundReply, BoundReport};
use tfa_fleet_wire::{AccountCall, LoginCall, LoginReply, REPORT_BOUND_CODES, Reply, SecretBytes};
use zeroize::Zeroizing;

use super::BoundStore;
use crate::account;
use crate::fleet::member::Forwarder;
use crate::fleet::translate;
use crate::host::users::User;
use crate::log::DaemonEvent;
use crate::messages;

/// How many events one report has.
const MAX_EVENTS: usize = 16;
/// How long a report waits for a set that is being made.
const WAIT: Duration = Duration::from_secs(10);
/// In place of a user, where it is not known of whom something is kept.
const NO_USER: &str = "";

/// Why a report was not made.
pub(super) enum NotReported {
    /// No verifier has answered: later again, for each user.
    NoAnswer,
    /// A set is being made meanwhile.
    Busy,
    /// A verifier has answered, and has not taken the report of this user. The text says why.
    Refused(String),
    /// The store of this host fails.
    Store(account::Error),
}

impl From<account::Error> for NotReported {
    fn from(error: account::Error) -> Self {
        Self::Store(error)
    }
}

impl Forwarder {
    /// Reports what is not reported of each user. Returns whether a verifier knows all.
    pub fn report_bound_codes(&self) -> bool {
        let Some(store) = self.bound.as_ref().filter(|store| store.exists()) else {
            return true;
        };
        let names = match store.users() {
            Ok(names) => names,
            Err(error) => {
                self.log_not_reported(NO_USER, &error.to_string());
                return false;
            }
        };
        let mut knows_all = true;
        for name in names {
            match self.report_of(store, &name) {
                Ok(()) => {}
                Err(NotReported::NoAnswer) => return false,
                Err(NotReported::Busy) => knows_all = false,
                // The codes of the others must not stay good for it.
                Err(NotReported::Refused(why)) => {
                    self.log_not_reported(&name, &why);
                    knows_all = false;
                }
                Err(NotReported::Store(error)) => {
                    self.log_not_reported(&name, &error.to_string());
                    knows_all = false;
                }
            }
        }
        knows_all
    }

    fn log_not_reported(&self, name: &str, why: &str) {
        if self.not_reported.is_due(name) {
            let text = messages::bound_codes_not_reported(name, why);
            self.log_bound(&text);
        }
    }

    fn log_bound(&self, text: &str) {
        let event = DaemonEvent::BoundCodesFailed(text);
        self.state.journal.log_daemon(event);
    }

    fn report_of(&self, store: &BoundStore, name: &str) -> Result<(), NotReported> {
        let Some(uid) = store.uid_of(name)? else {
            return Ok(());
        };
        let user = User {
            name: name.to_owned(),
            uid,
            aliases: Vec::new(),
        };
        loop {
            let alone = self.reports.acquire_within(WAIT);
            let _alone = alone.ok_or(NotReported::Busy)?;
            if !self.report_once(store, &user, self.times.account)? {
                return Ok(());
            }
        }
    }

    /// Reports some events of a user, and the set in use. Returns whether more are left. The caller has the permit of
    /// the reports.
    pub(super) fn report_once(
        &self,
        store: &BoundStore,
        user: &User,
        limit: Duration,
    ) -> Result<bool, NotReported> {
        let Some(codes) = store.load(user)? else {
            return Ok(false);
        };
        let set = codes.set().map(|set| set.id);
        let events: Vec<_> = codes.events().iter().take(MAX_EVENTS).cloned().collect();
        if set.is_none() && events.is_empty() {
            return Ok(false);
        }
        let last = events.iter().map(|event| event.number).max();
        let report = BoundReport { set, events };
        let reply = self.send_report(user, &report, limit)?;
        if set.is_some() && !reply.is_valid {
            self.log_bound(&messages::bound_codes_void(&user.name));
        }
        let more = store.change(user, |codes| {
            if let Some(last) = last.filter(|_| reply.has_taken_events) {
                codes.confirm(last);
            }
            if let Some(set) = set.filter(|_| !reply.is_valid) {
                codes.make_void(set);
            }
            !codes.events().is_empty()
        })?;
        Ok(more.unwrap_or(false) && reply.has_taken_events)
    }

    fn send_report(
        &self,
        user: &User,
        report: &BoundReport,
        limit: Duration,
    ) -> Result<BoundReply, NotReported> {
        let call = AccountCall {
            user: translate::login_user(user),
            method: REPORT_BOUND_CODES.to_owned(),
            arguments: SecretBytes(Zeroizing::new(report.encode())),
            subject: None,
            proved_by: None,
            // A verifier counts each event once.
            only_reads: true,
        };
        let sent = self
            .fleet
            .send(LoginCall::Account(call), None, false, limit);
        let Ok(Reply::Login { reply, .. }) = sent else {
            return Err(NotReported::NoAnswer);
        };
        let not_understood = || NotReported::Refused(messages::REPLY_NOT_UNDERSTOOD.to_owned());
        match reply {
            LoginReply::Account(result) => {
                BoundReply::decode(&result.0).map_err(|_| not_understood())
            }
            // It makes no set void: one verifier may be wrong, and has not read the account.
            LoginReply::Refused { text, .. } => Err(NotReported::Refused(text)),
            _ => Err(not_understood()),
        }
    }
}
