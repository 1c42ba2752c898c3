//! The used steps of one authenticator. No step is accepted twice, whatever the clock shows.
//!
//! An accepted step invalidates itself and every earlier step. While a clock is ahead, that would
//! invalidate the codes of days or years. So the steps between accepted ones are kept as gaps. If
//! the last used step lies too far ahead of now, the gap around now is open again, and accepted
//! steps stay used.
//!
//! That a clock was ahead is known only after it is set back. So the gaps of every user are stored,
//! as distances of two or three bytes.

use minicbor::{CborLen, Decode, Encode};

use crate::Step;

/// The maximum number of ranges. So many logins are stored exactly, and more where some lie within
/// two hours.
const MAX_RANGES: usize = 64;

/// A range of used steps, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    first: Step,
    last: Step,
}

impl Range {
    fn contains(self, step: Step) -> bool {
        (self.first..=self.last).contains(&step)
    }
}

/// The used steps, as ranges in ascending order. A range never shrinks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(transparent)]
pub(super) struct UsedSteps(#[cbor(n(0), with = "distances")] Vec<Range>);

impl UsedSteps {
    /// Every step up to this one: the meaning of a used step in a record without gaps.
    pub(super) fn up_to(last: Step) -> Self {
        let first = Step::FIRST;
        Self(vec![Range { first, last }])
    }

    /// Whether a decoded value is one that [`Self::insert`] makes.
    pub(super) fn is_sound(&self) -> bool {
        let ascend = |pair: &[Range]| matches!(pair, [one, next] if one.last < next.first);
        self.0.len() <= MAX_RANGES
            && self.0.iter().all(|range| range.first <= range.last)
            && self.0.windows(2).all(ascend)
    }

    /// Whether a step is used.
    pub(super) fn contains(&self, step: Step) -> bool {
        self.0.iter().any(|range| range.contains(step))
    }

    /// The highest end of a range that is not above a limit.
    pub(super) fn highest_up_to(&self, limit: Step) -> Option<Step> {
        let ends = self.0.iter().map(|range| range.last);
        ends.filter(|last| *last <= limit).max()
    }

    /// Marks a step as used. If there are too many ranges, two are joined. Ranges that span less
    /// than `reach` steps together are joined first: the owner loses at most the codes of that
    /// time.
    pub(super) fn insert(&mut self, step: Step, reach: u64) {
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
            self.join_two(step, reach);
        }
    }

    /// Joins the two neighbors with the smallest length in proportion to their distance from this
    /// step. So old ranges are joined first, and many new ranges grow alike. Ranges ahead of the
    /// step are joined last, because their codes are still to come.
    fn join_two(&mut self, step: Step, reach: u64) {
        // Rounded to a millionth: of two that are so close, either may go.
        let cost = |(place, pair): (usize, &[Range])| match pair {
            [below, above] => {
                // The first range stands for everything before it, so its length says nothing. What
                // it gains was passed long ago for most; in the middle codes to come are lost.
                let (first, weight) = match place {
                    0 => (below.last, 1),
                    _ => (below.first, 4),
                };
                let length = first.distance(above.last);
                let far = below.last.distance(step).max(above.last.distance(step));
                let share = u128::from(length) * weight * 1_000_000;
                let share = share.checked_div(far.into()).unwrap_or(0);
                (length >= reach, step < above.last, share)
            }
            _ => (true, true, u128::MAX),
        };
        let pairs = self.0.windows(2).enumerate();
        let Some((place, _)) = pairs.min_by_key(|pair| cost(*pair)) else {
            return;
        };
        let above = self.0.remove(place + 1);
        if let Some(below) = self.0.get_mut(place) {
            below.last = above.last;
        }
    }
}

/// Ranges as numbers: for each, the distance of its start from the end of the range before, and its
/// length.
mod distances {
    use minicbor::decode::{Decoder, Error};
    use minicbor::encode::{self, Encoder, Write};
    use minicbor::{CborLen, Decode, Encode};

    use super::Range;
    use crate::Step;

    fn of(ranges: &[Range]) -> Vec<u64> {
        let mut end = Step::FIRST;
        let mut distances = Vec::with_capacity(2 * ranges.len());
        for range in ranges {
            distances.extend([end.distance(range.first), range.first.distance(range.last)]);
            end = range.last;
        }
        distances
    }

    pub(super) fn encode<C, W: Write>(
        ranges: &[Range],
        encoder: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        of(ranges).encode(encoder, context)
    }

    pub(super) fn cbor_len<C>(ranges: &[Range], context: &mut C) -> usize {
        of(ranges).cbor_len(context)
    }

    pub(super) fn decode<C>(
        decoder: &mut Decoder<'_>,
        context: &mut C,
    ) -> Result<Vec<Range>, Error> {
        let distances = Vec::<u64>::decode(decoder, context)?;
        let mut end = Step::FIRST;
        let mut next = |distance: &u64| {
            let step = end.after(*distance);
            end = step.unwrap_or(end);
            step
        };
        let ranges = distances.chunks(2).map(|pair| match pair {
            [gap, length] => Some(Range {
                first: next(gap)?,
                last: next(length)?,
            }),
            _ => None,
        });
        let ranges: Option<_> = ranges.collect();
        ranges.ok_or_else(|| Error::message("not the used steps of an authenticator"))
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

    fn range(first: u64, last: u64) -> Range {
        let (first, last) = (step(first), step(last));
        Range { first, last }
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
        fn a_used_step_stays_used(numbers in prop::collection::vec(0..100_000_u64, 0..200)) {
            let mut used = UsedSteps::default();
            let mut seen = HashSet::new();
            for number in numbers {
                used.insert(step(number), REACH);
                seen.insert(number);
                prop_assert!(used.is_sound());
                prop_assert!(seen.iter().all(|number| used.contains(step(*number))));
            }
            let bytes = minicbor::to_vec(&used).unwrap();
            prop_assert_eq!(bytes.len(), minicbor::len(&used));
            prop_assert_eq!(minicbor::decode::<UsedSteps>(&bytes).unwrap(), used);
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
    fn numbers_that_no_ranges_make_are_refused() {
        let read = |distances: &[u64]| {
            let bytes = minicbor::to_vec(distances).unwrap();
            let used: Option<UsedSteps> = minicbor::decode(&bytes).ok();
            used.filter(UsedSteps::is_sound)
        };
        assert_eq!(
            read(&[5, 0, 3, 1]),
            Some(UsedSteps(vec![range(5, 5), range(8, 9)]))
        );
        assert_eq!(read(&[]), Some(UsedSteps::default()));
        let too_many = [1, 0].repeat(MAX_RANGES + 1);
        for wrong in [
            &[5][..],
            &[5, 0, 3],
            &[5, 0, 0, 0],
            &[5, u64::MAX],
            &too_many,
        ] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_login_a_day_or_an_hour_takes_less_than_270_bytes_for_ever() {
        for interval in [2880, 120] {
            let used = used(
                &(0..1000)
                    .map(|login| 58_000_000 + login * interval)
                    .collect::<Vec<_>>(),
            );
            let bytes = minicbor::len(&used);
            assert!(bytes < 270, "{bytes}");
        }
    }

    #[test]
    fn sixty_logins_ahead_cost_no_code_between_them_that_is_two_hours_away() {
        for apart in [20, 90, 180, 840, 2880] {
            let mut used = used(&(0..1000).map(|day| day * 2880).collect::<Vec<_>>());
            let first = 1000 * 2880 + 1700;
            let ahead: Vec<_> = (0..60).map(|login| first + login * apart).collect();
            for number in &ahead {
                used.insert(step(*number), REACH);
            }
            let now = 1000 * 2880;
            assert!(!used.contains(step(now)), "{apart}");
            // Logins of the present push out none of them.
            for login in 0..300 {
                used.insert(step(now + login * 5), REACH);
            }
            let beyond = used.0.iter().filter(|range| range.last >= step(first));
            for range in beyond {
                assert!(
                    range.first.distance(range.last) < REACH,
                    "{apart}: {range:?}"
                );
            }
            assert!(ahead.iter().all(|number| used.contains(step(*number))));
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
