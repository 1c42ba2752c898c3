//! `tfactl show`: prints one account.

use tfa_client::{Failure, StatusJson, Terminal, now};

use crate::daemon::Daemon;
use crate::{json, messages};

pub(crate) async fn run(user: &str, as_json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    let status = daemon.show(user).await?;
    if as_json {
        json::print(&terminal, &StatusJson::from(&status))?;
    } else {
        terminal.print(&messages::status(&status, now()))?;
    }
    daemon.fail_if_not_serving()
}
