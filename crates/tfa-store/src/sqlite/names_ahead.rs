//! Names that were read from the index for a page of a list, and that its next pages begin with.
//!
//! The index of users is in no order, so a page reads all of it. With a million users that takes longer
//! than the page itself.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::StoreError;

/// The number of names that are kept: about a megabyte.
const MAX_NAMES: usize = 16 * 1024;

/// The number of names that are kept for a list that begins. Fewer are sorted sooner, and its first page
/// comes sooner.
const MAX_FIRST_NAMES: usize = 2 * 1024;

/// Names in order, and whether further names follow them.
pub(super) type Names = (Vec<String>, bool);

/// The names that the list under way has not reached yet. A name whose record was removed meanwhile is no
/// fault: there is nothing to load under it. Where a name was added, nothing is kept.
#[derive(Default)]
pub(super) struct NamesAhead(Mutex<State>);

#[derive(Default)]
struct State {
    /// Counts the additions, so that names which were read during one are not kept.
    additions: u64,
    kept: Option<Kept>,
}

/// All names after one, up to the last of these.
struct Kept {
    after: String,
    names: Vec<String>,
    more_follow: bool,
}

impl NamesAhead {
    /// The first names after a name, at most `limit` of them. `read` reads the first ones from the index. A
    /// list that begins always reads.
    pub(super) fn page(
        &self,
        after: &str,
        limit: usize,
        read: impl FnOnce(usize) -> Result<Names, StoreError>,
    ) -> Result<Names, StoreError> {
        let additions = {
            let mut state = self.state();
            let kept = state.kept.as_ref();
            if let Some(kept) = kept.filter(|kept| !after.is_empty() && kept.reaches(after)) {
                let page = kept.page(after, limit);
                if !page.1 {
                    state.kept = None;
                }
                return Ok(page);
            }
            state.additions
        };
        let most = if after.is_empty() {
            MAX_FIRST_NAMES
        } else {
            MAX_NAMES
        };
        let (names, more_follow) = read(limit.max(most))?;
        let kept = Kept {
            after: after.to_owned(),
            names,
            more_follow,
        };
        let page = kept.page(after, limit);
        let mut state = self.state();
        if state.additions == additions && page.1 {
            state.kept = Some(kept);
        }
        Ok(page)
    }

    /// A name was added to the index.
    pub(super) fn forget(&self) {
        let mut state = self.state();
        state.additions += 1;
        state.kept = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Whether these are the next names after a name.
    fn reaches(&self, after: &str) -> bool {
        let is_before_end = self.names.last().is_some_and(|last| after < last.as_str());
        after >= self.after.as_str() && (is_before_end || !self.more_follow)
    }

    fn page(&self, after: &str, limit: usize) -> Names {
        let passed = self.names.partition_point(|name| name.as_str() <= after);
        let rest = self.names.get(passed..).unwrap_or_default();
        let page = rest.iter().take(limit.max(1)).cloned().collect();
        (page, self.more_follow || rest.len() > limit.max(1))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const ALL: [&str; 5] = ["a", "b", "c", "d", "e"];

    /// A page, and whether the index was read for it. One reading has three names at most.
    fn page(ahead: &NamesAhead, after: &str, limit: usize) -> (Names, bool) {
        let was_read = Cell::new(false);
        let read = |_| {
            was_read.set(true);
            let rest: Vec<String> = ALL
                .iter()
                .filter(|name| **name > after)
                .map(|name| (*name).to_owned())
                .collect();
            let more_follow = rest.len() > 3;
            Ok((rest.into_iter().take(3).collect(), more_follow))
        };
        (ahead.page(after, limit, read).unwrap(), was_read.get())
    }

    fn names(names: &[&str], more_follow: bool) -> Names {
        (
            names.iter().map(|name| (*name).to_owned()).collect(),
            more_follow,
        )
    }

    #[test]
    fn the_next_pages_read_the_index_when_the_kept_names_end() {
        let ahead = NamesAhead::default();
        assert_eq!(page(&ahead, "", 2), (names(&["a", "b"], true), true));
        assert_eq!(page(&ahead, "b", 2), (names(&["c"], true), false));
        assert_eq!(page(&ahead, "c", 1), (names(&["d"], true), true));
        assert_eq!(page(&ahead, "d", 1), (names(&["e"], false), false));
        // The list has ended, and keeps nothing.
        assert_eq!(page(&ahead, "d", 1), (names(&["e"], false), true));
    }

    #[test]
    fn a_list_that_begins_or_goes_back_reads_the_index() {
        let ahead = NamesAhead::default();
        assert!(page(&ahead, "", 1).1 && page(&ahead, "", 1).1);
        assert!(page(&ahead, "c", 1).1);
        assert_eq!(page(&ahead, "a", 1), (names(&["b"], true), true));
    }

    #[test]
    fn nothing_is_kept_from_before_an_addition_or_from_during_one() {
        let ahead = NamesAhead::default();
        page(&ahead, "", 1);
        ahead.forget();
        assert!(page(&ahead, "a", 1).1);
        let during = ahead.page("", 1, |_| {
            ahead.forget();
            Ok(names(&["a", "b"], true))
        });
        assert_eq!(during.unwrap(), names(&["a"], true));
        assert!(page(&ahead, "a", 1).1);
    }
}
