//! The connections for which sshd is asked what is in force: one for each user, group, address and host that
//! a `Match` line names, one outside all of them, and their combinations.

use super::config::ConfigLine;

/// How many connections are asked about.
pub const MAX_CORNERS: usize = 256;
/// How many values of one criterion are combined with those of the others.
const MAX_VALUES: usize = 64;

/// A connection, in the terms of `sshd -C`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    values: [String; 5],
    is_outside: [bool; 5],
}

/// The criteria of a connection, as `sshd -C` names them.
const CRITERIA: [&str; 5] = ["user", "addr", "host", "laddr", "lport"];
/// Values that no pattern is likely to name: an account that exists and never logs in, documentation
/// addresses, a name that cannot exist.
const OUTSIDE: [&str; 5] = [
    "nobody",
    "203.0.113.250",
    "outside.invalid",
    "192.0.2.250",
    "22",
];

impl Connection {
    /// The argument of `sshd -C`.
    #[must_use]
    pub fn argument(&self) -> String {
        let pairs = CRITERIA.iter().zip(&self.values);
        let pairs: Vec<String> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join(",")
    }

    /// What is special about it; empty for the connection outside all patterns.
    #[must_use]
    pub fn label(&self) -> String {
        let parts = CRITERIA.iter().zip(&self.values).zip(self.is_outside);
        let special = parts.filter(|(_, is_outside)| !is_outside);
        let parts: Vec<String> = special
            .map(|((name, value), _)| format!("{name}={value}"))
            .collect();
        parts.join(",")
    }
}

/// The connections, that outside all patterns first, and whether there are more than [`MAX_CORNERS`].
/// `member` returns a member of a group.
pub fn corners(
    lines: &[ConfigLine],
    member: &dyn Fn(&str) -> Option<String>,
) -> (Vec<Connection>, bool) {
    let mut values: [Vec<String>; 5] = OUTSIDE.map(|value| vec![value.to_owned()]);
    let blocks = lines.iter().filter(|line| line.keyword == "match");
    for (criterion, patterns) in blocks.flat_map(|line| criteria(&line.values)) {
        for pattern in patterns.split(',').filter(|pattern| !pattern.is_empty()) {
            let pattern = pattern.strip_prefix('!').unwrap_or(pattern);
            let found = match criterion.as_str() {
                "user" => Some((0, example(pattern))),
                "group" => member(pattern).map(|user| (0, user)),
                "address" => Some((1, address(pattern))),
                "host" => Some((2, example(pattern))),
                "localaddress" => Some((3, address(pattern))),
                "localport" => Some((4, pattern.to_owned())),
                _ => None,
            };
            let place = found.and_then(|(index, value)| Some((values.get_mut(index)?, value)));
            if let Some((known, value)) = place
                && !known.contains(&value)
                && is_plain(&value)
            {
                known.push(value);
            }
        }
    }
    let is_cut = values.iter().any(|values| values.len() > MAX_VALUES);
    let mut all = vec![Connection {
        values: OUTSIDE.map(str::to_owned),
        is_outside: [true; 5],
    }];
    for (index, values) in values.iter().enumerate() {
        let before = all.clone();
        for value in values.iter().skip(1).take(MAX_VALUES) {
            all.extend(before.iter().cloned().map(|mut connection| {
                if let Some(place) = connection.values.get_mut(index) {
                    place.clone_from(value);
                }
                if let Some(flag) = connection.is_outside.get_mut(index) {
                    *flag = false;
                }
                connection
            }));
        }
    }
    // Few combinations before many: those that are cut off are the most special ones.
    all.sort_by_key(|connection| connection.is_outside.iter().filter(|is| !**is).count());
    let is_cut = is_cut || all.len() > MAX_CORNERS;
    all.truncate(MAX_CORNERS);
    (all, is_cut)
}

/// The criteria of a `Match` line: pairs of words, or `criterion=patterns`.
fn criteria(words: &[String]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if let Some((criterion, patterns)) = word.split_once('=') {
            found.push((criterion.to_ascii_lowercase(), patterns.to_owned()));
        } else if !word.eq_ignore_ascii_case("all") {
            let patterns = words.next().cloned().unwrap_or_default();
            found.push((word.to_ascii_lowercase(), patterns));
        }
    }
    found
}

/// A text that a pattern matches.
fn example(pattern: &str) -> String {
    pattern.replace(['*', '?'], "x")
}

/// An address that a network or a pattern matches.
fn address(pattern: &str) -> String {
    let address = pattern.split('/').next().unwrap_or_default();
    let mut address = address.replace(['*', '?'], "1");
    if !address.contains(':') {
        while address.split('.').count() < 4 {
            address.push_str(".1");
        }
    }
    address
}

/// Whether a value can be an argument of `sshd -C`, which separates by commas.
fn is_plain(value: &str) -> bool {
    !value.is_empty() && !value.contains([',', '=']) && !value.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(blocks: &[&str]) -> (Vec<String>, bool) {
        let line = |block: &&str| ConfigLine {
            place: String::new(),
            keyword: "match".to_owned(),
            values: block.split(' ').map(str::to_owned).collect(),
            in_match: true,
        };
        let lines: Vec<ConfigLine> = blocks.iter().map(line).collect();
        let member = |group: &str| (group == "admins").then(|| "carol".to_owned());
        let (found, is_cut) = corners(&lines, &member);
        (found.iter().map(Connection::label).collect(), is_cut)
    }

    #[test]
    fn each_value_and_each_combination_is_a_corner() {
        let (found, is_cut) = of(&[
            "User deploy Address 192.0.2.0/24",
            "group=admins,absent",
            "all",
            "Address 2001:db8::/32,10.*",
        ]);
        assert!(!is_cut);
        assert_eq!(found.len(), 3 * 4);
        assert_eq!(found[0], "");
        for corner in [
            "user=deploy",
            "user=carol",
            "addr=10.1.1.1",
            "user=deploy,addr=192.0.2.0",
            "user=carol,addr=2001:db8::",
        ] {
            assert!(
                found.iter().any(|label| label == corner),
                "{corner}: {found:?}"
            );
        }
    }

    #[test]
    fn many_combinations_are_cut_off() {
        let users: Vec<String> = (0..40).map(|number| format!("u{number}")).collect();
        let block = format!(
            "User {} Address 10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5,10.0.0.6,10.0.0.7",
            users.join(",")
        );
        let (found, is_cut) = of(&[&block]);
        assert!(is_cut);
        assert_eq!(found.len(), MAX_CORNERS);
        assert!(
            users
                .iter()
                .all(|user| found.contains(&format!("user={user}")))
        );
    }

    #[test]
    fn values_that_sshd_cannot_take_are_left_out() {
        assert_eq!(of(&["User a=b", "Host", "Unknown x"]).0, [""]);
    }
}
