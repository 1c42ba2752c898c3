//! A page of a list of names: those that follow a name, in order, as many as fit into one reply.

use std::collections::BTreeSet;

/// The size of a page, with what D-Bus adds to each name. The bus allows replies of 32 MiB.
const MAX_SIZE: usize = 4 * 1024 * 1024;
/// What D-Bus adds to a string at most: its length, its end, and padding.
const OVERHEAD: usize = 8;

/// A page under construction. Its memory is bounded, however many names are added.
#[derive(Debug)]
pub(crate) struct NamePage {
    after: String,
    names: BTreeSet<String>,
    size: usize,
    max_size: usize,
    is_full: bool,
}

impl NamePage {
    /// An empty page for the names after this one. The first page follows the empty name.
    pub(crate) fn after(after: String) -> Self {
        Self {
            after,
            names: BTreeSet::new(),
            size: 0,
            max_size: MAX_SIZE,
            is_full: false,
        }
    }

    /// Adds a name, in any order and any number of times.
    pub(crate) fn add(&mut self, name: &str) {
        let is_past = |last: &String| name > last.as_str();
        if name <= self.after.as_str() || self.is_full && self.names.last().is_some_and(is_past) {
            return;
        }
        if self.names.insert(name.to_owned()) {
            self.size = self.size.saturating_add(size(name));
        }
        while self.size > self.max_size && self.names.len() > 1 {
            let last = self.names.pop_last().unwrap_or_default();
            self.size = self.size.saturating_sub(size(&last));
            self.is_full = true;
        }
    }

    /// Returns the names, and the name after which the next page begins; an empty one if there are no
    /// more pages.
    pub(crate) fn finish(self) -> (Vec<String>, String) {
        let last = self.names.last().filter(|_| self.is_full).cloned();
        (self.names.into_iter().collect(), last.unwrap_or_default())
    }
}

fn size(name: &str) -> usize {
    name.len().saturating_add(OVERHEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(names: &[String], max_size: usize) -> Vec<Vec<String>> {
        let (mut pages, mut after) = (Vec::new(), String::new());
        loop {
            let mut page = NamePage {
                max_size,
                ..NamePage::after(after)
            };
            names.iter().for_each(|name| {
                page.add(name);
                assert!(page.size <= max_size);
            });
            let (names, next) = page.finish();
            pages.push(names);
            if next.is_empty() {
                return pages;
            }
            after = next;
        }
    }

    fn numbers(numbers: impl Iterator<Item = u32>) -> Vec<String> {
        numbers.map(|number| format!("{number:04}")).collect()
    }

    #[test]
    fn pages_have_each_name_once_and_in_order() {
        let sorted = numbers(0..100);
        let shuffled = numbers((0..300).map(|at| at * 37 % 100));
        let of_ten = pages(&shuffled, 10 * size("0000"));
        assert!(of_ten.iter().all(|page| page.len() == 10));
        assert_eq!(of_ten.len(), 10);
        assert_eq!(of_ten.concat(), sorted);
        assert_eq!(pages(&shuffled, 100 * size("0000")), [sorted]);
        assert_eq!(pages(&[], 10), [[""; 0]]);
    }

    #[test]
    fn a_hundred_thousand_names_fit_into_few_pages() {
        let names: Vec<String> = (0..100_000)
            .map(|at| format!("{at:06}{}", "x".repeat(26)))
            .collect();
        let pages = pages(&names, MAX_SIZE);
        assert_eq!(pages.len(), 1);
        assert_eq!(pages.concat(), names);
    }
}
