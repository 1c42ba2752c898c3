//! `tfactl show`: one account.

use tfa_bus::command::{Failure, Report, Terminal, now};

use crate::daemon::Daemon;
use crate::texts;

pub(crate) async fn run(user: &str, json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let status = Daemon::connect(&terminal).await?.show(user).await?;
    if json {
        let report = serde_json::to_string_pretty(&Report::from(&status));
        terminal.say(&report.map_err(std::io::Error::other)?)?;
    } else {
        terminal.say(&texts::status(&status, now()))?;
    }
    Ok(())
}
