//! The code that was given at the login of a session, in later logins of the session.
//!
//! It serves sudo and su alone, and the same user alone. As a remembered device it replaces the code, and
//! never a lock.

use std::time::{Duration, Instant};

use tfa_core::{Account, DeviceMark, LoginOrigin, PhaseInput, RememberRules, Time};
use tfa_proto::{INSIDE_SESSIONS, Verdict};

use super::login_sessions::GivenCode;
use super::{Logins, log, render};
use crate::login::facts::LoginFacts;
use crate::login::sessions::LoginAttempt;

/// The services that a code of the session serves.
const SERVED: [&str; 4] = ["sudo", "sudo-i", "su", "su-l"];

/// How old a code of the same login session may be that serves a login; `None` if none serves it.
pub(super) fn length(rules: &RememberRules, facts: LoginFacts<'_>) -> Option<Duration> {
    let minutes = rules.session_minutes;
    let is_served = minutes > 0
        && facts.is_root
        // A program of another user in the session has no part in the code.
        && is_run_by_the_user(facts)
        // In a stack without a password, nothing at all would be asked.
        && facts.context.password_given
        && matches!(facts.phase, PhaseInput::Auth { .. })
        && SERVED.contains(&facts.context.service.as_str());
    is_served.then(|| Duration::from_secs(u64::from(minutes) * 60))
}

/// Whether the user runs the program, by what sudo and su report (`PAM_RUSER`).
fn is_run_by_the_user(facts: LoginFacts<'_>) -> bool {
    let mut names = facts.login.subject.identities();
    names.any(|who| who.name == facts.context.ruser)
}

impl Logins {
    /// The verdict for a login, if its session has a code of the user that is not older than this; `None`
    /// for all others.
    pub(super) fn served_by_session(
        &self,
        attempt: &LoginAttempt,
        length: Duration,
        account: &Account,
        now: Time,
    ) -> Option<tfa_proto::Turn> {
        let (pid, instant) = (attempt.local_pid()?, Instant::now());
        let sessions = &self.login_sessions;
        let code = sessions.code_of(pid, attempt.user.uid, length, now, instant)?;
        // The authenticator may have been removed since then.
        if !code.binding.holds(account) {
            return None;
        }
        log::served_by_session(&self.state.journal, attempt, code.at);
        Some(render::end(Verdict::CodeOfSession, None))
    }

    /// The device from which the login session of a process began, if it is known.
    #[must_use]
    pub fn device_of_session(&self, pid: u32, uid: u32) -> Option<DeviceMark> {
        self.login_sessions.device_of(pid, uid)
    }

    /// Records the code or the device with which a session begins. No code is kept where the stack goes
    /// on after a wrong password: sshd may then begin the session by a key alone.
    pub(super) fn note_session(
        &self,
        attempt: &LoginAttempt,
        code: Option<GivenCode>,
        device: Option<DeviceMark>,
    ) {
        let (context, host) = (&attempt.context, &attempt.host);
        let code = code.filter(|_| !host.goes_on_after_wrong_password(&context.service));
        if code.is_none() && device.is_none() {
            return;
        }
        let begins_a_session = attempt.caller.is_root()
            && !INSIDE_SESSIONS.contains(&context.service.as_str())
            && (context.is_ssh() || attempt.login.origin == LoginOrigin::Local);
        if let Some(pid) = attempt.local_pid().filter(|_| begins_a_session) {
            self.login_sessions
                .record(pid, attempt.user.uid, code, device);
        }
    }
}
