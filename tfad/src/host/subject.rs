//! The groups of a user that the policy asks about.

use tfa_core::{Login, Policy, RuleEffect, Subject, Time};

use crate::host::groups::{self, Names};
use crate::host::time_limit::CallsFor;
use crate::host::users::User;

/// What the rules for a login ask of the name service about its user: the groups under the names in
/// use, and for a login inside a session under every name of the uid. `None` where the answer makes no
/// difference: then the name service is not asked.
pub(crate) fn of_login(
    login: &Login,
    user: &User,
    policy: &Policy,
    inside_session: bool,
    now: Time,
) -> Option<Subject> {
    if inside_session && policy.depends_on_names(login, now) {
        return Some(by_any_name(user, policy, CallsFor::Logins));
    }
    if policy.is_settled(login, now) {
        return None;
    }
    Some(by_names_in_use(user, policy, CallsFor::Logins))
}

/// A user under the names in use, with the groups that a policy asks about.
pub(crate) fn by_names_in_use(user: &User, policy: &Policy, calls: CallsFor) -> Subject {
    let asked = policy.groups().into_iter().cloned().collect();
    groups::of(user, Names::InUse, asked, Vec::new(), calls)
}

/// A user under every name of the uid, with the groups that a policy asks about.
pub(crate) fn by_any_name(user: &User, policy: &Policy, calls: CallsFor) -> Subject {
    let asked = policy.groups().into_iter().cloned().collect();
    let in_rules = policy.users().map(str::to_owned).collect();
    groups::of(user, Names::All, asked, in_rules, calls)
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
