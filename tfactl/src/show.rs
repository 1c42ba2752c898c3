//! `tfactl show`: one account.

use tfa_bus::command::{Failure, Report, Terminal, now};

use crate::daemon::Daemon;
use crate::{json, texts};

pub(crate) async fn run(user: &str, as_json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let status = Daemon::connect(&terminal).await?.show(user).await?;
    if as_json {
        return json::say(&terminal, &Report::from(&status));
    }
    terminal.say(&texts::status(&status, now()))?;
    Ok(())
}
