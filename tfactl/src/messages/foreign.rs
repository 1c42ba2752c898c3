//! What the daemon tells, for texts: each text of others stays in its line. JSON has it as it is.

use tfa_client::one_line;
use tfa_proto::{AuditRecord, Exemption, Status};

pub(super) fn status(status: &Status) -> Status {
    let mut status = status.clone();
    text(&mut status.user);
    for authenticator in &mut status.authenticators {
        text(&mut authenticator.name);
    }
    for lock in &mut status.member_locks {
        text(&mut lock.host);
    }
    for attempt in &mut status.failed_attempts {
        text(&mut attempt.service);
        text(&mut attempt.from);
    }
    option(&mut status.last_wrong_code_from);
    option(&mut status.exempt_reason);
    option(&mut status.problem);
    option(&mut status.note);
    status
}

pub(super) fn exemption(exemption: &Exemption) -> Exemption {
    let mut exemption = exemption.clone();
    option(&mut exemption.user);
    option(&mut exemption.service);
    option(&mut exemption.file);
    option(&mut exemption.reason);
    exemption
}

pub(super) fn audit_record(record: &AuditRecord) -> AuditRecord {
    let mut record = record.clone();
    text(&mut record.user);
    text(&mut record.service);
    text(&mut record.from);
    record
}

/// Names of users in a list, with commas.
pub(super) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.into_iter().map(one_line).collect();
    names.join(", ")
}

fn text(text: &mut String) {
    *text = one_line(text).into_owned();
}

fn option(of: &mut Option<String>) {
    if let Some(of) = of {
        text(of);
    }
}
