//! The frames of `tfa-fleet` in the terms of the login engine, and the reverse.

use tfa_core::{AttemptId, Group, HostName, Identity, Ternary};
use tfa_fleet_wire::{
    AttemptBytes, ContextEntry, EntryValue, LoginFacts, LoginGroup, LoginIdentity, LoginLine,
    LoginTurn, LoginUser, Membership, NeededFact, SecretText, SubjectAnswer, SubjectQuestion,
};
use tfa_proto::{Context, ContextBuilder, ContextError, ContextValue, Turn, WireTurn};

use crate::fleet::{MemberFacts, ToldSubject};
use crate::host::facts::Missing;
use crate::host::groups::Names;
use crate::host::subject::SubjectQuery;
use crate::host::users::User;

pub(super) fn attempt(member: &HostName, bytes: AttemptBytes) -> AttemptId {
    AttemptId::of_member(member, bytes.0)
}

pub(super) fn user(user: LoginUser) -> User {
    let LoginUser { name, uid, aliases } = user;
    User { name, uid, aliases }
}

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
    context.build()
}

pub(super) fn facts(member: &HostName, bytes: AttemptBytes, facts: LoginFacts) -> MemberFacts {
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
    }
}

fn told_subject(answer: SubjectAnswer) -> ToldSubject {
    let query = query(answer.question);
    let identities = answer.identities.into_iter().map(identity).collect();
    ToldSubject { query, identities }
}

fn query(question: SubjectQuestion) -> SubjectQuery {
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
