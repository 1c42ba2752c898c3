//! `tfactl reset`: the way out for whoever lost phone and backup codes, and for a damaged record.

use tfa_bus::command::{Failure, Reply, Terminal};

use crate::daemon::Daemon;
use crate::texts;

pub(crate) async fn run(user: &str, yes: bool) -> Result<(), Failure> {
    let mut terminal = Terminal::new();
    if !yes && !terminal.is_interactive() {
        return Err(Failure::Refused(texts::say_yes(user)));
    }
    let mut daemon = Daemon::connect(&terminal).await?;
    let before = daemon.show(user).await?;
    if !yes {
        terminal.say(&texts::reset_intro(&before))?;
        let reply = terminal.ask(daemon.interrupt(), texts::TYPE_NAME).await?;
        if !matches!(reply, Reply::Line(line) if *line == before.user) {
            return Err(Failure::Cancelled(texts::NOT_RESET.to_owned()));
        }
    }
    daemon.reset(user).await?;
    terminal.say(&texts::reset(&before))?;
    Ok(())
}
