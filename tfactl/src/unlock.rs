//! `tfactl unlock`: resets the counters of wrong codes and removes the locks.

use tfa_client::{Failure, Terminal};

use crate::daemon::Daemon;
use crate::messages;

pub(crate) async fn run(user: &str) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    daemon.unlock(user).await?;
    terminal.print(&messages::unlocked(user))?;
    daemon.fail_if_not_serving()
}
