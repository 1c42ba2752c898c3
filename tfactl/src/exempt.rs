//! `tfactl exempt`, `disable` and `enable`: exempts a user for a time, and pauses two-factor login.

use serde::Serialize;
use tfa_client::{Failure, Terminal, now};
use tfa_proto::UserFacts;
use tfa_text::time::rfc3339;

use crate::args::Length;
use crate::daemon::Daemon;
use crate::{json, messages};

#[derive(Serialize)]
struct ExemptionJson<'a> {
    user: &'a str,
    until: String,
    reason: &'a str,
    uid: Option<u32>,
    known: Option<bool>,
}

pub(crate) async fn run(
    user: &str,
    length: Length,
    reason: &str,
    uid: Option<u32>,
    as_json: bool,
) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    let facts = UserFacts { uid, known: None };
    let exempted = daemon.exempt(user, length.seconds(), reason, facts);
    let (until, found) = exempted.await?;
    if as_json {
        let exemption = ExemptionJson {
            user,
            until: rfc3339(until),
            reason,
            uid: found.uid,
            known: found.known,
        };
        json::print(&terminal, &exemption)?;
    } else {
        terminal.print(&messages::exempted(user, until, now()))?;
        messages::user_of_members(user, found).map_or(Ok(()), |told| terminal.print(&told))?;
    }
    daemon.fail_if_not_serving()
}

pub(crate) async fn end(user: &str) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    daemon.end_exemption(user).await?;
    terminal.print(&messages::exemption_ended(user))?;
    daemon.fail_if_not_serving()
}

pub(crate) async fn disable(user: &str) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    daemon.disable(user).await?;
    terminal.print(&messages::disabled(user))?;
    daemon.fail_if_not_serving()
}

pub(crate) async fn enable(user: &str) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    daemon.enable(user).await?;
    terminal.print(&messages::enabled(user))?;
    daemon.fail_if_not_serving()
}
