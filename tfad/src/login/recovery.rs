//! Who may use the recovery code of the host: root, and the members of the administrators' groups.
//!
//! It replaces a code at the console. It also lets in who would be refused there without a question,
//! because the time to enroll is over, or an invitation is missing: the only administrator of a host may
//! be such a user.

use tfa_core::{
    Account, DenyReason, Group, PhaseInput, Policy, PolicyDecision, Requirement, Ternary,
    ThrottleScope, Time,
};

use super::facts::LoginFacts;
use crate::config::Config;
use crate::host::facts::HostFacts;
use crate::host::subject::SubjectQuery;
use crate::host::users::User;

/// Whether the recovery code of the host is accepted of a user where wrong codes count on this scope. It
/// blocks, as [`may_use`].
pub(super) fn is_accepted(
    config: &Config,
    host: &dyn HostFacts,
    user: &User,
    scope: ThrottleScope,
) -> bool {
    scope == ThrottleScope::Console && may_use(config, host, user)
}

/// Why a login will be refused without a question, where the recovery code can replace that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The user has not enrolled in time.
    Denied(DenyReason),
    /// The user must enroll, and has no invitation.
    NoInvitation,
}

impl Refusal {
    /// The refusal that a decision leads to.
    pub(super) fn of(
        policy: &Policy,
        decision: &PolicyDecision,
        account: Option<&Account>,
        now: Time,
    ) -> Option<Self> {
        let is_invited = account.is_some_and(|account| account.is_invited(now));
        match decision.requirement {
            Requirement::TooLate => Some(Self::Denied(DenyReason::TooLate)),
            Requirement::SetUp if policy.invitation && !is_invited => Some(Self::NoInvitation),
            _ => None,
        }
    }
}

/// The refusal in place of which a login is asked for the recovery code: in the auth phase, at the
/// console, after a password, of a user who may use one. `may_recover` tells that, and is asked last.
pub(super) fn replaced_refusal(
    config: &Config,
    facts: LoginFacts<'_>,
    decision: &PolicyDecision,
    account: Option<&Account>,
    may_recover: impl FnOnce() -> bool,
    now: Time,
) -> Option<Refusal> {
    let refusal = Refusal::of(&config.policy, decision, account, now)?;
    let is_asked = matches!(facts.phase, PhaseInput::Auth { .. })
        && facts.context.password_given
        && facts.throttle_scope() == ThrottleScope::Console
        && may_recover();
    is_asked.then_some(refusal)
}

/// Whether a user may use the recovery code of the host: root, and who is certainly a member of one of the
/// administrators' groups. It asks the name service, and blocks.
pub(super) fn may_use(config: &Config, host: &dyn HostFacts, user: &User) -> bool {
    let administrators = &config.recovery.administrators;
    host.is_local() && (user.uid == 0 || is_member(administrators, host, user))
}

fn is_member(administrators: &[Group], host: &dyn HostFacts, user: &User) -> bool {
    let query = SubjectQuery::membership(administrators.to_vec());
    // A group that is unknown, or cannot be looked up, has no members here.
    host.subject(user, query).is_ok_and(|subject| {
        let own = subject.canonical.groups;
        let mut administrators = administrators.iter();
        administrators.any(|group| own.hold(group) == Ternary::Yes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RecoveryRules;
    use crate::host::facts::LocalHost;
    use crate::host::time_limit::CallsFor;

    fn user(name: &str, uid: u32) -> User {
        User {
            name: name.to_owned(),
            uid,
            aliases: Vec::new(),
        }
    }

    #[test]
    fn root_is_an_administrator_and_an_unknown_group_has_no_members() {
        let config = |groups: &[&str]| Config {
            recovery: RecoveryRules {
                administrators: groups
                    .iter()
                    .map(|name| Group::Name((*name).to_owned()))
                    .collect(),
            },
            ..Config::default()
        };
        let here = &LocalHost(CallsFor::Logins);
        assert!(may_use(&config(&[]), here, &user("root", 0)));
        let daemon = user("daemon", 1);
        assert!(may_use(&config(&["daemon"]), here, &daemon));
        for others in [&[][..], &["no-such-group"], &["root"]] {
            assert!(!may_use(&config(others), here, &daemon), "{others:?}");
        }
    }
}
