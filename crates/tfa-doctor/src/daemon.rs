//! Faults of the daemon, and of its policy as a whole.

use crate::facts::{DaemonProblem, Facts, PolicyFacts, Required};
use crate::finding::{Finding, Subject};
use crate::host::PolicyError;
use crate::{host, messages};

pub(crate) fn examine(facts: &Facts) -> Vec<Finding> {
    let host = facts.host.as_ref();
    let not_startable = host.and_then(|host| host.not_startable.as_ref());
    let not_startable = not_startable.map(messages::not_startable);
    let Some(problem) = &facts.daemon else {
        let errors = host.map_or(&[][..], |host| &host.policy_errors);
        let of_policy = facts.policy.as_ref();
        let of_policy = of_policy.map(|policy| of_policy_in_force(policy, errors));
        let of_policy = of_policy.into_iter().flatten();
        return not_startable
            .map(next_start)
            .into_iter()
            .chain(of_policy)
            .collect();
    };
    let (kind, detail) = match problem {
        DaemonProblem::Down => (&messages::DAEMON_DOWN, not_startable.unwrap_or_default()),
        DaemonProblem::Silent => (&messages::DAEMON_SILENT, String::new()),
        // The files of the bus may tell more.
        DaemonProblem::Denied if host::explains_denial(facts) => return Vec::new(),
        DaemonProblem::Denied => (&messages::BUS_CALLS_DENIED, messages::INTERFACE.into()),
        DaemonProblem::OtherVersion => (&messages::DAEMON_VERSION, messages::OTHER_VERSION.into()),
        DaemonProblem::Refuses(why) => (&messages::DAEMON_REFUSES, why.clone()),
    };
    let names = match problem {
        DaemonProblem::Denied => vec!["root".to_owned()],
        _ => Vec::new(),
    };
    let policy_errors = match (problem, host) {
        (DaemonProblem::Refuses(_), Some(host)) => host.policy_errors.clone(),
        _ => Vec::new(),
    };
    let subject = Subject {
        detail,
        names,
        policy_errors,
        ..Subject::default()
    };
    let witness = Vec::new();
    vec![Finding {
        kind,
        subject,
        witness,
    }]
}

/// The daemon that runs goes on, and systemd could not start it again.
fn next_start(why: String) -> Finding {
    Finding::beside_pam(&messages::DAEMON_NEXT_START, "", Vec::new(), why)
}

/// Faults of the policy as a whole.
fn of_policy_in_force(policy: &PolicyFacts, errors: &[PolicyError]) -> Vec<Finding> {
    let found = |kind, detail: &str| Finding::beside_pam(kind, "", Vec::new(), detail.to_owned());
    let error = policy.error_on_disk.iter();
    let mut findings: Vec<Finding> = error
        .map(|why| {
            let mut finding = found(&messages::POLICY_ERROR, why);
            finding.subject.policy_errors = errors.to_vec();
            finding
        })
        .collect();
    if policy.is_outdated {
        findings.push(found(&messages::POLICY_NOT_LOADED, ""));
    }
    if policy.is_off {
        findings.push(found(&messages::POLICY_OFF, ""));
    } else if policy.enrolled == Some(0) && policy.required == Required::Never {
        findings.push(found(&messages::ENROLLED_NONE, ""));
    }
    if policy.audits {
        findings.push(found(&messages::AUDIT_MODE, ""));
    }
    findings
}

/// An error that is that others can write a file is mended with the file: both are one finding.
pub(crate) fn settle(findings: &mut Vec<Finding>) {
    let places = |finding: &Finding| finding.subject.place.clone();
    let writable = findings.iter();
    let writable = writable.filter(|one| one.kind.id == messages::FILE_WRITABLE.id);
    let writable: Vec<String> = writable.map(places).collect();
    let is_of_one = |error: &PolicyError| error.line.is_none() && writable.contains(&error.file);
    let kinds = [messages::POLICY_ERROR.id, messages::DAEMON_REFUSES.id];
    let Some(index) = findings.iter().position(|one| {
        let errors = &one.subject.policy_errors;
        kinds.contains(&one.kind.id) && !errors.is_empty() && errors.iter().all(is_of_one)
    }) else {
        return;
    };
    let error = findings.remove(index);
    let errors = error.subject.policy_errors;
    let of_error = |one: &&mut Finding| {
        let place = &one.subject.place;
        one.kind.id == messages::FILE_WRITABLE.id && errors.iter().any(|error| error.file == *place)
    };
    // The last of several is followed by the command that loads them.
    if let Some(finding) = findings.iter_mut().filter(of_error).last() {
        finding.subject.add_also(error.kind.id, &[]);
        finding.subject.policy_errors = errors;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{BusFacts, HostFacts};

    /// What is found if the bus does not let root call, with this text in the files of the bus.
    fn found(policy: &str) -> Vec<&'static str> {
        let files = vec![("/x.conf".to_owned(), policy.to_owned())];
        let bus = BusFacts {
            files,
            ..BusFacts::default()
        };
        let host = HostFacts {
            bus: Some(bus),
            ..HostFacts::default()
        };
        let findings = examine(&Facts {
            daemon: Some(DaemonProblem::Denied),
            host: Some(host),
            ..Facts::default()
        });
        findings.iter().map(|finding| finding.kind.id).collect()
    }

    #[test]
    fn a_denial_of_the_bus_is_reported_once() {
        let explained = "<busconfig><policy user='root'><deny own='*'/></policy></busconfig>";
        assert!(found(explained).is_empty());
        // The bus has not read the files again, or something else denies the call.
        let fine = "<busconfig><policy context='default'><allow own='org.tfad.Tfa1'/>\
                    <allow send_destination='org.tfad.Tfa1'/></policy></busconfig>";
        assert_eq!(found(fine), ["bus-calls-denied"]);
    }
}
