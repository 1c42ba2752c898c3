//! The frames of `tfa-fleet` in the terms of the login engine, and the reverse.

use tfa_core::{AttemptId, Group, HostName, Identity, Subject, Ternary};
use tfa_fleet_wire::{
    AttemptBytes, ContextEntry, EntryValue, LoginFacts, LoginGroup, LoginIdentity, LoginLine,
    LoginTurn, LoginUser, Membership, NeededFact, SecretText, SubjectAnswer, SubjectQuestion,
};
use tfa_proto::{
    Context, ContextBuilder, ContextError, ContextValue, DecodeTurnError, Error, Turn, WireTurn,
};

use crate::account::user_name;
use crate::fleet::{Floor, MemberFacts, ToldSubject};
use crate::host::facts::Missing;
use crate::host::groups::Names;
use crate::host::subject::SubjectQuery;
use crate::host::users::User;
use crate::messages;

pub(super) fn attempt(member: &HostName, bytes: AttemptBytes) -> AttemptId {
    AttemptId::of_member(member, bytes.0)
}

/// The user whom a member tells of. A name that no user can have would be kept in a record, and shown to administrators.
///
/// # Errors
/// [`Error::InvalidArgument`].
pub(super) fn user(user: LoginUser) -> Result<User, Error> {
    let LoginUser { name, uid, aliases } = user;
    let mut names = std::iter::once(&name).chain(&aliases);
    if let Some(odd) = names.find(|name| !user_name::is_possible(name)) {
        return Err(Error::InvalidArgument(messages::no_user_of_member(odd)));
    }
    Ok(User { name, uid, aliases })
}

/// The longest `ssh-auth-info` of a member, in bytes. sshd lists each key of a login in it, and certificates as a whole:
/// of 16 KiB and more, if they have hundreds of principals.
const MAX_SSH_AUTH_INFO: usize = 48 * 1024;

pub(super) fn context(entries: &[ContextEntry]) -> Result<Context, ContextError> {
    let mut context = ContextBuilder::default();
    for ContextEntry { key, value } in entries {
        let value = match value {
            EntryValue::Text(text) => ContextValue::Text(text),
            EntryValue::Flag(flag) => ContextValue::Flag(*flag),
            EntryValue::Number(number) => ContextValue::Number(*number),
        };
        context.set(key, Some(value))?;
    }
    let context = context.build()?;
    match context.ssh_auth_info.len() <= MAX_SSH_AUTH_INFO {
        true => Ok(context),
        false => Err(ContextError::Invalid("ssh-auth-info")),
    }
}

pub(super) fn facts(
    member: &HostName,
    bytes: AttemptBytes,
    facts: LoginFacts,
    floor: Option<Floor>,
) -> MemberFacts {
    let LoginFacts {
        at_console,
        subject,
        session_phase_decides,
        goes_on_after_wrong_password,
    } = facts;
    MemberFacts {
        host: member.clone(),
        attempt: attempt(member, bytes),
        at_console,
        subject: subject.map(told_subject),
        session_phase_decides,
        goes_on_after_wrong_password,
        floor,
    }
}

pub(super) fn told_subject(answer: SubjectAnswer) -> ToldSubject {
    let query = query(answer.question);
    let identities = answer.identities.into_iter().map(identity).collect();
    ToldSubject { query, identities }
}

pub(super) fn query(question: SubjectQuestion) -> SubjectQuery {
    let SubjectQuestion {
        all_names,
        groups,
        in_rules,
    } = question;
    SubjectQuery {
        names: match all_names {
            true => Names::All,
            false => Names::InUse,
        },
        groups: groups.into_iter().map(group).collect(),
        in_rules,
    }
}

fn identity(identity: LoginIdentity) -> Identity {
    let LoginIdentity { name, groups } = identity;
    let groups = groups.into_iter();
    let groups = groups.map(|Membership { group: of, belongs }| {
        let belongs = belongs.map_or(Ternary::Unknown, Ternary::from);
        (group(of), belongs)
    });
    Identity {
        name,
        groups: groups.collect(),
    }
}

fn group(group: LoginGroup) -> Group {
    match group {
        LoginGroup::Name(name) => Group::Name(name),
        LoginGroup::Number(gid) => Group::Number(gid),
    }
}

pub(super) fn needed_fact(missing: Missing) -> NeededFact {
    let query = match missing {
        Missing::Console => return NeededFact::Console,
        Missing::SessionPhase => return NeededFact::SessionPhase,
        Missing::Subject(query) => query,
    };
    let of = |group: Group| match group {
        Group::Name(name) => LoginGroup::Name(name),
        Group::Number(gid) => LoginGroup::Number(gid),
    };
    NeededFact::Subject(SubjectQuestion {
        all_names: query.names == Names::All,
        groups: query.groups.into_iter().map(of).collect(),
        in_rules: query.in_rules,
    })
}

pub(super) fn subject_answer(question: SubjectQuestion, found: &Subject) -> SubjectAnswer {
    let identity = |one: &Identity| LoginIdentity {
        name: one.name.clone(),
        groups: question
            .groups
            .iter()
            .map(|asked| Membership {
                group: asked.clone(),
                belongs: match one.groups.hold(&group(asked.clone())) {
                    Ternary::Yes => Some(true),
                    Ternary::No => Some(false),
                    Ternary::Unknown => None,
                },
            })
            .collect(),
    };
    SubjectAnswer {
        identities: found.identities().map(identity).collect(),
        question,
    }
}

pub(super) fn login_user(user: &User) -> LoginUser {
    LoginUser {
        name: user.name.clone(),
        uid: user.uid,
        aliases: user.aliases.clone(),
    }
}

pub(super) fn entries(context: &Context) -> Vec<ContextEntry> {
    let entry = |(key, value): (&str, ContextValue<'_>)| ContextEntry {
        key: key.to_owned(),
        value: match value {
            ContextValue::Text(text) => EntryValue::Text(text.to_owned()),
            ContextValue::Flag(flag) => EntryValue::Flag(flag),
            ContextValue::Number(number) => EntryValue::Number(number),
        },
    };
    context.entries().map(entry).collect()
}

pub(super) fn proto_turn(turn: LoginTurn) -> Result<Turn, DecodeTurnError> {
    let lines = turn.lines.into_iter();
    let lines = lines.map(|LoginLine { kind, text }| (kind, text.0.to_string()));
    Turn::try_from((lines.collect(), turn.next, turn.text, turn.number))
}

pub(super) fn turn(turn: Turn) -> LoginTurn {
    let (lines, next, text, number) = WireTurn::from(turn);
    let lines = lines.into_iter().map(|(kind, text)| LoginLine {
        kind,
        text: SecretText::new(text),
    });
    LoginTurn {
        lines: lines.collect(),
        next,
        text,
        number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_that_no_user_can_have_is_refused() {
        let told = |name: &str, alias: &str| {
            user(LoginUser {
                name: name.to_owned(),
                uid: 1000,
                aliases: vec![alias.to_owned()],
            })
        };
        for name in ["alice", "DOM\\al b", "al.b@dom.test", "jürgen"] {
            assert!(told(name, name).is_ok(), "{name}");
        }
        for name in [
            "bob\nalice: verified",
            "-f",
            "alice ",
            "root\u{200b}",
            "a:b",
        ] {
            for told in [told(name, "al"), told("alice", name)] {
                let Err(Error::InvalidArgument(text)) = told else {
                    panic!("{name:?}");
                };
                assert!(!text.contains(['\n', '\u{200b}']), "{text}");
            }
        }
    }

    #[test]
    fn keys_of_a_login_that_are_too_long_are_an_error() {
        let told = |length: usize| {
            let entry = |key: &str, text: &str| ContextEntry {
                key: key.to_owned(),
                value: EntryValue::Text(text.to_owned()),
            };
            context(&[
                entry("phase", "auth"),
                entry("ssh-auth-info", &"k".repeat(length)),
            ])
        };
        assert!(told(MAX_SSH_AUTH_INFO).is_ok());
        let error = Err(ContextError::Invalid("ssh-auth-info"));
        assert_eq!(told(MAX_SSH_AUTH_INFO + 1), error);
    }
}
