//! `tfactl show`: prints one account.

use tfa_client::{Failure, StatusJson, Terminal, now};
use tfa_text::wrapped;

use crate::daemon::Daemon;
use crate::{json, messages};

pub(crate) async fn run(user: &str, as_json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    let status = daemon.show(user).await?;
    if as_json {
        json::print(&terminal, &StatusJson::from(&status))?;
    } else {
        let text = messages::status(&status, now());
        // Programs get each item in one line.
        let text = match terminal.is_output() {
            true => wrapped(&text, messages::width(&terminal)),
            false => text,
        };
        terminal.print(&text)?;
    }
    daemon.fail_if_not_serving()
}
