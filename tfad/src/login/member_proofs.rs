//! Codes that users of members gave at polkit's question for a password.
//!
//! As on a host alone ([`super::password_prompts`]), such a code counts for one call of its owner. The call waits at
//! the member, which names the login. The login was judged here: nothing is taken from the member but its word that
//! the call belongs to the login. A member that lies has a code that its user has typed, for one call, as it would
//! have it without polkit. The verifier that has used up the code remembers it, and no other one: where the login comes
//! again there, or here after a restart, the user is asked for another code.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tfa_core::AttemptId;

/// How long after the login the call may come.
const LIFETIME: Duration = Duration::from_secs(120);
/// The most logins that are remembered. Past it, a user is asked for another code.
const MAX_PROOFS: usize = 1024;

/// The logins for passwords of calls, in which a code was verified.
#[derive(Debug, Default)]
pub(super) struct MemberProofs(Mutex<Vec<Proof>>);

#[derive(Debug)]
struct Proof {
    attempt: AttemptId,
    user: String,
    since: Instant,
    /// It has counted for a call.
    is_taken: bool,
}

impl MemberProofs {
    /// A code of that user was used up in this attempt, which is one of a member.
    pub(super) fn note(&self, attempt: AttemptId, user: &str, now: Instant) {
        let mut proofs = self.proofs(now);
        let is_known = proofs.iter().any(|one| one.attempt == attempt);
        if !is_known && proofs.len() < MAX_PROOFS {
            let user = user.to_owned();
            proofs.push(Proof {
                attempt,
                user,
                since: now,
                is_taken: false,
            });
        }
    }

    /// Whether a code of that user was verified in the attempt. It counts for no other call then.
    pub(super) fn take(&self, attempt: AttemptId, user: &str, now: Instant) -> bool {
        let mut proofs = self.proofs(now);
        let mut proofs = proofs.iter_mut();
        let found = proofs.find(|one| one.attempt == attempt && one.user == user);
        found.is_some_and(|proof| !std::mem::replace(&mut proof.is_taken, true))
    }

    fn proofs(&self, now: Instant) -> MutexGuard<'_, Vec<Proof>> {
        let mut proofs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        proofs.retain(|one| now.duration_since(one.since) < LIFETIME);
        proofs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(number: u8) -> AttemptId {
        AttemptId::new([number; AttemptId::LENGTH])
    }

    #[test]
    fn code_of_a_login_counts_for_one_call_of_its_owner() {
        let (proofs, now) = (MemberProofs::default(), Instant::now());
        proofs.note(attempt(1), "alice", now);
        assert!(!proofs.take(attempt(2), "alice", now));
        assert!(!proofs.take(attempt(1), "bob", now));
        assert!(proofs.take(attempt(1), "alice", now));
        assert!(!proofs.take(attempt(1), "alice", now));
        // An attempt counts once, whatever follows in it.
        proofs.note(attempt(1), "alice", now);
        assert!(!proofs.take(attempt(1), "alice", now));
    }

    #[test]
    fn code_of_an_old_login_does_not_count() {
        let (proofs, now) = (MemberProofs::default(), Instant::now());
        proofs.note(attempt(1), "alice", now);
        assert!(!proofs.take(attempt(1), "alice", now + LIFETIME));
    }

    #[test]
    fn number_of_logins_is_bounded() {
        let (proofs, now) = (MemberProofs::default(), Instant::now());
        for number in 0..2 * MAX_PROOFS {
            let mut bytes = [0; AttemptId::LENGTH];
            bytes[..8].copy_from_slice(&number.to_le_bytes());
            proofs.note(AttemptId::new(bytes), "alice", now);
        }
        assert_eq!(proofs.proofs(now).len(), MAX_PROOFS);
    }
}
