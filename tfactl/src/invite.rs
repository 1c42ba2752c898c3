//! `tfactl invite`: creates an invitation code.

use serde::Serialize;
use tfa_client::{Failure, Terminal, now};
use tfa_text::time::rfc3339;

use crate::args::Length;
use crate::daemon::Daemon;
use crate::{json, messages};

#[derive(Serialize)]
struct InvitationJson<'a> {
    user: &'a str,
    invitation: &'a str,
    until: String,
}

pub(crate) async fn run(user: &str, length: Length, as_json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    let (code, until) = daemon.invite(user, length.seconds()).await?;
    if as_json {
        let invitation = InvitationJson {
            user,
            invitation: &code,
            until: rfc3339(until),
        };
        json::print(&terminal, &invitation)?;
    } else {
        terminal.print(&messages::invitation(user, &code, until, now()))?;
    }
    daemon.fail_if_not_serving()
}
