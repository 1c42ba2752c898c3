//! When to say how far a long list is.

/// The accounts between two reports.
const STEP: usize = 10_000;

/// The accounts that were read.
#[derive(Default)]
pub(super) struct Progress {
    read: usize,
    /// Those since the last one that was shown on the terminal, or since the last report.
    unseen: usize,
}

impl Progress {
    /// Counts accounts. Returns how many there are, if it is time to report them.
    pub(super) fn add(&mut self, accounts: usize, is_shown: bool) -> Option<usize> {
        self.read += accounts;
        self.unseen = if is_shown { 0 } else { self.unseen + accounts };
        if self.unseen < STEP {
            return None;
        }
        self.unseen = 0;
        Some(self.read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_reported_while_none_is_shown() {
        let mut progress = Progress::default();
        let mut reports = |count: usize, is_shown| -> Vec<usize> {
            let added = (0..count).filter_map(|_| progress.add(1, is_shown));
            added.collect()
        };
        assert_eq!(reports(2 * STEP + 1, false), [STEP, 2 * STEP]);
        assert!(reports(3 * STEP, true).is_empty());
        assert_eq!(reports(STEP, false), [6 * STEP + 1]);
    }
}
