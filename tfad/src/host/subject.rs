//! The names and the groups of a user that the policy asks about.

use tfa_core::{Group, Login, Policy, RuleEffect, Subject, Time};

use crate::host::groups::{self, Names};
use crate::host::time_limit::CallsFor;
use crate::host::users::User;

/// What is asked of a name service about a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectQuery {
    /// The names whose groups are asked for.
    pub names: Names,
    /// The groups, to which each of the names may belong.
    pub groups: Vec<Group>,
    /// The names in rules, each of which may be one of the user.
    pub in_rules: Vec<String>,
}

impl SubjectQuery {
    /// What the rules for a login ask about its user: the groups under the names in use, and for a login
    /// inside a session under every name of the uid. `None` where the answer makes no difference: then the
    /// name service is not asked.
    pub(crate) fn of_login(
        login: &Login,
        policy: &Policy,
        inside_session: bool,
        now: Time,
    ) -> Option<Self> {
        let query = if inside_session && policy.depends_on_names(login, now) {
            Self::of_any_name(policy)
        } else if policy.is_settled(login, now) {
            return None;
        } else {
            Self::of_names_in_use(policy)
        };
        Some(query).filter(Self::asks_something)
    }

    /// Whether there is a name or a group to ask about.
    pub(crate) fn asks_something(&self) -> bool {
        !self.groups.is_empty() || (self.names == Names::All && !self.in_rules.is_empty())
    }

    /// What a policy asks about the user of a login: inside a session, under every name of the uid.
    pub(crate) fn of_policy(policy: &Policy, inside_session: bool) -> Self {
        match inside_session {
            true => Self::of_any_name(policy),
            false => Self::of_names_in_use(policy),
        }
    }

    /// Which of these groups the names in use belong to.
    pub(crate) fn membership(groups: Vec<Group>) -> Self {
        Self {
            names: Names::InUse,
            groups,
            in_rules: Vec::new(),
        }
    }

    fn of_names_in_use(policy: &Policy) -> Self {
        Self::membership(policy.groups().into_iter().cloned().collect())
    }

    pub(crate) fn of_any_name(policy: &Policy) -> Self {
        Self {
            names: Names::All,
            in_rules: policy.users().map(str::to_owned).collect(),
            ..Self::of_names_in_use(policy)
        }
    }

    /// The answer where the name service has given none.
    pub(crate) fn unanswered(&self, user: &User) -> Subject {
        groups::unknown(user, self.names, &self.groups, &self.in_rules)
    }

    /// Asks the name service of this host. It blocks.
    pub(crate) fn look_up(self, user: &User, calls: CallsFor) -> Subject {
        groups::of(user, self.names, self.groups, self.in_rules, calls)
    }
}

/// A user under every name of the uid, with the groups that a policy asks about.
pub(crate) fn by_any_name(user: &User, policy: &Policy, calls: CallsFor) -> Subject {
    SubjectQuery::of_any_name(policy).look_up(user, calls)
}

/// The terms under which two-factor login is required of a user, if it is.
pub(crate) fn required_of(
    policy: &Policy,
    user: &User,
    now: Time,
    calls: CallsFor,
) -> Option<RuleEffect> {
    let subject = by_any_name(user, policy, calls);
    policy.requires_of(&subject, now).cloned()
}
