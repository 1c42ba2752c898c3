//! `tfactl show`: one account.

use tfa_client::{Failure, Report, Terminal, now};

use crate::daemon::Daemon;
use crate::{json, texts};

pub(crate) async fn run(user: &str, as_json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    let status = daemon.show(user).await?;
    if as_json {
        json::say(&terminal, &Report::from(&status))?;
    } else {
        terminal.say(&texts::status(&status, now()))?;
    }
    daemon.serves()
}
