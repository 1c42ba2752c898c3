//! The connections for which sshd is asked what is in force: one for each set of `Match` lines that apply to
//! a connection together.

mod criteria;
mod network;
pub(crate) mod pattern;
mod users;

use std::collections::{BTreeMap, BTreeSet};

pub use users::{Users, primary_groups};

use self::criteria::{Criterion, MatchLine, Value};
use self::pattern::{ListMatch, match_list, patterns};
use super::config::{ConfigLine, MAX_LINES};
use crate::messages;

/// How many connections are asked about.
pub const MAX_CONNECTIONS: usize = 256;
/// How much work is done to find them: combinations of values, times lines.
const MAX_WORK: usize = 2_000_000;

/// A connection, in the terms of `sshd -C`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    parts: Vec<Part>,
    /// The places of the `Match` lines that apply to it.
    pub blocks: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    name: &'static str,
    value: String,
    is_special: bool,
}

impl Connection {
    /// The argument of `sshd -C`.
    #[must_use]
    pub fn argument(&self) -> String {
        join(self.parts.iter())
    }

    /// What is special about it; empty for the connection outside all patterns.
    #[must_use]
    pub fn label(&self) -> String {
        join(self.parts.iter().filter(|part| part.is_special))
    }
}

fn join<'a>(parts: impl Iterator<Item = &'a Part>) -> String {
    let pairs = parts.map(|part| format!("{}={}", part.name, part.value));
    pairs.collect::<Vec<_>>().join(",")
}

/// The connections to ask about.
#[derive(Debug, Clone, Default)]
pub struct Connections {
    /// The connection outside all patterns first, if there can be one; then those with few special values.
    pub connections: Vec<Connection>,
    /// Why others may differ from them all, in whole sentences.
    pub not_examined: Vec<String>,
}

/// The users and groups that `Match` lines name without a star. A name service may know them and not list
/// them.
#[must_use]
pub fn names(lines: &[ConfigLine]) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut users, mut groups) = (BTreeSet::new(), BTreeSet::new());
    for line in match_lines(lines).iter().flatten() {
        for (criterion, list) in &line.criteria {
            let names = patterns(list).map(|(_, name)| name);
            let names = names.filter(|name| !name.contains(['*', '?']) && !name.starts_with('-'));
            match criterion {
                Criterion::Group => groups.extend(names.map(str::to_owned)),
                Criterion::Of(Value::User) => users.extend(names.map(str::to_owned)),
                Criterion::Of(_) => {}
            }
        }
    }
    (users, groups)
}

/// The connections of which each has another set of `Match` lines that apply.
#[must_use]
pub fn connections(lines: &[ConfigLine], users: &Users) -> Connections {
    let is_full = lines.len() >= MAX_LINES;
    let meanings = match_lines(lines);
    let mut not_examined: Vec<String> = meanings
        .iter()
        .filter_map(|meanings| unknown(meanings))
        .map(messages::unknown_criterion)
        .collect();
    let blocks = lines.iter().filter(|line| line.keyword == "match");
    let places = blocks.zip(&meanings).flat_map(|(line, meanings)| {
        let place = is_certain(line, meanings).then(|| line.place.to_string());
        meanings.iter().map(move |_| place.clone())
    });
    let places: Vec<Option<String>> = places.collect();
    let lines: Vec<MatchLine> = meanings.into_iter().flatten().collect();
    let mut classes = Vec::new();
    for value in Value::ALL {
        // sshd before 7.8 does not know it in `-C`.
        let is_named = lines.iter().any(|line| line.names(value));
        if is_named || value != Value::RoutingDomain {
            classes.push(Classes::new(value, &lines, users, &mut not_examined));
        }
    }
    let (connections, is_incomplete) = combine(&classes, &places);
    if is_incomplete {
        not_examined.push(messages::too_many_connections());
    }
    if is_full {
        not_examined.push(messages::too_many_lines());
    }
    not_examined.sort();
    not_examined.dedup();
    Connections {
        connections,
        not_examined,
    }
}

/// What each `Match` line may mean.
fn match_lines(lines: &[ConfigLine]) -> Vec<Vec<MatchLine>> {
    let blocks = lines.iter().filter(|line| line.keyword == "match");
    blocks.map(criteria::parse).collect()
}

/// Whether the connections to which a `Match` line applies are known.
fn is_certain(line: &ConfigLine, meanings: &[MatchLine]) -> bool {
    let is_plain = |word: &String| !word.eq_ignore_ascii_case("invalid-user");
    let is_known = |meaning: &MatchLine| meaning.unknown.is_empty();
    let has_criteria = |meaning: &MatchLine| !meaning.criteria.is_empty();
    let is_all = line.rest.trim().eq_ignore_ascii_case("all");
    line.values.iter().all(is_plain)
        && meanings.iter().all(is_known)
        && (is_all || meanings.iter().all(has_criteria))
}

/// A criterion that is not known, unless another meaning of the line has none.
fn unknown(meanings: &[MatchLine]) -> Option<&str> {
    let mut first = meanings.iter().map(|line| line.unknown.first());
    first
        .try_fold("", |_, unknown| unknown.map(String::as_str))
        .filter(|unknown| !unknown.is_empty())
}

impl MatchLine {
    fn names(&self, value: Value) -> bool {
        let mut criteria = self.criteria.iter();
        criteria.any(|(criterion, _)| criterion.value() == value)
    }
}

/// Values of a connection of which one is in each class that `Match` lines tell apart, with the lines that
/// each of them fits. The first is the least special.
struct Classes {
    value: Value,
    members: Vec<(String, Vec<bool>)>,
}

impl Classes {
    fn new(
        value: Value,
        lines: &[MatchLine],
        users: &Users,
        not_examined: &mut Vec<String>,
    ) -> Self {
        let preferred = usual(value);
        let mut candidates = vec![preferred.clone()];
        candidates.extend(values(value, lines, users, not_examined));
        let mut members: BTreeMap<Vec<bool>, String> = BTreeMap::new();
        for candidate in candidates {
            let fits = |line: &MatchLine| fits(line, value, &candidate, users);
            let fits = lines.iter().map(fits).collect();
            // The separator of `-C`.
            if !candidate.contains(',') {
                members.entry(fits).or_insert(candidate);
            }
        }
        let of_this_value: Vec<bool> = lines.iter().map(|line| line.names(value)).collect();
        let specials = |fits: &[bool]| {
            let pairs = fits.iter().zip(&of_this_value);
            pairs.filter(|(fits, names)| **fits && **names).count()
        };
        let mut members: Vec<_> = members
            .into_iter()
            .map(|(fits, value)| (value, fits))
            .collect();
        members.sort_by_key(|(value, fits)| (specials(fits), *value != preferred));
        Self { value, members }
    }
}

/// A value that no pattern is likely to name: an account that exists and never logs in, a documentation
/// address, a name that cannot exist, a port that no service has.
fn usual(value: Value) -> String {
    let value = match value {
        Value::User => "nobody",
        Value::Address => "203.0.113.250",
        Value::Host => "outside.invalid",
        Value::LocalAddress => "192.0.2.250",
        Value::LocalPort => "65535",
        Value::RoutingDomain => "",
    };
    value.to_owned()
}

/// Values of which one is in each class.
fn values(
    value: Value,
    lines: &[MatchLine],
    users: &Users,
    not_examined: &mut Vec<String>,
) -> Vec<String> {
    let criteria = lines.iter().flat_map(|line| &line.criteria);
    let lists = criteria.filter(|(criterion, _)| *criterion == Criterion::Of(value));
    let named: BTreeSet<String> = lists
        .flat_map(|(_, list)| patterns(list))
        .map(|(_, pattern)| match value {
            Value::Host => pattern.to_ascii_lowercase(),
            _ => pattern.to_owned(),
        })
        .collect();
    let (found, uncertain) = match value {
        Value::Address | Value::LocalAddress => {
            let (mut found, uncertain) = network::addresses(&named);
            // Outside the networks of the other family.
            found.push("2001:db8:ffff::fa".to_owned());
            (found, uncertain)
        }
        Value::LocalPort => (named.into_iter().collect(), Vec::new()),
        Value::User | Value::Host | Value::RoutingDomain => {
            let (texts, is_incomplete) = pattern::texts(&named);
            let first = named.into_iter().next().filter(|_| is_incomplete);
            (texts, first.into_iter().collect())
        }
    };
    not_examined.extend(
        uncertain
            .iter()
            .map(|pattern| messages::uncertain_pattern(pattern)),
    );
    match value {
        // Those who exist, before examples of names.
        Value::User => users
            .iter()
            .map(|(user, _)| user.clone())
            .chain(found)
            .collect(),
        _ => found,
    }
}

/// Whether the criteria of a line that are about a value hold.
fn fits(line: &MatchLine, value: Value, candidate: &str, users: &Users) -> bool {
    let mut criteria = line.criteria.iter();
    criteria.all(|(criterion, list)| match criterion {
        Criterion::Group if value == Value::User => {
            let groups = users.groups(candidate);
            let judge =
                |group: &String| match_list(list, |pattern| pattern::matches(pattern, group));
            let judged: Vec<ListMatch> = groups.map(judge).collect();
            judged.contains(&ListMatch::Positive) && !judged.contains(&ListMatch::Negated)
        }
        Criterion::Of(named) if *named == value => {
            let matches = |pattern: &str| match value {
                Value::Address | Value::LocalAddress => network::matches(pattern, candidate),
                Value::LocalPort => pattern == candidate,
                Value::Host => pattern::matches(&pattern.to_ascii_lowercase(), candidate),
                Value::User | Value::RoutingDomain => pattern::matches(pattern, candidate),
            };
            match_list(list, matches) == ListMatch::Positive
        }
        _ => true,
    })
}

/// The combinations of values to which different sets of lines apply, those with few special values first,
/// and whether there are more.
fn combine(classes: &[Classes], places: &[Option<String>]) -> (Vec<Connection>, bool) {
    let mut masks: Vec<usize> = (0..1_usize << classes.len()).collect();
    masks.sort_by_key(|mask| mask.count_ones());
    let (mut connections, mut known, mut work) = (Vec::new(), BTreeSet::new(), 0);
    for mask in masks {
        // The first value of the classes outside the mask, each other one of those inside.
        let choices =
            classes
                .iter()
                .enumerate()
                .map(|(bit, classes)| match mask & (1 << bit) == 0 {
                    true => 0..1,
                    false => 1..classes.members.len(),
                });
        let choices: Vec<_> = choices.collect();
        let mut chosen: Vec<usize> = choices.iter().map(|choice| choice.start).collect();
        let mut is_open = choices.iter().all(|choice| !choice.is_empty());
        while is_open {
            work += work_of_one(classes);
            if work > MAX_WORK {
                return (connections, true);
            }
            let members: Vec<_> = classes
                .iter()
                .zip(&chosen)
                .filter_map(|(classes, index)| Some((classes.value, classes.members.get(*index)?)))
                .collect();
            let applying = applying(&members);
            let blocks = applying.iter().zip(places);
            let blocks = blocks.filter_map(|(applies, place)| place.clone().filter(|_| *applies));
            let blocks: Vec<String> = blocks.collect();
            if known.insert(applying) {
                if connections.len() >= MAX_CONNECTIONS {
                    return (connections, true);
                }
                let parts = members
                    .iter()
                    .zip(&chosen)
                    .map(|((value, member), index)| Part {
                        name: value.name(),
                        value: member.0.clone(),
                        is_special: *index > 0,
                    });
                connections.push(Connection {
                    parts: parts.collect(),
                    blocks,
                });
            }
            is_open = advance(&mut chosen, &choices);
        }
    }
    (connections, false)
}

/// The work for one combination.
fn work_of_one(classes: &[Classes]) -> usize {
    let lines = classes.iter().filter_map(|classes| classes.members.first());
    1 + lines.map(|(_, fits)| fits.len()).sum::<usize>()
}

/// The lines that each value fits.
fn applying(members: &[(Value, &(String, Vec<bool>))]) -> Vec<bool> {
    let mut members = members.iter().map(|(_, (_, fits))| fits);
    let first = members.next().cloned().unwrap_or_default();
    members.fold(first, |all, fits| {
        let pairs = all.iter().zip(fits);
        pairs.map(|(all, fits)| *all && *fits).collect()
    })
}

/// Goes on to the next choice; `false` after the last.
fn advance(chosen: &mut [usize], choices: &[std::ops::Range<usize>]) -> bool {
    for (index, choice) in chosen.iter_mut().zip(choices) {
        *index += 1;
        if *index < choice.end {
            return true;
        }
        *index = choice.start;
    }
    false
}

#[cfg(test)]
mod tests;
