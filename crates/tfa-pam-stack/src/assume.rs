//! What is not known of the modules of a stack: whether a module succeeds or is ignored, or whether it asks for the
//! password. A fault that is there whatever holds is certain. Another one depends on some modules.

use std::collections::BTreeSet;

use crate::stack::Line;

/// Of how many modules each value is tried.
const MAX_UNKNOWN: usize = 6;

/// A module with its arguments, and what is assumed of it.
pub(crate) type Assumed<'a, V> = (&'a Line, V);

/// What is assumed of a line.
pub(crate) fn assumed<V: Copy>(assumed: &[Assumed<'_, V>], line: &Line) -> Option<V> {
    let mut known = assumed.iter();
    let found = known.find(|(known, _)| is_same(known, line))?;
    Some(found.1)
}

/// A fault, and the modules on which it depends. `find` looks for it with something assumed of some of the lines that
/// are not known. Where nothing is assumed of a line, each value is possible.
pub(crate) fn find<'a, V: Copy, T>(
    unknown: impl Iterator<Item = &'a Line>,
    values: [V; 2],
    find: impl Fn(&[Assumed<'a, V>]) -> Option<T>,
) -> Option<(T, BTreeSet<String>)> {
    let any = find(&[])?;
    let mut lines: Vec<&Line> = Vec::new();
    for line in unknown {
        if lines.len() < MAX_UNKNOWN && !lines.iter().any(|known| is_same(known, line)) {
            lines.push(line);
        }
    }
    let cases = assignments(&lines, values).into_iter();
    let (found, not_found): (Vec<_>, Vec<_>) = cases
        .map(|assumed| find(&assumed))
        .partition(Option::is_some);
    if not_found.is_empty() {
        return Some((any, BTreeSet::new()));
    }
    let decides = |line: &&&'a Line| {
        values
            .iter()
            .any(|value| find(&[(**line, *value)]).is_none())
    };
    let mut deciding: BTreeSet<String> = lines
        .iter()
        .filter(decides)
        .map(|line| name(line))
        .collect();
    if deciding.is_empty() {
        // Several together do.
        deciding = lines.iter().map(|line| name(line)).collect();
    }
    Some((found.into_iter().flatten().next().unwrap_or(any), deciding))
}

/// Each combination of values of some lines.
fn assignments<'a, V: Copy>(lines: &[&'a Line], values: [V; 2]) -> Vec<Vec<Assumed<'a, V>>> {
    let mut assignments = vec![Vec::new()];
    for line in lines {
        let longer = assignments.iter().flat_map(|before: &Vec<Assumed<'a, V>>| {
            values.map(|value| [before.as_slice(), &[(*line, value)]].concat())
        });
        assignments = longer.collect();
    }
    assignments
}

fn name(line: &Line) -> String {
    let name = line.module.rsplit('/').next();
    name.unwrap_or_default().to_owned()
}

fn is_same(one: &Line, other: &Line) -> bool {
    one.module == other.module && one.arguments == other.arguments
}
