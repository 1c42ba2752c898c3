//! Rules that come too late: an earlier one matches every login that they match.

use tfa_core::{OriginMatcher, Rule};

use super::mistake::{Mistakes, Wrong};
use super::rule::DraftRule;

/// Each of them is a mistake.
pub(super) fn check(rules: &[DraftRule], mistakes: &Mistakes) {
    for (index, late) in rules.iter().enumerate() {
        let mut earlier = rules.iter().take(index);
        if let Some(first) = earlier.find(|first| covers(first.rule(), late.rule())) {
            let wrong = Wrong::new(format!(
                "the rule never holds: the one at {} comes first and matches all that it matches",
                first.place.source()
            ));
            let wrong = wrong.help("put what is special before what is general");
            mistakes.in_place(wrong, &late.place);
        }
    }
}

/// Whether a rule matches every login that another one matches. Where it cannot be seen list by
/// list and entry by entry, it is taken not to be so.
fn covers(first: &Rule, late: &Rule) -> bool {
    covers_list(&first.users, &late.users, PartialEq::eq)
        && covers_list(&first.groups, &late.groups, PartialEq::eq)
        && covers_list(&first.services, &late.services, PartialEq::eq)
        && covers_list(&first.methods, &late.methods, PartialEq::eq)
        && covers_list(&first.uids, &late.uids, |first, late| {
            first.start() <= late.start() && late.end() <= first.end()
        })
        && covers_list(&first.origins, &late.origins, |first, late| {
            match (first, late) {
                (OriginMatcher::Network(first), OriginMatcher::Network(late)) => {
                    first.contains(late)
                }
                (first, late) => first == late,
            }
        })
}

fn covers_list<T>(first: &[T], late: &[T], covers: impl Fn(&T, &T) -> bool) -> bool {
    let covered = |late: &T| first.iter().any(|first| covers(first, late));
    first.is_empty() || (!late.is_empty() && late.iter().all(covered))
}
