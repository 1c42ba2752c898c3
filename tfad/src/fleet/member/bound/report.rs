//! Reports to a verifier what happened while none could be reached, and learns which sets are void.

use std::sync::{Arc, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use tfa_core::{BoundReply, BoundReport};
use tfa_fleet_wire::{AccountCall, LoginCall, LoginReply, Reply, SecretBytes};
use tfa_proto::Error;
use zeroize::Zeroizing;

use super::BoundStore;
use crate::account;
use crate::config::FleetRole;
use crate::fleet::member::Forwarder;
use crate::fleet::member::calls::Failed;
use crate::fleet::{HostLogins, REPORT_BOUND_CODES, translate};
use crate::host::users::User;
use crate::log::DaemonEvent;
use crate::messages;

/// How long after a report the next one is made: a set that is void at the verifiers is accepted here for so long, if the
/// link is cut meanwhile.
const INTERVAL: Duration = Duration::from_secs(60);
/// The pause after the first failure. It doubles up to the interval.
const FIRST_RETRY: Duration = Duration::from_secs(5);
/// How many events one report has.
const MAX_EVENTS: usize = 16;

/// Why a report was not made.
enum NotReported {
    /// No verifier has answered, or its answer is not valid: later again.
    NoAnswer,
    /// The store of this host fails.
    Store(account::Error),
}

impl From<account::Error> for NotReported {
    fn from(error: account::Error) -> Self {
        Self::Store(error)
    }
}

/// Reports from time to time, on a thread of its own, until these logins are gone, or this host is no member.
pub(in crate::fleet) fn start(logins: &Arc<HostLogins>) {
    let logins = Arc::downgrade(logins);
    let thread = thread::Builder::new().name("bound codes".to_owned());
    // Without a thread nothing is reported until a restart, and nothing else fails.
    drop(thread.spawn(move || run(&logins)));
}

fn run(logins: &Weak<HostLogins>) {
    let mut pause = FIRST_RETRY;
    loop {
        thread::sleep(pause);
        let Some(logins) = logins.upgrade() else {
            return;
        };
        // On a host that is no member nothing wakes up for this.
        if !logins.state().may_be_member() {
            return;
        }
        let has_reported = logins.state().role() != Some(FleetRole::Member)
            || logins.forwarder().is_ok_and(Forwarder::report_bound_codes);
        pause = match has_reported {
            true => INTERVAL,
            false => pause.saturating_mul(2).min(INTERVAL),
        };
    }
}

impl Forwarder {
    /// Reports what is not reported of each user. Returns whether a verifier knows all.
    pub fn report_bound_codes(&self) -> bool {
        let Some(store) = self.bound.as_ref().filter(|store| store.exists()) else {
            return true;
        };
        let _alone = self.reporting();
        match self.report_all(store) {
            Ok(()) => true,
            Err(NotReported::NoAnswer) => false,
            Err(NotReported::Store(error)) => {
                let text = messages::bound_codes_not_reported(&error);
                self.state
                    .journal
                    .log_daemon(DaemonEvent::BoundCodesFailed(&text));
                false
            }
        }
    }

    pub(super) fn reporting(&self) -> MutexGuard<'_, ()> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report_all(&self, store: &BoundStore) -> Result<(), NotReported> {
        for name in store.users()? {
            let Some(uid) = store.uid_of(&name)? else {
                continue;
            };
            let user = User {
                name,
                uid,
                aliases: Vec::new(),
            };
            while self.report_once(store, &user)? {}
        }
        Ok(())
    }

    /// Reports some events of a user. Returns whether more are left.
    fn report_once(&self, store: &BoundStore, user: &User) -> Result<bool, NotReported> {
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
        let reply = self.send_report(user, &report)?;
        if set.is_some() && !reply.is_valid {
            let text = messages::bound_codes_void(&user.name);
            self.state
                .journal
                .log_daemon(DaemonEvent::BoundCodesFailed(&text));
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

    fn send_report(&self, user: &User, report: &BoundReport) -> Result<BoundReply, NotReported> {
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
            .send(LoginCall::Account(call), None, false, self.times.account);
        let reply = match sent {
            Ok(Reply::Login { reply, .. }) => reply,
            Ok(_) | Err(Failed::Unsent(_) | Failed::Unknown(_)) => {
                return Err(NotReported::NoAnswer);
            }
        };
        match reply {
            LoginReply::Account(result) => {
                BoundReply::decode(&result.0).map_err(|_| NotReported::NoAnswer)
            }
            // This host was removed, or the user is another one: no code may be accepted here.
            LoginReply::Refused { error, text } => match Error::from_name(&error, text) {
                Some(Error::NotAuthorized(_) | Error::UidChanged(_)) => Ok(BoundReply {
                    is_valid: false,
                    has_taken_events: false,
                }),
                _ => Err(NotReported::NoAnswer),
            },
            _ => Err(NotReported::NoAnswer),
        }
    }
}
