//! How much a caller who is not root may have under way at once: calls, connections.
//!
//! Behind a call stand hashes, polkit's question and the name service: who begins more of that than
//! a person needs is told to wait.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tfa_proto::Error;

use crate::dbus::caller::Caller;

/// The callers with something under way, root left out.
#[derive(Debug)]
pub struct CallLimiter {
    each: u32,
    all: u32,
    calls: Mutex<HashMap<u32, u32>>,
}

/// What somebody has under way; it ends when this is dropped.
#[must_use = "what is under way counts while this is kept"]
#[derive(Debug)]
pub struct Permit<'limiter> {
    limiter: &'limiter CallLimiter,
    uid: Option<u32>,
}

impl CallLimiter {
    /// So many at once for each of them, and for all of them together.
    #[must_use]
    pub fn new(each: u32, all: u32) -> Self {
        let calls = Mutex::default();
        Self { each, all, calls }
    }

    /// Lets one more in.
    ///
    /// # Errors
    /// [`Error::Busy`] past the bound.
    pub fn admit(&self, caller: &Caller) -> Result<Permit<'_>, Error> {
        if caller.is_root() {
            return Ok(Permit {
                limiter: self,
                uid: None,
            });
        }
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let all: u32 = calls.values().sum();
        let of_caller = calls.get(&caller.uid).copied().unwrap_or(0);
        if of_caller >= self.each || all >= self.all {
            return Err(Error::Busy(
                "too many of your calls are under way; try again".to_owned(),
            ));
        }
        calls.insert(caller.uid, of_caller + 1);
        Ok(Permit {
            limiter: self,
            uid: Some(caller.uid),
        })
    }
}

impl Drop for Permit<'_> {
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
        };
        let mut permits: Vec<_> = (0..MOST)
            .map(|_| limiter.admit(&caller(1000)).unwrap())
            .collect();
        assert!(matches!(limiter.admit(&caller(1000)), Err(Error::Busy(_))));
        assert!(limiter.admit(&caller(1001)).is_ok());
        assert!((0..2 * MOST).all(|_| limiter.admit(&caller(0)).is_ok()));
        permits.pop();
        assert!(limiter.admit(&caller(1000)).is_ok());
        drop(permits);
        assert!(limiter.calls.lock().unwrap().is_empty());
    }
}
