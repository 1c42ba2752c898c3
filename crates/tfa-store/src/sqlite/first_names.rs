//! The first names after a name, picked from names in any order.

use std::collections::BTreeSet;

use super::error::damaged;
use crate::StoreError;

/// A bounded number of names, in the order of their bytes.
pub(super) struct FirstNames<'a> {
    after: &'a str,
    limit: usize,
    names: BTreeSet<String>,
    is_cut: bool,
}

impl<'a> FirstNames<'a> {
    /// No names yet. At least one name is kept.
    pub(super) fn after(after: &'a str, limit: usize) -> Self {
        Self {
            after,
            limit: limit.max(1),
            names: BTreeSet::new(),
            is_cut: false,
        }
    }

    /// Adds a name.
    ///
    /// # Errors
    /// [`StoreError::DatabaseDamaged`] if it is not UTF-8: no such name is ever stored. In another form
    /// it could come before itself, and a list would not end.
    pub(super) fn add(&mut self, name: &[u8]) -> Result<(), StoreError> {
        if name <= self.after.as_bytes() {
            return Ok(());
        }
        let Ok(name) = std::str::from_utf8(name) else {
            return damaged("a user name in the index is not UTF-8");
        };
        let is_full = self.names.len() >= self.limit;
        let is_past = |last: &String| name > last.as_str();
        if is_full && self.names.last().is_some_and(is_past) {
            self.is_cut = true;
            return Ok(());
        }
        self.names.insert(name.to_owned());
        if self.names.len() > self.limit {
            self.names.pop_last();
            self.is_cut = true;
        }
        Ok(())
    }

    /// The names, and whether further names follow them.
    pub(super) fn finish(self) -> (BTreeSet<String>, bool) {
        (self.names, self.is_cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(names: &[&str], after: &str, limit: usize) -> (Vec<String>, bool) {
        let mut first = FirstNames::after(after, limit);
        names
            .iter()
            .for_each(|name| first.add(name.as_bytes()).unwrap());
        let (names, more_follow) = first.finish();
        (names.into_iter().collect(), more_follow)
    }

    #[test]
    fn the_first_names_are_kept_in_any_order_of_arrival() {
        for names in [
            ["a", "b", "c", "d"],
            ["d", "c", "b", "a"],
            ["c", "a", "d", "b"],
        ] {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            let (two, all): (Vec<String>, Vec<String>) =
                (owned(&["b", "c"]), owned(&["b", "c", "d"]));
            assert_eq!(first(&names, "a", 2), (two, true));
            assert_eq!(first(&names, "a", 3), (all.clone(), false));
            assert_eq!(first(&names, "a", 9), (all, false));
        }
        assert_eq!(first(&["a"], "a", 2), (Vec::new(), false));
    }

    #[test]
    fn a_name_that_is_not_utf8_is_damage() {
        let added = FirstNames::after("a", 2).add(b"b\xff");
        assert!(matches!(added, Err(StoreError::DatabaseDamaged { .. })));
    }
}
