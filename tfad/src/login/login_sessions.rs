//! The login sessions that began with a code or from a remembered device, in memory.
//!
//! At the time of the code the session does not exist yet: the login program, or its parent, opens it
//! later, and gets an audit session id of its own then. So an entry holds both processes, with the id
//! that they had before. A later program is in that session if it has the same id as one of the two, and
//! the id is new. The entry ends with the process, so an id or a pid that is used again does not match.
//! Nothing here is stored: after a restart of the daemon each login asks.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tfa_core::{Binding, DeviceMark, Time};

use crate::host::process::{Process, audit_session, login_uid};

/// The number of sessions.
const MAX_SESSIONS: usize = 4096;
/// The number of sessions of one user. One more replaces the oldest.
const MAX_PER_USER: usize = 64;

/// The sessions, oldest first.
#[derive(Debug, Default)]
pub(super) struct LoginSessions {
    list: Mutex<Vec<LoginSession>>,
}

#[derive(Debug)]
struct LoginSession {
    uid: u32,
    openers: Vec<Opener>,
    code: Option<GivenCode>,
    device: Option<DeviceMark>,
}

/// A process that may open the session.
#[derive(Debug, Clone, Copy)]
struct Opener {
    process: Process,
    /// Its audit session before.
    before: Option<u32>,
}

/// The code that was given at the login.
#[derive(Debug, Clone)]
pub(super) struct GivenCode {
    /// By the clock of the host, which covers the time in which the host sleeps.
    pub(super) at: Time,
    /// By a clock that no one sets.
    pub(super) instant: Instant,
    /// The authenticators of that time.
    pub(super) binding: Binding,
}

impl GivenCode {
    /// Whether it was given less than that time ago, by both clocks.
    fn is_recent(&self, length: Duration, now: Time, instant: Instant) -> bool {
        let has_passed = instant.saturating_duration_since(self.instant) >= length;
        self.at <= now && self.at.until(now) < length && !has_passed
    }
}

impl LoginSessions {
    /// Records what a login began with. `pid` is the login program.
    pub(super) fn record(
        &self,
        pid: u32,
        uid: u32,
        code: Option<GivenCode>,
        device: Option<DeviceMark>,
    ) {
        let Some((program, parent)) = Process::find(pid) else {
            return;
        };
        let parent = Process::find(parent).map(|(parent, _)| parent);
        let mut list = self.list();
        let known = list.iter_mut().find(|one| {
            one.uid == uid && one.openers.first().is_some_and(|o| o.process == program)
        });
        if let Some(session) = known {
            session.code = code.or(session.code.take());
            session.device = device.or(session.device);
            return;
        }
        let openers = std::iter::once(program).chain(parent);
        let openers = openers.map(|process| Opener {
            process,
            before: audit_session(process.pid()),
        });
        make_room(&mut list, uid);
        list.push(LoginSession {
            uid,
            openers: openers.collect(),
            code,
            device,
        });
    }

    /// The code with which the user has begun the session of a process, if it was given less than that
    /// time ago.
    pub(super) fn code_of(
        &self,
        pid: u32,
        uid: u32,
        length: Duration,
        now: Time,
        instant: Instant,
    ) -> Option<GivenCode> {
        let list = self.list();
        let sessions = list.iter().filter(|one| one.uid == uid);
        let mut recent = sessions.filter(|one| {
            let code = one.code.as_ref();
            code.is_some_and(|code| code.is_recent(length, now, instant))
        });
        // The kernel is asked only where there is something to find.
        let mut of_process = None;
        let session = recent.find(|one| {
            let id = of_process.get_or_insert_with(|| audit_session(pid));
            one.is(*id)
        });
        session.and_then(|session| session.code.clone())
    }

    /// The device from which the user has begun the session of a process.
    pub(super) fn device_of(&self, pid: u32, uid: u32) -> Option<DeviceMark> {
        let id = audit_session(pid)?;
        let list = self.list();
        let mut sessions = list.iter().rev().filter(|one| one.uid == uid);
        sessions.find(|one| one.is(Some(id)))?.device
    }

    fn list(&self) -> MutexGuard<'_, Vec<LoginSession>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LoginSession {
    /// Whether it is the audit session of this id. The kernel also knows for whom it was opened: a login
    /// program may ask for another name after the code.
    fn is(&self, id: Option<u32>) -> bool {
        id.is_some()
            && self.openers.iter().any(|opener| {
                let pid = opener.process.pid();
                opener.before != id
                    && audit_session(pid) == id
                    && login_uid(pid) == Some(self.uid)
                    && opener.process.is_alive()
            })
    }
}

/// Makes room for one more session of a user.
fn make_room(list: &mut Vec<LoginSession>, uid: u32) {
    let of_user = list.iter().filter(|one| one.uid == uid).count();
    if of_user >= MAX_PER_USER || list.len() >= MAX_SESSIONS {
        list.retain(|one| one.openers.iter().any(|opener| opener.process.is_alive()));
    }
    let of_user = list.iter().filter(|one| one.uid == uid).count();
    let oldest = if of_user >= MAX_PER_USER {
        list.iter().position(|one| one.uid == uid)
    } else if list.len() >= MAX_SESSIONS {
        Some(0)
    } else {
        None
    };
    if let Some(place) = oldest {
        list.remove(place);
    }
}

#[cfg(test)]
mod tests {
    use tfa_core::AddressPrefix;

    use super::*;

    fn code(at: u64) -> GivenCode {
        GivenCode {
            at: Time::from_secs(at),
            instant: Instant::now(),
            binding: tfa_core::Account::new(1000).binding(),
        }
    }

    #[test]
    fn a_code_is_recent_by_both_clocks() {
        let code = code(1000);
        let length = Duration::from_secs(600);
        let recent = |now, seconds| {
            let later = code.instant + Duration::from_secs(seconds);
            code.is_recent(length, Time::from_secs(now), later)
        };
        assert!(recent(1000, 0) && recent(1599, 599));
        for (now, seconds) in [(1600, 0), (1000, 600), (999, 0), (5000, 5000)] {
            assert!(!recent(now, seconds), "{now} {seconds}");
        }
    }

    #[test]
    fn a_process_whose_session_did_not_begin_after_the_code_has_none() {
        let sessions = LoginSessions::default();
        let own = std::process::id();
        sessions.record(own, 1000, Some(code(1000)), None);
        // This process, and its parent, have the session that they had before.
        let (length, now) = (Duration::from_secs(600), Time::from_secs(1000));
        let found = sessions.code_of(own, 1000, length, now, Instant::now());
        assert!(found.is_none());
        assert_eq!(sessions.device_of(own, 1000), None);
    }

    #[test]
    fn the_number_of_sessions_is_bounded_for_each_user() {
        let sessions = LoginSessions::default();
        let mut children: Vec<_> = (0..MAX_PER_USER + 2)
            .map(|_| {
                std::process::Command::new("cat")
                    .stdin(std::process::Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        for child in &children {
            sessions.record(child.id(), 1000, Some(code(1000)), None);
        }
        sessions.record(
            children[5].id(),
            1000,
            None,
            Some(DeviceMark::Address(AddressPrefix::V4([192, 0, 2, 7]), None)),
        );
        sessions.record(children[0].id(), 1001, Some(code(1000)), None);
        let list = sessions.list();
        assert_eq!(list.len(), MAX_PER_USER + 1);
        let kept: Vec<u32> = list
            .iter()
            .filter(|one| one.uid == 1000)
            .map(|one| one.openers[0].process.pid())
            .collect();
        let newest: Vec<u32> = children[2..].iter().map(std::process::Child::id).collect();
        assert_eq!(kept, newest);
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}
