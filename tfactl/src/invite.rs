//! `tfactl invite`: creates an invitation code.

use serde::Serialize;
use tfa_client::{Failure, Terminal, now};
use tfa_proto::UserFacts;
use tfa_text::time::rfc3339;

use crate::args::Length;
use crate::daemon::Daemon;
use crate::{json, messages};

#[derive(Serialize)]
struct InvitationJson<'a> {
    user: &'a str,
    invitation: &'a str,
    until: String,
    uid: Option<u32>,
    known: Option<bool>,
}

pub(crate) async fn run(
    user: &str,
    length: Length,
    uid: Option<u32>,
    as_json: bool,
) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    let facts = UserFacts { uid, known: None };
    let (code, until, found) = daemon.invite(user, length.seconds(), facts).await?;
    if as_json {
        let invitation = InvitationJson {
            user,
            invitation: &code,
            until: rfc3339(until),
            uid: found.uid,
            known: found.known,
        };
        json::print(&terminal, &invitation)?;
    } else {
        terminal.print(&messages::invitation(user, &code, until, now()))?;
        messages::user_of_members(user, found).map_or(Ok(()), |told| terminal.print(&told))?;
    }
    daemon.fail_if_not_serving()
}
