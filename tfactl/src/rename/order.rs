//! The order in which records are moved, where a new name still has a record of its own.

use std::collections::HashMap;

use tfa_proto::Renamed;

/// A record that cannot be moved, because another one has its new name or uid and is not moved.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Blocked<'a> {
    pub(super) renamed: &'a Renamed,
    /// The name of the other record.
    pub(super) by: &'a str,
}

/// The records in steps. The records of a step are moved together, after all records that are in their
/// way. Each step is as short as possible.
pub(super) fn steps(renamed: &[Renamed]) -> Result<Vec<Vec<&Renamed>>, Blocked<'_>> {
    let places: HashMap<&str, usize> = renamed
        .iter()
        .enumerate()
        .map(|(place, one)| (one.old.as_str(), place))
        .collect();
    let mut ways: Vec<Vec<usize>> = Vec::with_capacity(renamed.len());
    for one in renamed {
        let mut way = Vec::new();
        for name in &one.in_the_way {
            let place = places.get(name.as_str());
            way.push(*place.ok_or_else(|| Blocked {
                renamed: one,
                by: name,
            })?);
        }
        ways.push(way);
    }
    let mut waiting: Vec<usize> = (0..renamed.len()).collect();
    let mut done = vec![false; renamed.len()];
    let mut steps = Vec::new();
    while !waiting.is_empty() {
        let before = waiting.len();
        waiting.retain(|place| {
            let is_free = all_done(&ways, &done, *place);
            if is_free {
                mark(&mut done, *place);
                steps.push(vec![*place]);
            }
            !is_free
        });
        // None can be moved alone: the rest exchange names, or wait for records that do.
        if waiting.len() == before
            && let Some(shortest) = waiting
                .iter()
                .map(|place| together_with(&ways, &done, *place))
                .min_by_key(Vec::len)
        {
            shortest.iter().for_each(|place| mark(&mut done, *place));
            waiting.retain(|place| !shortest.contains(place));
            steps.push(shortest);
        }
    }
    let named = |step: Vec<usize>| step.into_iter().filter_map(|place| renamed.get(place));
    Ok(steps
        .into_iter()
        .map(|step| named(step).collect())
        .collect())
}

fn all_done(ways: &[Vec<usize>], done: &[bool], place: usize) -> bool {
    let mut way = ways.get(place).into_iter().flatten();
    way.all(|other| done.get(*other).copied().unwrap_or_default())
}

fn mark(done: &mut [bool], place: usize) {
    if let Some(done) = done.get_mut(place) {
        *done = true;
    }
}

/// A record, and all records that have to be moved with it.
fn together_with(ways: &[Vec<usize>], done: &[bool], place: usize) -> Vec<usize> {
    let mut found = vec![place];
    let mut next = 0;
    while let Some(place) = found.get(next).copied() {
        for other in ways.get(place).into_iter().flatten() {
            let is_done = done.get(*other).copied().unwrap_or_default();
            if !is_done && !found.contains(other) {
                found.push(*other);
            }
        }
        next += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(old: &str, new: &str, in_the_way: &[&str]) -> Renamed {
        Renamed {
            old: old.to_owned(),
            new: new.to_owned(),
            in_the_way: in_the_way.iter().map(|name| (*name).to_owned()).collect(),
            ..Renamed::default()
        }
    }

    fn names(renamed: &[Renamed]) -> Vec<Vec<&str>> {
        let steps = steps(renamed).unwrap();
        let named = |step: Vec<&'_ Renamed>| {
            let mut names: Vec<&str> = Vec::new();
            for one in step {
                let of = renamed.iter().find(|other| *other == one).unwrap();
                names.push(&of.old);
            }
            names.sort_unstable();
            names
        };
        steps.into_iter().map(named).collect()
    }

    #[test]
    fn a_chain_is_moved_from_its_end() {
        let chain = [
            one("a", "b", &["b"]),
            one("b", "c", &["c"]),
            one("c", "d", &[]),
        ];
        assert_eq!(names(&chain), [["c"], ["b"], ["a"]]);
    }

    #[test]
    fn records_that_exchange_names_are_moved_together() {
        let swap = [
            one("x", "a", &["a"]),
            one("a", "b", &["b"]),
            one("b", "a2", &["a"]),
            one("y", "z", &[]),
        ];
        assert_eq!(names(&swap), [vec!["y"], vec!["a", "b"], vec!["x"]]);
    }

    #[test]
    fn a_record_outside_the_map_blocks_the_whole_map() {
        let map = [one("y", "z", &[]), one("a", "b", &["c"])];
        let blocked = steps(&map).unwrap_err();
        assert_eq!((blocked.renamed.old.as_str(), blocked.by), ("a", "c"));
    }
}
