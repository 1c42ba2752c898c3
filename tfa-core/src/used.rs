//! The used steps of one authenticator, so that no step is accepted twice under any clock.
//!
//! An accepted step invalidates itself and every earlier one. Under a clock that was ahead that
//! would invalidate the codes of days or years, so the steps between accepted ones are kept as
//! gaps: where the last used step lies too far ahead of now to be believed, the gap around now is
//! open again, and what was accepted stays used.

use minicbor::{CborLen, Decode, Encode};

use crate::Step;

/// How many ranges are kept. Codes that were accepted in so many windows of two hours are
/// remembered exactly; of more, gaps are given up.
const MAX_RANGES: usize = 8;

/// Steps that are used, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
struct Range {
    #[n(0)]
    first: Step,
    #[n(1)]
    last: Step,
}

impl Range {
    fn contains(self, step: Step) -> bool {
        (self.first..=self.last).contains(&step)
    }
}

/// The used steps, as ranges in ascending order. A range never gets smaller.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(transparent)]
pub(crate) struct UsedSteps(#[n(0)] Vec<Range>);

impl UsedSteps {
    /// Every step up to this one: what is known of a step that was used before gaps were kept.
    pub(crate) fn up_to(last: Step) -> Self {
        let first = Step::FIRST;
        Self(vec![Range { first, last }])
    }

    /// Whether a decoded value is one that [`Self::insert`] makes.
    pub(crate) fn is_sound(&self) -> bool {
        let ascend = |pair: &[Range]| matches!(pair, [one, next] if one.last < next.first);
        self.0.len() <= MAX_RANGES
            && self.0.iter().all(|range| range.first <= range.last)
            && self.0.windows(2).all(ascend)
    }

    /// Whether that step is used.
    pub(crate) fn contains(&self, step: Step) -> bool {
        self.0.iter().any(|range| range.contains(step))
    }

    /// The highest used step that is not beyond another one, as far as its range ends there.
    pub(crate) fn highest_up_to(&self, limit: Step) -> Option<Step> {
        let ends = self.0.iter().map(|range| range.last);
        ends.filter(|last| *last <= limit).max()
    }

    /// Marks a step as used. Where there are too many ranges, gaps of up to `reach` steps are given
    /// up first: they cost an owner no more than a wait of that length.
    pub(crate) fn insert(&mut self, step: Step, reach: u64) {
        if self.contains(step) {
            return;
        }
        let place = self.0.partition_point(|range| range.last < step);
        let before = place.checked_sub(1).and_then(|below| self.0.get_mut(below));
        match before {
            Some(below) if below.last.distance(step) == 1 => below.last = step,
            _ => {
                let (first, last) = (step, step);
                self.0.insert(place, Range { first, last });
            }
        }
        while self.0.len() > MAX_RANGES {
            self.close_a_gap(step, reach);
        }
    }

    /// Gives up the gap that is shortest against its distance from this step: one that was
    /// opened by a clock far ahead outlasts many short ones, and old ones go first.
    fn close_a_gap(&mut self, step: Step, reach: u64) {
        // Rounded to a millionth: of two that are so close, either may go.
        let worth = |pair: &[Range]| match pair {
            [below, above] => {
                let length = below.last.distance(above.first);
                let far = below.last.distance(step).max(above.first.distance(step));
                let share = u128::from(length) * 1_000_000;
                (length > reach, share.checked_div(far.into()).unwrap_or(0))
            }
            _ => (true, u128::MAX),
        };
        let gaps = self.0.windows(2).map(worth).enumerate();
        let Some((place, _)) = gaps.min_by_key(|(_, worth)| *worth) else {
            return;
        };
        let above = self.0.remove(place + 1);
        if let Some(below) = self.0.get_mut(place) {
            below.last = above.last;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    const REACH: u64 = 240;

    fn step(number: u64) -> Step {
        Step::FIRST.offset(i64::try_from(number).unwrap())
    }

    fn used(numbers: &[u64]) -> UsedSteps {
        let mut used = UsedSteps::default();
        for number in numbers {
            used.insert(step(*number), REACH);
        }
        used
    }

    proptest! {
        #[test]
        fn a_used_step_stays_used(numbers in prop::collection::vec(0..100_000_u64, 0..60)) {
            let mut used = UsedSteps::default();
            let mut seen = HashSet::new();
            for number in numbers {
                used.insert(step(number), REACH);
                seen.insert(number);
                prop_assert!(used.is_sound());
                prop_assert!(seen.iter().all(|number| used.contains(step(*number))));
            }
        }

        #[test]
        fn as_many_steps_as_there_are_ranges_are_remembered_exactly(
            numbers in prop::collection::vec(0..300_u64, 0..=MAX_RANGES),
        ) {
            let used = used(&numbers);
            for other in 0..300 {
                prop_assert_eq!(used.contains(step(other)), numbers.contains(&other));
            }
        }
    }

    #[test]
    fn the_gap_of_a_clock_far_ahead_outlasts_daily_logins_before_and_after() {
        let (day, year) = (2880, 365 * 2880);
        let mut used = used(&(0..500).map(|days| days * day).collect::<Vec<_>>());
        for days in 0..30 {
            used.insert(step(500 * day + year + days * day), REACH);
        }
        let now = step(500 * day);
        assert!(!used.contains(now));
        assert_eq!(used.highest_up_to(now), Some(step(499 * day)));
    }
}
