//! Bounds on what callers who are not root have under way at once: calls, connections.
//!
//! A call may hash, wait for polkit and ask the name service. A caller who has more of them under way
//! than a person needs is refused.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::caller::Caller;

/// What each uid has under way. Root is neither counted nor refused.
#[derive(Debug)]
pub struct CallLimiter {
    each: u32,
    all: u32,
    calls: Mutex<HashMap<u32, u32>>,
}

/// A call or connection that counts as under way until this is dropped.
#[must_use = "the call counts as under way until this is dropped"]
#[derive(Debug)]
pub struct Permit {
    limiter: Arc<CallLimiter>,
    uid: Option<u32>,
}

/// The caller has too many calls or connections under way, or all callers together have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyCalls;

impl CallLimiter {
    /// A limiter with the bound for each uid, and the bound for all of them together.
    #[must_use]
    pub fn new(each: u32, all: u32) -> Arc<Self> {
        let calls = Mutex::default();
        Arc::new(Self { each, all, calls })
    }

    /// Counts one more call or connection of a caller.
    ///
    /// # Errors
    /// [`TooManyCalls`] past a bound.
    pub fn admit(self: &Arc<Self>, caller: &Caller) -> Result<Permit, TooManyCalls> {
        let limiter = Arc::clone(self);
        if caller.is_root() {
            return Ok(Permit { limiter, uid: None });
        }
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let all: u32 = calls.values().sum();
        let of_caller = calls.get(&caller.uid).copied().unwrap_or(0);
        if of_caller >= self.each || all >= self.all {
            return Err(TooManyCalls);
        }
        calls.insert(caller.uid, of_caller + 1);
        let uid = Some(caller.uid);
        Ok(Permit { limiter, uid })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(uid) = self.uid else { return };
        let mut calls = self
            .limiter
            .calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = calls.get_mut(&uid) {
            *under_way = under_way.saturating_sub(1);
            if *under_way == 0 {
                calls.remove(&uid);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: u32 = 8;

    #[test]
    fn a_caller_who_is_not_root_has_a_bounded_number_of_calls_under_way() {
        let limiter = CallLimiter::new(MOST, 2 * MOST);
        let caller = |uid| Caller {
            name: ":1.7".to_owned(),
            uid,
            pid: None,
            host: None,
        };
        let mut permits: Vec<_> = (0..MOST)
            .map(|_| limiter.admit(&caller(1000)).unwrap())
            .collect();
        assert!(matches!(limiter.admit(&caller(1000)), Err(TooManyCalls)));
        assert!(limiter.admit(&caller(1001)).is_ok());
        assert!((0..2 * MOST).all(|_| limiter.admit(&caller(0)).is_ok()));
        permits.pop();
        assert!(limiter.admit(&caller(1000)).is_ok());
        drop(permits);
        assert!(limiter.calls.lock().unwrap().is_empty());
    }
}
