//! Faults that are none before a second factor is required of some login.

use crate::facts::{Facts, Later, Required};
use crate::finding::{Finding, Kind};
use crate::fleet;
use crate::host::Clock;
use crate::messages;

/// Removes them if a second factor is required of no login, and notes from when on they are faults.
pub(crate) fn settle(facts: &Facts, findings: &mut Vec<Finding>) {
    let is_member = fleet::is_member(facts);
    findings.retain_mut(|finding| {
        if !is_conditional(finding) || (is_member && is_about_time(finding)) {
            return true;
        }
        let is_about_enrollment = is_one_of(finding.kind.id, messages::WHERE_MUST_ENROLL);
        let required = match is_about_enrollment {
            true => must_enroll(facts),
            false => required(facts),
        };
        finding.subject.later = match required {
            Required::Now | Required::Never => None,
            Required::Later(later) => Some(later),
        };
        required != Required::Never
    });
}

/// From when on a second factor is required of some login: now, if the policy is not known. By a clock that may be
/// off, no date is known to be in the future.
#[must_use]
pub fn required(facts: &Facts) -> Required {
    by_clock(facts, facts.policy.as_ref().map(|policy| policy.required))
}

/// As [`required`], of users who have not enrolled.
#[must_use]
pub fn must_enroll(facts: &Facts) -> Required {
    by_clock(
        facts,
        facts.policy.as_ref().map(|policy| policy.must_enroll),
    )
}

fn by_clock(facts: &Facts, required: Option<Required>) -> Required {
    match required {
        None => Required::Now,
        Some(Required::Later(Later::From(_))) if !is_clock_reliable(facts) => Required::Now,
        Some(required) => required,
    }
}

/// Whether a date of the clock can be believed to be in the future.
pub(crate) fn is_clock_reliable(facts: &Facts) -> bool {
    let clock = facts.host.as_ref().map(|host| host.clock);
    matches!(clock, Some(Clock::Synchronised | Clock::OfItsHost))
}

/// Whether this is one of the faults, and the others that its remedy mends are, too.
fn is_conditional(finding: &Finding) -> bool {
    let has = |id: &str| is_one_of(id, messages::WHERE_REQUIRED);
    let mut also = finding.subject.also.iter();
    has(finding.kind.id) && also.all(|(id, _)| has(id))
}

/// Whether it is about the time for an enrollment. On a member, the policy of the verifiers decides who enrolls.
fn is_about_time(finding: &Finding) -> bool {
    let kinds = &[&messages::SSHD_GRACE_TIME, &messages::LOGIN_TIMEOUT];
    is_one_of(finding.kind.id, kinds)
}

fn is_one_of(id: &str, kinds: &[&Kind]) -> bool {
    kinds.iter().any(|kind| kind.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::PolicyFacts;
    use crate::finding::{Severity, Subject};
    use crate::host::HostFacts;

    const YEAR_2099: u64 = 4_070_908_800;

    fn facts(required: Required, clock: Clock) -> Facts {
        Facts {
            policy: Some(PolicyFacts {
                requires: true,
                required,
                must_enroll: required,
                ..PolicyFacts::default()
            }),
            host: Some(HostFacts {
                clock,
                ..HostFacts::default()
            }),
            ..Facts::default()
        }
    }

    #[test]
    fn a_fault_of_later_is_a_risk_with_its_date() {
        for (later, text) in [
            (Later::From(YEAR_2099), "2099-01-01T00:00:00Z"),
            (Later::AfterAudit, "when audit mode ends"),
        ] {
            for &kind in messages::WHERE_REQUIRED {
                let finding = Finding::beside_pam(kind, "/etc/x:3", Vec::new(), String::new());
                let mut findings = vec![finding];
                let facts = facts(Required::Later(later), Clock::Synchronised);
                settle(&facts, &mut findings);
                let finding = &findings[0];
                assert!(finding.what().contains(text), "{}", finding.what());
                assert!(finding.severity() >= Severity::Risk, "{}", kind.id);
            }
        }
    }

    #[test]
    fn no_date_is_in_the_future_by_a_clock_that_may_be_off() {
        let later = Required::Later(Later::From(YEAR_2099));
        for (clock, expected) in [
            (Clock::Synchronised, later),
            (Clock::OfItsHost, later),
            (Clock::Free, Required::Now),
            (Clock::Unknown, Required::Now),
        ] {
            assert_eq!(required(&facts(later, clock)), expected, "{clock:?}");
            let never = required(&facts(Required::Never, clock));
            assert_eq!(never, Required::Never, "{clock:?}");
        }
        let host = None;
        assert_eq!(
            required(&Facts {
                host,
                ..facts(later, Clock::Free)
            }),
            Required::Now
        );
        assert_eq!(required(&Facts::default()), Required::Now);
    }

    #[test]
    fn a_remedy_of_other_faults_is_not_put_off() {
        let mut finding =
            Finding::beside_pam(&messages::PAM_CANNOT_ENROLL, "", Vec::new(), String::new());
        finding.subject = Subject {
            also: vec![(messages::PAM_UNKNOWN_OPTION.id, Vec::new())],
            ..finding.subject
        };
        let mut findings = vec![finding];
        settle(&facts(Required::Never, Clock::Synchronised), &mut findings);
        assert_eq!(findings[0].severity(), Severity::LockOut);
    }
}
