//! `tfactl policy impact --seen`: what audit mode noted.

use serde::Serialize;
use tfa_client::{Failure, Terminal, rfc3339};
use tfa_proto::Seen;

use crate::daemon::Daemon;
use crate::{json, texts};

#[derive(Serialize)]
struct Report<'a> {
    user: &'a str,
    outcome: &'a str,
    reason: Option<&'a str>,
    service: &'a str,
    from: &'a str,
    count: u32,
    last: String,
}

impl<'a> From<&'a Seen> for Report<'a> {
    fn from(seen: &'a Seen) -> Self {
        Self {
            user: &seen.user,
            outcome: &seen.outcome,
            reason: json::or_null(&seen.reason),
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
        let reports: Vec<_> = seen.iter().map(Report::from).collect();
        json::say(&terminal, &reports)?;
    } else if seen.is_empty() {
        terminal.say(texts::NOTHING_SEEN)?;
    } else {
        terminal.say(&texts::seen(&seen, texts::width(&terminal)))?;
    }
    daemon.serves()
}
