//! What is in force, and how many findings there are.

use serde::Serialize;
use tfa_doctor::{
    Facts, Finding, FleetRole, Later, LoginUsers, PolicyFacts, Required, Severity, must_enroll,
    required, services_that_ask,
};
use tfa_text::time::rfc3339;

/// The beginning of a report. What is not known is null.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    pub(crate) policy: Option<PolicyInForce>,
    /// The policy is that of a member, and the verifiers apply theirs as well.
    pub(crate) verifiers_decide: bool,
    /// Of [`PolicyInForce::Later`]: the earliest time.
    pub(crate) required_from: Option<String>,
    /// Of [`PolicyInForce::Later`]: when users who have not enrolled must do so.
    pub(crate) must_enroll_from: Option<String>,
    /// The users who have enrolled, with those who cannot log in.
    pub(crate) enrolled: Option<usize>,
    pub(crate) login_users: Option<usize>,
    pub(crate) login_users_enrolled: Option<usize>,
    /// Of how many the password alone is now not enough over SSH, if the policy requires a second factor.
    pub(crate) login_users_required: Option<usize>,
    /// The PAM services that ask for a code.
    pub(crate) services: Option<Vec<String>>,
    pub(crate) holes: usize,
    pub(crate) lock_outs: usize,
    pub(crate) risks: usize,
    pub(crate) advice: usize,
}

/// What the policy asks for on the whole.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PolicyInForce {
    Off,
    Optional,
    /// Of some logins.
    Required,
    /// Of no login yet.
    Later,
    /// Of no login, because exemptions come before.
    Exempt,
    /// What is required is recorded only.
    Audit,
}

impl Summary {
    pub(super) fn of(facts: &Facts, findings: &[Finding]) -> Self {
        let count = |severity| {
            let of_severity = |finding: &&Finding| finding.severity() == severity;
            findings.iter().filter(of_severity).count()
        };
        let [holes, lock_outs, risks, advice] = Severity::ALL.map(count);
        let policy = facts.policy.as_ref();
        let users: Option<LoginUsers> = policy.and_then(|policy| policy.login_users);
        Self {
            policy: policy.map(|policy| in_force(policy, required(facts))),
            verifiers_decide: is_member(facts),
            required_from: policy.and_then(|_| time(required(facts))),
            must_enroll_from: policy.and_then(|_| time(must_enroll(facts))),
            enrolled: policy.and_then(|policy| policy.enrolled),
            login_users: users.map(|users| users.count),
            login_users_enrolled: users.map(|users| users.enrolled),
            login_users_required: users.and_then(|users| users.required),
            services: facts.pam.as_ref().map(services_that_ask),
            holes,
            lock_outs,
            risks,
            advice,
        }
    }
}

fn is_member(facts: &Facts) -> bool {
    let fleet = facts.host.as_ref().and_then(|host| host.fleet.as_ref());
    fleet.is_some_and(|fleet| fleet.in_force == Some(Some(FleetRole::Member)))
}

fn in_force(policy: &PolicyFacts, required: Required) -> PolicyInForce {
    match policy {
        PolicyFacts { is_off: true, .. } => PolicyInForce::Off,
        PolicyFacts { audits: true, .. } => PolicyInForce::Audit,
        PolicyFacts {
            requires: false, ..
        } => PolicyInForce::Optional,
        _ => match required {
            Required::Never => PolicyInForce::Exempt,
            Required::Later(_) => PolicyInForce::Later,
            Required::Now => PolicyInForce::Required,
        },
    }
}

fn time(required: Required) -> Option<String> {
    match required {
        Required::Later(Later::From(time)) => Some(rfc3339(time)),
        _ => None,
    }
}
