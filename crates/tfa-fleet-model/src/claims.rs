//! What is claimed of a fleet.

/// What must hold in each state.
pub mod holds {
    use crate::fleet::Fleet;
    use crate::state::State;

    /// After so many wrong codes in a row the account is locked.
    const LOCKED_AFTER: usize = 5;

    /// No code was right for two answers.
    pub fn code_once(fleet: &Fleet, state: &State) -> bool {
        let accepted = state.seen.accepted.iter();
        let mut codes: Vec<_> = accepted
            .map(|(login, number)| fleet.code(*login, *number))
            .collect();
        codes.sort_unstable();
        codes.windows(2).all(|two| two[0] != two[1])
    }

    /// A lock that a user was told of is in etcd.
    pub fn lock_is_kept(fleet: &Fleet, state: &State) -> bool {
        !state.seen.is_locked || fleet.record(state.etcd).is_locked
    }

    /// An answer that was sent after a lock lets no user in.
    pub fn lock_refuses(_: &Fleet, state: &State) -> bool {
        !state.seen.let_in_after_lock
    }

    /// No answer is counted twice: a lock needs as many wrong answers as the limit.
    pub fn counted_once(fleet: &Fleet, state: &State) -> bool {
        let before = fleet.plan.failures.and_then(|it| usize::try_from(it).ok());
        let wrong = before.unwrap_or(0) + state.seen.wrong.len();
        wrong >= LOCKED_AFTER || !fleet.record(state.etcd).is_locked
    }

    /// An answer that was sent after a removal lets no user in.
    pub fn removal_refuses(_: &Fleet, state: &State) -> bool {
        !state.seen.let_in_after_removal
    }

    /// What was removed stays so until the user is enrolled again.
    pub fn removal_is_kept(fleet: &Fleet, state: &State) -> bool {
        !state.seen.is_removed || !fleet.record(state.etcd).exists
    }
}

/// What can be reached.
pub mod reaches {
    use crate::fleet::Fleet;
    use crate::state::State;

    /// A login is let in by an answer that was right before: its first verifier was lost, or its reply.
    pub fn right_again(_: &Fleet, state: &State) -> bool {
        state.seen.was_right_again
    }

    /// A code is refused because it was used.
    pub fn used(_: &Fleet, state: &State) -> bool {
        state.seen.was_used
    }

    /// A user is told of a lock.
    pub fn lock(_: &Fleet, state: &State) -> bool {
        state.seen.is_locked
    }

    /// A removal is acknowledged.
    pub fn removal(_: &Fleet, state: &State) -> bool {
        state.seen.is_removed
    }

    /// Each login with a right code is let in, although a verifier has crashed.
    pub fn all_after_crash(fleet: &Fleet, state: &State) -> bool {
        let all = fleet.plan.logins.len();
        state.left.crashes == 0 && state.seen.accepted.len() == all
    }
}
