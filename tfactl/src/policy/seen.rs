//! `tfactl policy impact --seen`: what audit mode noted.

use serde::Serialize;
use tfa_client::{Failure, Terminal};
use tfa_proto::{AuditRecord, OpenEnum};
use tfa_text::time::rfc3339;

use crate::daemon::Daemon;
use crate::{json, messages};

#[derive(Serialize)]
struct StatusJson<'a> {
    user: &'a str,
    outcome: &'a str,
    reason: Option<&'a str>,
    service: &'a str,
    from: &'a str,
    count: u32,
    last: String,
}

impl<'a> From<&'a AuditRecord> for StatusJson<'a> {
    fn from(seen: &'a AuditRecord) -> Self {
        Self {
            user: &seen.user,
            outcome: seen.outcome.name(),
            reason: seen.reason.as_ref().map(OpenEnum::name),
            service: &seen.service,
            from: json::host(&seen.from),
            count: seen.count,
            last: rfc3339(seen.last),
        }
    }
}

pub(crate) async fn run(as_json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    let mut seen = daemon.seen().await?;
    // By user, and what was seen last comes first.
    seen.sort_by(|one, other| {
        let by_user = one.user.cmp(&other.user);
        by_user.then_with(|| other.last.cmp(&one.last))
    });
    if as_json {
        let reports: Vec<_> = seen.iter().map(StatusJson::from).collect();
        json::print(&terminal, &reports)?;
    } else if seen.is_empty() {
        terminal.print(messages::NOTHING_SEEN)?;
    } else {
        terminal.print(&messages::seen(&seen, messages::width(&terminal)))?;
    }
    daemon.serves()
}
