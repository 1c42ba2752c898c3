//! What a verifier asks about a user, and what a member answers.

use tfa_fleet_wire::{LoginGroup, LoginIdentity, Membership, SubjectAnswer, SubjectQuestion};

use super::Invalid;
use super::bounds::{MAX_IDENTITIES, MAX_LIST, MAX_MEMBERSHIPS, list, name};
use crate::generated::{self, Group, Identity, Ternary, group};

pub(super) fn question_to(
    question: SubjectQuestion,
) -> Result<generated::SubjectQuestion, Invalid> {
    let SubjectQuestion {
        all_names,
        groups,
        in_rules,
    } = question;
    Ok(generated::SubjectQuestion {
        all_names,
        groups: list(groups, MAX_LIST, "a list of groups", group_to)?,
        in_rules: names(in_rules)?,
    })
}

pub(super) fn question_from(
    question: generated::SubjectQuestion,
) -> Result<SubjectQuestion, Invalid> {
    let generated::SubjectQuestion {
        all_names,
        groups,
        in_rules,
    } = question;
    Ok(SubjectQuestion {
        all_names,
        groups: list(groups, MAX_LIST, "a list of groups", group_from)?,
        in_rules: names(in_rules)?,
    })
}

pub(super) fn answer_to(answer: SubjectAnswer) -> Result<generated::SubjectAnswer, Invalid> {
    let SubjectAnswer {
        question,
        identities,
    } = answer;
    check_count(identities.len(), question.groups.len())?;
    let identity = |identity| identity_to(identity, &question.groups);
    let identities = list(identities, MAX_IDENTITIES, "a list of names", identity)?;
    Ok(generated::SubjectAnswer {
        question: Some(question_to(question)?),
        identities,
    })
}

pub(super) fn answer_from(answer: generated::SubjectAnswer) -> Result<SubjectAnswer, Invalid> {
    let question = answer.question.ok_or(Invalid("an answer about a user"))?;
    let question = question_from(question)?;
    check_count(answer.identities.len(), question.groups.len())?;
    let identity = |identity| identity_from(identity, &question.groups);
    let identities = list(
        answer.identities,
        MAX_IDENTITIES,
        "a list of names",
        identity,
    )?;
    Ok(SubjectAnswer {
        question,
        identities,
    })
}

fn check_count(identities: usize, groups: usize) -> Result<(), Invalid> {
    match identities.saturating_mul(groups) <= MAX_MEMBERSHIPS {
        true => Ok(()),
        false => Err(Invalid("a number of memberships")),
    }
}

/// The memberships must be those of the question, in its order.
fn identity_to(identity: LoginIdentity, asked: &[LoginGroup]) -> Result<Identity, Invalid> {
    let LoginIdentity { name: of, groups } = identity;
    let told = groups.iter().map(|membership| &membership.group);
    if !told.eq(asked) {
        return Err(Invalid("an answer about a user"));
    }
    let belongs = groups.iter().map(|membership| match membership.belongs {
        Some(true) => Ternary::Yes.into(),
        Some(false) => Ternary::No.into(),
        None => Ternary::Unknown.into(),
    });
    Ok(Identity {
        name: name(of, "a name")?,
        belongs: belongs.collect(),
    })
}

fn identity_from(identity: Identity, asked: &[LoginGroup]) -> Result<LoginIdentity, Invalid> {
    let Identity { name: of, belongs } = identity;
    if belongs.len() != asked.len() {
        return Err(Invalid("an answer about a user"));
    }
    let groups = asked
        .iter()
        .zip(belongs)
        .map(|(group, belongs)| Membership {
            group: group.clone(),
            belongs: match Ternary::try_from(belongs) {
                Ok(Ternary::Yes) => Some(true),
                Ok(Ternary::No) => Some(false),
                Ok(Ternary::Unknown) | Err(_) => None,
            },
        });
    Ok(LoginIdentity {
        name: name(of, "a name")?,
        groups: groups.collect(),
    })
}

fn group_to(group: LoginGroup) -> Result<Group, Invalid> {
    let group = match group {
        LoginGroup::Name(of) => group::Group::Name(name(of, "a group")?),
        LoginGroup::Number(gid) => group::Group::Gid(gid),
    };
    Ok(Group { group: Some(group) })
}

fn group_from(group: Group) -> Result<LoginGroup, Invalid> {
    match group.group {
        Some(group::Group::Name(of)) => Ok(LoginGroup::Name(name(of, "a group")?)),
        Some(group::Group::Gid(gid)) => Ok(LoginGroup::Number(gid)),
        None => Err(Invalid("a group")),
    }
}

fn names(names: Vec<String>) -> Result<Vec<String>, Invalid> {
    list(names, MAX_LIST, "a list of names", |of| name(of, "a name"))
}
