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
pub struct Visitors {
    each: u32,
    all: u32,
    calls: Mutex<HashMap<u32, u32>>,
}

/// What somebody has under way; it ends when this is dropped.
#[must_use = "what is under way counts while this is kept"]
#[derive(Debug)]
pub struct Visit<'visitors> {
    visitors: &'visitors Visitors,
    uid: Option<u32>,
}

impl Visitors {
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
    pub fn admit(&self, caller: &Caller) -> Result<Visit<'_>, Error> {
        if caller.is_root() {
            return Ok(Visit {
                visitors: self,
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
        Ok(Visit {
            visitors: self,
            uid: Some(caller.uid),
        })
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        let Some(uid) = self.uid else { return };
        let mut calls = self
            .visitors
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
        let visitors = Visitors::new(MOST, 2 * MOST);
        let caller = |uid| Caller {
            name: ":1.7".to_owned(),
            uid,
        };
        let mut visits: Vec<_> = (0..MOST)
            .map(|_| visitors.admit(&caller(1000)).unwrap())
            .collect();
        assert!(matches!(visitors.admit(&caller(1000)), Err(Error::Busy(_))));
        assert!(visitors.admit(&caller(1001)).is_ok());
        assert!((0..2 * MOST).all(|_| visitors.admit(&caller(0)).is_ok()));
        visits.pop();
        assert!(visitors.admit(&caller(1000)).is_ok());
        drop(visits);
        assert!(visitors.calls.lock().unwrap().is_empty());
    }
}
