//! What the policy of a member requires of a login, beside that of the verifier.
//!
//! It goes with the context of the login, under a key of its own: a verifier that does not know the key refuses
//! the login, where it would not see a new field of a message.

use std::time::Duration;

use tfa_core::{
    AfterGrace, FactorKind, Factors, HostName, Mode, Offline, RuleEffect, Source, Terms, Time,
};
use tfa_fleet_wire::{ContextEntry, EntryValue};
use tfa_proto::ContextError;

/// The key of the context.
const KEY: &str = "host-requires";

const FACTORS: [(&str, FactorKind); 4] = [
    ("totp", FactorKind::Totp),
    ("hotp", FactorKind::Hotp),
    ("security-key", FactorKind::SecurityKey),
    ("backup-code", FactorKind::BackupCode),
];

/// What the policy of a member requires of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Floor {
    /// A rule, or several that may apply in one.
    pub effect: RuleEffect,
    /// Whether the service is guarded there.
    pub guarded: bool,
}

/// The entry of a context: `after=enroll grace=0 guarded since=1796083200 factors=totp,backup-code`.
pub(super) fn entry(floor: &Floor) -> ContextEntry {
    let Floor { effect, guarded } = floor;
    let after = match effect.after_grace {
        AfterGrace::Enroll => "enroll",
        AfterGrace::Deny => "deny",
    };
    let mut words = vec![
        format!("after={after}"),
        format!("grace={}", effect.grace.as_secs()),
    ];
    words.extend(guarded.then(|| "guarded".to_owned()));
    words.extend(
        effect
            .since
            .map(|since| format!("since={}", since.as_secs())),
    );
    if !effect.factors.is_any() {
        let accepted = FACTORS
            .iter()
            .filter(|(_, kind)| effect.factors.contains(*kind));
        let names: Vec<&str> = accepted.map(|(name, _)| *name).collect();
        words.push(format!("factors={}", names.join(",")));
    }
    ContextEntry {
        key: KEY.to_owned(),
        value: EntryValue::Text(words.join(" ")),
    }
}

/// Takes what a member requires out of the entries of a context.
///
/// # Errors
/// [`ContextError::Invalid`] for an entry that [`entry`] did not make.
pub(super) fn take(
    entries: &mut Vec<ContextEntry>,
    member: &HostName,
) -> Result<Option<Floor>, ContextError> {
    let mut taken = entries.extract_if(.., |entry| entry.key == KEY);
    let (first, second) = (taken.next(), taken.next());
    drop(taken);
    let floor = match (first.map(|entry| entry.value), second) {
        (None, _) => return Ok(None),
        (Some(EntryValue::Text(text)), None) => parse(&text, member),
        _ => None,
    };
    floor.map(Some).ok_or(ContextError::Invalid(KEY))
}

fn parse(text: &str, member: &HostName) -> Option<Floor> {
    let (mut after, mut grace, mut since, mut factors, mut guarded) =
        (None, None, None, None, None);
    for word in text.split(' ') {
        let is_first = match word.split_once('=') {
            None if word == "guarded" => guarded.replace(true).is_none(),
            Some(("after", "enroll")) => after.replace(AfterGrace::Enroll).is_none(),
            Some(("after", "deny")) => after.replace(AfterGrace::Deny).is_none(),
            Some(("grace", seconds)) => {
                let seconds = Duration::from_secs(seconds.parse().ok()?);
                grace.replace(seconds).is_none()
            }
            Some(("since", seconds)) => {
                let seconds = Time::from_secs(seconds.parse().ok()?);
                since.replace(seconds).is_none()
            }
            Some(("factors", names)) => factors.replace(accepted(names)?).is_none(),
            _ => return None,
        };
        if !is_first {
            return None;
        }
    }
    let effect = RuleEffect {
        mode: Mode::Required,
        since,
        grace: grace?,
        after_grace: after?,
        factors: factors.unwrap_or(Factors::ANY),
        // Of another host: the verifier has been reached.
        offline: Offline::Deny,
        source: Source {
            file: format!("the policy of {member}"),
            line: 0,
        },
        terms: Terms::default(),
    };
    Some(Floor {
        effect,
        guarded: guarded.unwrap_or(false),
    })
}

fn accepted(names: &str) -> Option<Factors> {
    let kind = |name| {
        let known = FACTORS.iter().find(|(known, _)| *known == name);
        known.map(|(_, kind)| *kind)
    };
    // Two rules may accept no factor together.
    let mut names = names.split(',').filter(|name| !name.is_empty());
    let kinds: Option<Vec<FactorKind>> = names.by_ref().map(kind).collect();
    kinds.map(|kinds| kinds.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member() -> HostName {
        HostName::new("web1.example").unwrap()
    }

    fn floor(factors: Factors, since: Option<u64>, guarded: bool) -> Floor {
        Floor {
            effect: RuleEffect {
                mode: Mode::Required,
                since: since.map(Time::from_secs),
                grace: Duration::from_secs(3600),
                after_grace: AfterGrace::Deny,
                factors,
                offline: Offline::Deny,
                source: Source {
                    file: "the policy of web1.example".to_owned(),
                    line: 0,
                },
                terms: Terms::default(),
            },
            guarded,
        }
    }

    fn taken(text: &str) -> Result<Option<Floor>, ContextError> {
        let value = EntryValue::Text(text.to_owned());
        let key = KEY.to_owned();
        take(&mut vec![ContextEntry { key, value }], &member())
    }

    #[test]
    fn what_a_member_requires_survives_the_way() {
        let some = [FactorKind::Totp, FactorKind::SecurityKey];
        for factors in [
            Factors::ANY,
            some.into_iter().collect(),
            [].into_iter().collect(),
        ] {
            for (since, guarded) in [(None, false), (Some(1_796_083_200), true)] {
                let floor = floor(factors, since, guarded);
                let phase = ContextEntry {
                    key: "phase".to_owned(),
                    value: EntryValue::Text("auth".to_owned()),
                };
                let mut entries = vec![entry(&floor), phase.clone()];
                assert_eq!(take(&mut entries, &member()), Ok(Some(floor)));
                assert_eq!(entries, [phase]);
            }
        }
    }

    #[test]
    fn what_is_not_understood_refuses_the_login() {
        for text in [
            "",
            "after=enroll",
            "grace=1",
            "after=later grace=1",
            "after=deny grace=1 grace=2",
            "after=deny grace=1 guarded guarded",
            "after=deny grace=-1",
            "after=deny grace=1 factors=u2f",
            "after=deny grace=1 hours=3",
            "after=deny  grace=1",
        ] {
            assert_eq!(taken(text), Err(ContextError::Invalid(KEY)), "{text}");
        }
        assert!(matches!(taken("after=deny grace=1"), Ok(Some(_))));
        let flag = ContextEntry {
            key: KEY.to_owned(),
            value: EntryValue::Flag(true),
        };
        let twice = vec![entry(&floor(Factors::ANY, None, true)); 2];
        for mut entries in [vec![flag], twice] {
            let taken = take(&mut entries, &member());
            assert_eq!(taken, Err(ContextError::Invalid(KEY)));
        }
    }
}
