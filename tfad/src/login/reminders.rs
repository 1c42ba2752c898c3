//! The login sessions in which a silent program has shown the end of the grace period.
//!
//! sudo asks for silence at each call. Shown at each call, the reminder would be ignored; never shown, a
//! user who stays in one session would learn of the end by a refusal.

use std::time::{Duration, Instant};

use tfa_core::HostName;
use tfa_proto::Context;

use crate::login::once::Once;

/// The time after which a session shows the reminder again.
const PERIOD: Duration = Duration::from_secs(24 * 3600);
/// The number of sessions that are remembered.
const REMEMBERED: usize = 4096;

/// The sessions.
#[derive(Debug)]
pub(super) struct Reminders {
    /// By host, user and session.
    told: Once<(Option<HostName>, u32, Session)>,
}

/// What a user's logins in one session have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Session {
    Audit(u32),
    Terminal(String),
}

impl Reminders {
    pub(super) fn new() -> Self {
        Self {
            told: Once::new(PERIOD, REMEMBERED),
        }
    }

    /// Whether a login shows the reminder. One that is not silent always does, and so does one without
    /// a known session. The session of a silent one is remembered.
    pub(super) fn is_due(
        &self,
        host: Option<&HostName>,
        uid: u32,
        context: &Context,
        now: Instant,
    ) -> bool {
        let session = match (context.session, context.tty.as_str()) {
            (Some(id), _) => Session::Audit(id),
            (None, "") => return true,
            (None, tty) => Session::Terminal(tty.to_owned()),
        };
        !context.silent || self.told.is_first((host.cloned(), uid, session), now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent(session: Option<u32>, tty: &str) -> Context {
        Context {
            silent: true,
            session,
            tty: tty.to_owned(),
            ..Context::default()
        }
    }

    #[test]
    fn a_silent_program_tells_once_a_session_and_day() {
        let (reminders, now) = (Reminders::new(), Instant::now());
        let due = |uid, context: &Context| reminders.is_due(None, uid, context, now);
        let first = silent(Some(7), "pts/0");
        assert!(due(1000, &first));
        // Another terminal of the same session, as in tmux.
        assert!(!due(1000, &first) && !due(1000, &silent(Some(7), "pts/1")));
        assert!(due(1000, &silent(Some(8), "pts/0")));
        assert!(due(1001, &first));
        assert!(reminders.is_due(None, 1000, &first, now + PERIOD));
    }

    #[test]
    fn without_an_audit_session_the_terminal_stands_for_it() {
        let (reminders, now) = (Reminders::new(), Instant::now());
        let due = |tty: &str| reminders.is_due(None, 1000, &silent(None, tty), now);
        assert!(due("pts/0") && !due("pts/0") && due("pts/1"));
        assert!(due("") && due(""));
    }

    #[test]
    fn a_program_that_is_not_silent_always_tells() {
        let (reminders, now) = (Reminders::new(), Instant::now());
        let context = Context {
            silent: false,
            ..silent(Some(7), "pts/0")
        };
        assert!((0..3).all(|_| reminders.is_due(None, 1000, &context, now)));
    }
}
