//! `tfactl policy impact --recorded`: the logins that audit mode recorded.

use serde::Serialize;
use tfa_client::{Failure, Terminal};
use tfa_proto::{AuditRecord, OpenEnum};
use tfa_text::time::rfc3339;

use crate::daemon::Daemon;
use crate::{json, messages};

#[derive(Serialize)]
struct AuditRecordJson<'a> {
    user: &'a str,
    outcome: &'a str,
    reason: Option<&'a str>,
    service: &'a str,
    from: &'a str,
    count: u32,
    last: String,
}

impl<'a> From<&'a AuditRecord> for AuditRecordJson<'a> {
    fn from(record: &'a AuditRecord) -> Self {
        Self {
            user: &record.user,
            outcome: record.outcome.name(),
            reason: record.reason.as_ref().map(OpenEnum::name),
            service: &record.service,
            from: json::host(&record.from),
            count: record.count,
            last: rfc3339(record.last),
        }
    }
}

pub(crate) async fn run(as_json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    let mut records = daemon.audit_records().await?;
    // By user, the latest first.
    records.sort_by(|one, other| {
        let by_user = one.user.cmp(&other.user);
        by_user.then_with(|| other.last.cmp(&one.last))
    });
    if as_json {
        let reports: Vec<_> = records.iter().map(AuditRecordJson::from).collect();
        json::print(&terminal, &reports)?;
    } else if records.is_empty() {
        terminal.print(messages::NO_AUDIT_RECORDS)?;
    } else {
        terminal.print(&messages::audit_records(
            &records,
            messages::width(&terminal),
        ))?;
    }
    daemon.fail_if_not_serving()
}
