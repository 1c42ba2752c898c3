//! `tfactl doctor`: collects the facts about this host, and prints what `tfa-doctor` finds in them.

mod accounts;
mod asked;
mod bounded;
mod bus;
mod daemon_unit;
mod disk;
mod environment;
mod facts;
mod fleet;
mod groups;
mod host;
mod include;
mod key_accounts;
mod login;
mod missed;
mod moving;
mod named;
mod output;
mod owned_files;
mod pam;
mod policy_check;
mod polkit;
mod selinux;
mod socket;
mod sshd;
mod state;
mod sudo;
mod summary;
mod systemd;
mod ways;

use std::io::IsTerminal as _;

use serde::Serialize;
use tfa_client::{Failure, Terminal, is_root};
use tfa_doctor::{Finding, KINDS, Severity, examine};

use crate::{json, messages};

pub(crate) use fleet::plain;
pub(crate) use summary::{PolicyInForce, Summary};

#[derive(Serialize)]
struct ReportJson<'a> {
    summary: &'a Summary,
    findings: Vec<FindingJson<'a>>,
}

#[derive(Serialize)]
struct FindingJson<'a> {
    id: &'a str,
    severity: &'a str,
    place: Option<&'a str>,
    names: &'a [String],
    users: Option<&'a [String]>,
    what: String,
    why: &'a str,
    remedy: String,
    commands: Vec<String>,
    path: Option<&'a [String]>,
    edits: Vec<EditJson<'a>>,
    errors: Vec<ErrorJson<'a>>,
    reason: Option<&'a str>,
    also: Vec<AlsoJson<'a>>,
}

#[derive(Serialize)]
struct ErrorJson<'a> {
    file: &'a str,
    line: Option<u32>,
    column: Option<u32>,
    text: &'a str,
}

#[derive(Serialize)]
struct EditJson<'a> {
    file: &'a str,
    after: usize,
    removed: &'a [String],
    added: &'a [String],
}

#[derive(Serialize)]
struct AlsoJson<'a> {
    id: &'a str,
    names: &'a [String],
}

/// Checks the id of a finding on the command line.
pub(crate) fn known_id(id: &str) -> Result<String, String> {
    if KINDS.iter().any(|kind| kind.id == id) {
        Ok(id.to_owned())
    } else {
        Err(messages::unknown_finding(id))
    }
}

/// Prints the findings, or those of one id and those that make the report incomplete. Fails if one is worse than advice.
pub(crate) async fn run(only: Option<&str>, as_json: bool) -> Result<(), Failure> {
    if !is_root() {
        return Err(Failure::NotAllowed(messages::DOCTOR_NEEDS_ROOT.to_owned()));
    }
    let terminal = Terminal::new();
    let facts = facts::collect(&terminal).await?;
    let mut findings = examine(&facts);
    findings.retain(|finding| only.is_none_or(|id| finding.is_reported_for(id)));
    let summary = Summary::of(&facts, &findings);
    if as_json {
        let report = ReportJson {
            summary: &summary,
            findings: findings.iter().map(as_json_keys).collect(),
        };
        json::print(&terminal, &report)?;
    } else {
        terminal.print(&messages::in_force(&summary, &terminal))?;
        // On a terminal the last lines are what is seen.
        if std::io::stdout().is_terminal() {
            findings.reverse();
        }
        for finding in &findings {
            terminal.print(&messages::finding(finding, &terminal))?;
        }
        terminal.print(&messages::findings_counted(&summary))?;
    }
    let is_bad = |finding: &Finding| finding.severity() != Severity::Advice;
    if findings.iter().any(is_bad) {
        return Err(Failure::Reported);
    }
    Ok(())
}

fn as_json_keys(finding: &Finding) -> FindingJson<'_> {
    let remedy = finding.remedy();
    let edits = finding.subject.edits.iter().map(|edit| EditJson {
        file: &edit.file,
        after: edit.after,
        removed: &edit.removed,
        added: &edit.added,
    });
    let errors = finding.subject.policy_errors.iter().map(|error| ErrorJson {
        file: &error.file,
        line: error.line,
        column: error.column,
        text: &error.text,
    });
    let also = finding.subject.also.iter();
    FindingJson {
        id: finding.kind.id,
        severity: finding.severity().name(),
        place: json::or_null(&finding.subject.place),
        names: &finding.subject.names,
        users: finding.subject.users.as_deref(),
        what: finding.what(),
        why: finding.kind.why,
        remedy: remedy.text,
        commands: remedy.commands,
        path: (!finding.witness.is_empty()).then_some(&finding.witness),
        edits: edits.collect(),
        errors: errors.collect(),
        reason: finding.reason(),
        also: also.map(|(id, names)| AlsoJson { id, names }).collect(),
    }
}
