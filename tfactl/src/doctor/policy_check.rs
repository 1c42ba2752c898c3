//! What `tfad --check` says of the configuration on disk, also where the daemon does not run.

use serde::Deserialize;
use tfa_doctor::{FleetRole, FleetSettings, PolicyError};

use super::missed::Missed;
use super::output::{failure, output};
use crate::messages;

const PROGRAM: &str = "/usr/sbin/tfad";
/// Of a rule that has had its time: nothing is wrong with it.
const ENDED: &str = "the exemption has ended on ";

/// What the check found.
#[derive(Debug, Default)]
pub(super) struct PolicyCheck {
    pub(super) errors: Vec<PolicyError>,
    pub(super) warnings: Vec<String>,
    /// What the configuration says of a fleet; `None` if it has an error.
    pub(super) fleet: Option<FleetSettings>,
}

/// The keys of its output.
#[derive(Debug, Deserialize)]
struct Printed {
    errors: Vec<PrintedError>,
    warnings: Vec<String>,
    role: Option<String>,
    store: Option<String>,
}

#[derive(Debug, Deserialize)]
struct PrintedError {
    file: String,
    line: Option<u32>,
    column: Option<u32>,
    text: String,
}

/// Runs the check.
pub(super) fn collect(missed: &Missed) -> PolicyCheck {
    let checked = output(PROGRAM, &["--check", "--json"]).and_then(|output| {
        parse(&output.stdout).ok_or_else(|| match output.stderr.is_empty() {
            true => messages::unexpected(PROGRAM, "no JSON"),
            false => failure(PROGRAM, &output),
        })
    });
    missed.known(checked).unwrap_or_default()
}

fn parse(printed: &[u8]) -> Option<PolicyCheck> {
    let printed: Printed = serde_json::from_slice(printed).ok()?;
    let errors = printed.errors.into_iter().map(|error| PolicyError {
        file: error.file,
        line: error.line,
        column: error.column,
        text: error.text,
    });
    let role = match printed.role.as_deref() {
        Some("member") => Some(FleetRole::Member),
        Some("verifier") => Some(FleetRole::Verifier),
        _ => None,
    };
    let settings = |store: String| FleetSettings {
        role,
        is_in_etcd: store == "etcd",
    };
    let meant = |warning: &String| !warning.contains(ENDED);
    Some(PolicyCheck {
        errors: errors.collect(),
        warnings: printed.warnings.into_iter().filter(meant).collect(),
        fleet: printed.store.map(settings),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_and_ended_exemptions_are_no_warnings() {
        let printed = br#"{"errors": [], "more_errors": 0, "warnings": [
            "/etc/tfa/tfad.toml.d/50-bob.conf is not read",
            "/etc/tfa/tfad.toml line 3: the exemption has ended on 2026-01-01"],
            "notes": ["a rule has no end"], "role": "member", "store": "sqlite"}"#;
        let check = parse(printed).unwrap();
        assert_eq!(
            check.warnings,
            ["/etc/tfa/tfad.toml.d/50-bob.conf is not read"]
        );
        let fleet = check.fleet.unwrap();
        assert_eq!(fleet.role, Some(FleetRole::Member));
        assert!(!fleet.is_in_etcd);
    }

    #[test]
    fn of_a_configuration_with_an_error_the_rest_is_not_known() {
        let printed = br#"{"errors": [{"file": "/a", "line": 2, "column": null, "text": "no"}],
            "more_errors": 0, "warnings": [], "notes": [], "role": null, "store": null}"#;
        let check = parse(printed).unwrap();
        assert_eq!(check.fleet, None);
        assert_eq!(
            (check.errors[0].line, check.errors[0].column),
            (Some(2), None)
        );
        assert!(parse(b"tfad: unknown argument").is_none());
    }
}
