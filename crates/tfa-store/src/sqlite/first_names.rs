//! The first names after a name, picked from names in any order.

use super::error::damaged;
use crate::StoreError;

/// A bounded number of names, in the order of their bytes.
pub(super) struct FirstNames<'a> {
    after: &'a str,
    limit: usize,
    /// Up to twice as many as the limit, in any order.
    names: Vec<String>,
    /// The greatest name that may still be one of the first.
    last: Option<String>,
}

impl<'a> FirstNames<'a> {
    /// No names yet. At least one name is kept.
    pub(super) fn after(after: &'a str, limit: usize) -> Self {
        Self {
            after,
            limit: limit.max(1),
            names: Vec::new(),
            last: None,
        }
    }

    /// Adds a name.
    ///
    /// # Errors
    /// [`StoreError::DatabaseDamaged`] if it is one of the first and not UTF-8: no such name is ever stored. In
    /// another form it could come before itself, and a list would not end.
    pub(super) fn add(&mut self, name: &[u8]) -> Result<(), StoreError> {
        // Most names of a long list end here.
        if self
            .last
            .as_ref()
            .is_some_and(|last| name > last.as_bytes())
        {
            return Ok(());
        }
        if name <= self.after.as_bytes() {
            return Ok(());
        }
        let Ok(name) = std::str::from_utf8(name) else {
            return damaged("a user name in the index is not UTF-8");
        };
        self.names.push(name.to_owned());
        if self.names.len() >= self.limit.saturating_mul(2) {
            self.cut();
        }
        Ok(())
    }

    /// Drops what is not among the first.
    fn cut(&mut self) {
        if self.names.len() > self.limit {
            let (_, last, _) = self.names.select_nth_unstable(self.limit - 1);
            self.last = Some(last.clone());
            self.names.truncate(self.limit);
        }
    }

    /// The names, and whether further names follow them.
    pub(super) fn finish(mut self) -> (Vec<String>, bool) {
        self.cut();
        self.names.sort_unstable();
        (self.names, self.last.is_some())
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
        first.finish()
    }

    #[test]
    fn the_first_names_are_kept_in_any_order_of_arrival() {
        for names in [
            ["a", "b", "c", "d"],
            ["d", "c", "b", "a"],
            ["c", "a", "d", "b"],
        ] {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            let (one, two, all): (Vec<String>, Vec<String>, Vec<String>) =
                (owned(&["b"]), owned(&["b", "c"]), owned(&["b", "c", "d"]));
            assert_eq!(first(&names, "a", 1), (one, true));
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
