//! Rules that never take effect, because an earlier rule matches every login that they match.

use tfa_core::{HostPattern, OriginMatcher, Rule};

use super::messages::errors;
use super::report::Problems;
use super::rule::RuleBuilder;

/// Reports each of them.
pub(super) fn check(rules: &[RuleBuilder], problems: &Problems) {
    for (index, late) in rules.iter().enumerate() {
        let mut earlier = rules.iter().take(index);
        if let Some(first) = earlier.find(|first| covers(&first.rule, &late.rule)) {
            let problem = errors::unreachable_rule(&first.position.source());
            problems.at(&problem, &late.position);
        }
    }
}

/// Whether a rule matches every login that another one matches. Lists are compared entry by entry,
/// so not every such pair is found.
fn covers(first: &Rule, late: &Rule) -> bool {
    // A new condition does not compile until it is compared here. A condition that is not compared
    // would turn a useful rule into an error.
    let Rule {
        users,
        groups,
        uids,
        hosts,
        services,
        origins,
        methods,
        effect,
    } = first;
    let outlasts = effect.terms.until.is_none_or(|end| {
        let late = late.effect.terms.until;
        late.is_some_and(|late| late <= end)
    });
    outlasts
        && covers_list(users, &late.users, PartialEq::eq)
        && covers_list(groups, &late.groups, PartialEq::eq)
        && covers_list(hosts, &late.hosts, HostPattern::covers)
        && covers_list(services, &late.services, PartialEq::eq)
        && covers_list(methods, &late.methods, |first, late| {
            // "publickey" matches keys of every kind.
            let kind = late.strip_prefix(first.as_str());
            kind.is_some_and(|kind| kind.is_empty() || kind.starts_with(':'))
        })
        && covers_list(uids, &late.uids, |first, late| {
            first.start() <= late.start() && late.end() <= first.end()
        })
        && covers_list(origins, &late.origins, |first, late| match (first, late) {
            (OriginMatcher::Network(first), OriginMatcher::Network(late)) => first.contains(late),
            (first, late) => first == late,
        })
}

fn covers_list<T>(first: &[T], late: &[T], covers: impl Fn(&T, &T) -> bool) -> bool {
    let covered = |late: &T| first.iter().any(|first| covers(first, late));
    first.is_empty() || (!late.is_empty() && late.iter().all(covered))
}
