//! The locks of an account: what its wrong codes are counted on, and whether a code is accepted.

use super::Account;
use crate::{LockScope, LockState, ThrottleScope, Time};

impl Account {
    /// Whether this login is locked: no one-time code is accepted, and nothing else in its place. A
    /// backup code at the console is the exception, see [`Self::backup_lock_state`].
    #[must_use]
    pub fn lock_state(&self, scope: ThrottleScope, now: Time) -> LockState {
        self.throttle.lock_state(&self.known_origins, scope, now)
    }

    /// Whether a backup code or the host's recovery code is accepted. The console accepts them also
    /// after the limit in a row, subject to the timed lock.
    #[must_use]
    pub fn backup_lock_state(&self, scope: ThrottleScope, now: Time) -> LockState {
        match scope {
            ThrottleScope::Console => self.throttle.console_timed_lock(now),
            _ => self.lock_state(scope, now),
        }
    }

    /// What an attempt is counted on now, and what [`Self::lock_state`] is about.
    #[must_use]
    pub fn lock_scope(&self, scope: ThrottleScope, now: Time) -> LockScope {
        self.throttle.lock_scope(&self.known_origins, scope, now)
    }

    /// The number of known origins: keys and addresses from which a right code came lately.
    #[must_use]
    pub fn known_origins(&self, now: Time) -> usize {
        self.throttle.known_origins(&self.known_origins, now).0
    }

    /// How many of the known origins are locked, or count as unknown because of wrong codes.
    #[must_use]
    pub fn locked_known_origins(&self, now: Time) -> usize {
        self.throttle.known_origins(&self.known_origins, now).1
    }

    /// Keeps the origin of a login known whose device replaced the code: wrong codes from elsewhere
    /// must not lock a device that is in use. It makes no origin known.
    pub fn keep_origin(&mut self, scope: ThrottleScope, now: Time) {
        if let ThrottleScope::Remote(origin) = scope {
            self.known_origins.keep(origin, now);
        }
    }

    /// Removes all locks and counters.
    pub fn unlock(&mut self) {
        self.throttle.clear(&mut self.known_origins);
    }

    /// Counts a wrong code.
    pub(crate) fn count_wrong(&mut self, scope: ThrottleScope, now: Time) {
        self.throttle.fail(&mut self.known_origins, scope, now);
    }

    /// Ends the wrong codes in a row with a right one. The origin of a remote login becomes known.
    pub(crate) fn end_row(&mut self, scope: ThrottleScope, now: Time) {
        self.throttle.succeed(&mut self.known_origins, scope, now);
    }
}
