//! `tfa-enroll devices`.

use tfa_client::{Failure, Terminal, device_list, devices_json, now};
use tfa_text::wrapped;

use crate::daemon::Daemon;
use crate::messages;

/// `tfa-enroll devices`.
pub(crate) async fn list(json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let all = Daemon::connect().await?.devices().await?;
    if json {
        terminal.print(&tfa_client::json(&devices_json(&all))?)?;
        return Ok(());
    }
    if all.is_empty() {
        terminal.print(messages::NO_DEVICES)?;
        return Ok(());
    }
    terminal.print(&wrapped(&device_list(&all, now()), terminal.size().1))?;
    if let Some(current) = all.iter().find(|one| one.current) {
        terminal.print(&messages::current_device(current.id))?;
    }
    Ok(())
}

/// `tfa-enroll devices forget ID`.
pub(crate) async fn forget(id: u32) -> Result<(), Failure> {
    Daemon::connect().await?.forget_device(id).await?;
    Terminal::new().print(&messages::device_forgotten(id))?;
    Ok(())
}

/// `tfa-enroll devices forget --all`.
pub(crate) async fn forget_all() -> Result<(), Failure> {
    let terminal = Terminal::new();
    let daemon = Daemon::connect().await?;
    let count = daemon.forget_devices().await?;
    terminal.print(&messages::devices_forgotten(count))?;
    let left = daemon.devices().await?;
    if let Some(current) = left.iter().find(|one| one.current) {
        terminal.print(&messages::current_device_stays(current.id))?;
    }
    Ok(())
}
