//! The user of a hypothetical login, with the groups.

use tfa_core::{Group, Groups, Identity, Policy, Subject, Ternary};
use tfa_proto::HypotheticalLogin;

use super::hypothetical::is_inside_session;
use crate::account::NamedUser;
use crate::host::subject::SubjectQuery;
use crate::host::time_limit::CallsFor;
use crate::host::users::User;

/// The user as the policy sees one. Groups that the administrator tells are all that the user has. Otherwise the
/// name service of this host is asked, and a user whom it does not know has unknown groups. It blocks.
#[must_use]
pub fn subject(named: &NamedUser, policy: &Policy, login: &HypotheticalLogin) -> Subject {
    let (user, inside_session) = (&named.user, is_inside_session(login));
    let query = SubjectQuery::of_policy(policy, inside_session);
    match &login.groups {
        Some(told) => in_groups(user, &query.groups, told),
        None if named.is_known == Some(false) => query.unanswered(user),
        None => query.look_up(user, CallsFor::Administrators),
    }
}

/// A user who is in those of the groups that were told, and in no other. A group is told as the policy names it.
fn in_groups(user: &User, asked: &[Group], told: &[String]) -> Subject {
    let belongs = |group: &Group| Ternary::from(told.contains(&group.to_string()));
    let groups = asked.iter().map(|group| (group.clone(), belongs(group)));
    let groups: Groups = groups.collect();
    let identity = |name: &String| Identity {
        name: name.clone(),
        groups: groups.clone(),
    };
    Subject {
        uid: user.uid,
        canonical: identity(&user.name),
        aliases: user.aliases.iter().map(identity).collect(),
    }
}

#[cfg(test)]
mod tests {
    use tfa_core::Rule;

    use super::*;

    /// A policy that names the group staff by its name, and another one by its number.
    fn policy() -> Policy {
        let groups = vec![Group::Name("staff".to_owned()), Group::Number(50)];
        Policy {
            rules: vec![Rule {
                groups,
                ..Rule::default()
            }],
            ..Policy::default()
        }
    }

    fn groups_of(is_known: Option<bool>, told: Option<&[&str]>) -> Vec<Ternary> {
        let user = User {
            name: "bob".to_owned(),
            uid: 1_999_999_999,
            aliases: Vec::new(),
        };
        let named = NamedUser { user, is_known };
        let login = HypotheticalLogin {
            service: "sshd".to_owned(),
            groups: told.map(|told| told.iter().map(|group| (*group).to_owned()).collect()),
            ..HypotheticalLogin::default()
        };
        let policy = policy();
        let subject = subject(&named, &policy, &login);
        assert_eq!((subject.uid, subject.aliases.len()), (1_999_999_999, 0));
        let groups = policy.groups().into_iter();
        groups
            .map(|group| subject.canonical.groups.hold(group))
            .collect()
    }

    #[test]
    fn told_groups_are_all_that_the_user_has() {
        let (yes, no) = (Ternary::Yes, Ternary::No);
        for is_known in [None, Some(true), Some(false)] {
            let groups = |told| groups_of(is_known, Some(told));
            assert_eq!(groups(&["wheel", "staff"]), [yes, no]);
            assert_eq!(groups(&["50"]), [no, yes]);
            assert_eq!(groups(&[]), [no, no]);
        }
    }

    #[test]
    fn groups_of_a_user_whom_this_host_does_not_know_are_unknown() {
        let unknown = Ternary::Unknown;
        for is_known in [None, Some(false)] {
            assert_eq!(groups_of(is_known, None), [unknown, unknown]);
        }
    }
}
