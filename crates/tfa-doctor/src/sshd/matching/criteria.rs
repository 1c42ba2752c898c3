//! The criteria of a `Match` line (`match_cfg_line` in `servconf.c`).

use crate::sshd::config::ConfigLine;

/// A value of a connection that `Match` lines ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    User,
    Address,
    Host,
    LocalAddress,
    LocalPort,
    RoutingDomain,
}

impl Value {
    pub(super) const ALL: [Self; 6] = [
        Self::User,
        Self::Address,
        Self::Host,
        Self::LocalAddress,
        Self::LocalPort,
        Self::RoutingDomain,
    ];

    /// Its name in `sshd -C`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Address => "addr",
            Self::Host => "host",
            Self::LocalAddress => "laddr",
            Self::LocalPort => "lport",
            Self::RoutingDomain => "rdomain",
        }
    }
}

/// What a list of patterns is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Criterion {
    /// A value of the connection.
    Of(Value),
    /// The groups of the user.
    Group,
}

impl Criterion {
    pub(super) fn value(self) -> Value {
        match self {
            Self::Of(value) => value,
            Self::Group => Value::User,
        }
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "user" => Self::Of(Value::User),
            "group" => Self::Group,
            "host" => Self::Of(Value::Host),
            "address" => Self::Of(Value::Address),
            "localaddress" => Self::Of(Value::LocalAddress),
            "localport" => Self::Of(Value::LocalPort),
            "rdomain" => Self::Of(Value::RoutingDomain),
            _ => return None,
        })
    }
}

/// A `Match` line: each criterion must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct MatchLine {
    pub(super) criteria: Vec<(Criterion, String)>,
    /// Criteria of a newer sshd.
    pub(super) unknown: Vec<String>,
}

/// What a line means. OpenSSH before 9.9 and later ones split it in different ways, so it may mean two things.
pub(super) fn parse(line: &ConfigLine) -> Vec<MatchLine> {
    let today = parse_words(&line.values);
    let before = parse_words(&split_before(&line.rest));
    match today == before {
        true => vec![today],
        false => vec![today, before],
    }
}

fn parse_words(words: &[String]) -> MatchLine {
    let mut line = MatchLine::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word.starts_with('#') {
            break;
        }
        let name = word.to_ascii_lowercase();
        // These have no patterns. A user who does not exist cannot log in.
        if name == "all" || name == "invalid-user" {
            continue;
        }
        let (name, patterns) = match word.split_once('=') {
            Some((name, patterns)) => (name.to_ascii_lowercase(), Some(patterns.to_owned())),
            None => (name, words.next().cloned()),
        };
        match (Criterion::named(&name), patterns) {
            (Some(criterion), Some(patterns)) => line.criteria.push((criterion, patterns)),
            // The same for each connection.
            (None, _) if name == "version" => {}
            _ => line.unknown.push(name),
        }
    }
    line
}

/// The words as OpenSSH splits them before 9.9 (`strdelim`): at white space and one `=`, and quotation marks
/// are `"` alone.
fn split_before(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find([' ', '\t', '"', '=']).unwrap_or(rest.len());
        let (start, after) = rest.split_at(end);
        if let Some(quoted) = after.strip_prefix('"') {
            let (inside, after) = quoted.split_once('"').unwrap_or((quoted, ""));
            words.push(format!("{start}{inside}"));
            rest = after.trim_start();
        } else {
            words.push(start.to_owned());
            let after = after.trim_start();
            rest = after.strip_prefix('=').unwrap_or(after).trim_start();
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sshd::config;

    fn of(line: &str) -> Vec<String> {
        let text = format!("Match {line}\n");
        let lines = config::read(config::MAIN, &|_| Some(text.clone()), &|_| None).lines;
        let meanings = parse(&lines[0]).into_iter();
        let shown = meanings.map(|meaning| {
            let criteria = meaning.criteria.iter();
            let shown = criteria.map(|(criterion, patterns)| format!("{criterion:?} {patterns}"));
            let unknown = meaning.unknown.iter().map(|name| format!("unknown {name}"));
            shown.chain(unknown).collect::<Vec<_>>().join("; ")
        });
        shown.collect()
    }

    #[test]
    fn criteria_are_read_as_sshd_reads_them() {
        for (line, expected) in [
            ("User bob", &["Of(User) bob"][..]),
            ("uSER=bob group dev*", &["Of(User) bob; Group dev*"]),
            ("User = bob", &["Of(User) =; unknown bob", "Of(User) bob"]),
            ("User 'bob'", &["Of(User) bob", "Of(User) 'bob'"]),
            (
                "User \"a b\" RDomain v",
                &["Of(User) a b; Of(RoutingDomain) v"],
            ),
            ("all", &[""]),
            ("invalid-user", &[""]),
            ("Version OpenSSH_9* User a # b", &["Of(User) a"]),
            ("Tag x User a", &["Of(User) a; unknown tag"]),
            ("Session x", &["unknown session"]),
        ] {
            assert_eq!(of(line), expected, "{line}");
        }
    }
}
