//! `tfactl devices`: the remembered devices of one user.

use tfa_client::{Failure, Terminal, device_list, devices_json, now};
use tfa_text::wrapped;

use crate::args::DevicesCommand;
use crate::daemon::Daemon;
use crate::{json, messages};

pub(crate) async fn run(command: DevicesCommand) -> Result<(), Failure> {
    match command {
        DevicesCommand::List { user, json } => list(&user, json).await,
        DevicesCommand::Forget {
            user, id: Some(id), ..
        } => forget(&user, id).await,
        DevicesCommand::Forget { user, id: None, .. } => forget_all(&user).await,
    }
}

async fn list(user: &str, as_json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    let status = daemon.show(user).await?;
    if let Some(problem) = &status.problem {
        return Err(Failure::Refused(problem.clone()));
    }
    let all = &status.devices;
    if as_json {
        json::print(&terminal, &devices_json(all))?;
    } else if all.is_empty() {
        terminal.print(&messages::no_devices(&status.user))?;
    } else {
        terminal.print(&wrapped(&device_list(all, now()), terminal.size().1))?;
    }
    daemon.fail_if_not_serving()
}

async fn forget(user: &str, id: u32) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    daemon.forget_device(user, id).await?;
    terminal.print(&messages::device_forgotten(user, id))?;
    daemon.fail_if_not_serving()
}

async fn forget_all(user: &str) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    let count = daemon.forget_devices(user).await?;
    terminal.print(&messages::devices_forgotten(user, count))?;
    daemon.fail_if_not_serving()
}
