//! Codes that are given at polkit's question for a password.
//!
//! A change of an existing setup requires the password and a code. polkit asks for the password through
//! PAM, and that login requires a code too, where the policy says so. A code is valid once, so the owner
//! would have to wait for another one. The code that polkit's login used up counts for the change instead.
//!
//! It counts only for a call that waits for polkit at that moment, and for one call only. polkit
//! authorizes such a call only after a login of its own, which requires a code as well. So the code of a
//! login that happens at the same time does not help another caller.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The PAM service through which polkit asks.
pub const POLKIT: &str = "polkit-1";

/// The calls that wait for polkit, by the owner's uid. `E` tells what is known of the code that was used: nothing
/// where this daemon has verified it.
#[derive(Debug)]
pub struct PasswordPrompts<E = ()> {
    waiting: Mutex<HashMap<u32, Waiting<E>>>,
}

impl<E> Default for PasswordPrompts<E> {
    fn default() -> Self {
        let waiting = Mutex::default();
        Self { waiting }
    }
}

/// The codes are counted from the first call on.
#[derive(Debug)]
struct Waiting<E> {
    calls: u32,
    /// The number of the code that was used last.
    used: u64,
    /// What is known of that code.
    evidence: Option<E>,
    /// The number of the code that served last. Earlier ones serve no more.
    served: u64,
}

impl<E> Default for Waiting<E> {
    fn default() -> Self {
        Self {
            calls: 0,
            used: 0,
            evidence: None,
            served: 0,
        }
    }
}

/// A call that waits for polkit; it no longer waits when this is dropped.
#[derive(Debug)]
pub struct PasswordPrompt<'prompts, E = ()> {
    prompts: &'prompts PasswordPrompts<E>,
    uid: u32,
    used_before: u64,
}

impl<E> PasswordPrompts<E> {
    /// A call on the account of that uid begins to wait for polkit.
    pub fn open(&self, uid: u32) -> PasswordPrompt<'_, E> {
        let mut all = self.waiting();
        let waiting = all.entry(uid).or_default();
        waiting.calls += 1;
        PasswordPrompt {
            prompts: self,
            uid,
            used_before: waiting.used,
        }
    }

    /// A login through polkit used up a code of that uid's owner.
    pub fn code_was_used(&self, uid: u32, evidence: E) {
        if let Some(waiting) = self.waiting().get_mut(&uid) {
            waiting.used += 1;
            waiting.evidence = Some(evidence);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<u32, Waiting<E>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E> PasswordPrompt<'_, E> {
    /// What is known of the code that was used up while the call waited. It serves no other call then. `None` if
    /// there was none.
    #[must_use]
    pub fn take_code(&self) -> Option<E> {
        let mut all = self.prompts.waiting();
        let waiting = all.get_mut(&self.uid)?;
        let is_new = waiting.used > self.used_before.max(waiting.served);
        waiting.served = waiting.used;
        waiting.evidence.take().filter(|_| is_new)
    }
}

impl<E> Drop for PasswordPrompt<'_, E> {
    fn drop(&mut self) {
        let mut all = self.prompts.waiting();
        if let Some(waiting) = all.get_mut(&self.uid) {
            waiting.calls = waiting.calls.saturating_sub(1);
            if waiting.calls == 0 {
                all.remove(&self.uid);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_serves_one_waiting_call_of_its_owner() {
        let prompts = PasswordPrompts::<()>::default();
        prompts.code_was_used(1000, ());
        let (first, second) = (prompts.open(1000), prompts.open(1000));
        let other = prompts.open(1001);
        assert!(first.take_code().is_none(), "a code from before the call");
        prompts.code_was_used(1000, ());
        assert!(other.take_code().is_none());
        assert!(first.take_code().is_some());
        assert!(first.take_code().is_none() && second.take_code().is_none());
    }

    #[test]
    fn a_code_from_before_a_call_does_not_serve_it() {
        let prompts = PasswordPrompts::<()>::default();
        let earlier = prompts.open(1000);
        prompts.code_was_used(1000, ());
        let later = prompts.open(1000);
        assert!(later.take_code().is_none());
        drop(earlier);
        prompts.code_was_used(1000, ());
        assert!(later.take_code().is_some());
    }

    #[test]
    fn a_code_that_no_call_took_is_forgotten_with_the_calls() {
        let prompts = PasswordPrompts::<()>::default();
        let prompt = prompts.open(1000);
        prompts.code_was_used(1000, ());
        drop(prompt);
        assert!(prompts.open(1000).take_code().is_none());
        assert!(prompts.waiting().is_empty());
    }
}
