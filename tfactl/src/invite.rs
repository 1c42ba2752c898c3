//! `tfactl invite`: a one-time word, with which somebody may set up.

use serde::Serialize;
use tfa_client::{Failure, Terminal, now};
use tfa_text::time::rfc3339;

use crate::args::Length;
use crate::daemon::Daemon;
use crate::{json, messages};

#[derive(Serialize)]
struct StatusJson<'a> {
    user: &'a str,
    invitation: &'a str,
    until: String,
}

pub(crate) async fn run(user: &str, length: Length, as_json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    let (word, until) = daemon.invite(user, length.seconds()).await?;
    if as_json {
        let report = StatusJson {
            user,
            invitation: &word,
            until: rfc3339(until),
        };
        json::print(&terminal, &report)?;
    } else {
        terminal.print(&messages::invitation(user, &word, until, now()))?;
    }
    daemon.serves()
}
