//! `tfa-enroll status`, and `tfa-enroll` without a command.

use tfa_client::{self, Failure, StatusJson, Terminal, now, waits_for_key};
use tfa_proto::{Parameters, Status};
use tfa_text::wrapped;

use crate::args::QrForm;
use crate::daemon::Daemon;
use crate::session::Session;
use crate::{messages, setup};

/// `tfa-enroll status`.
pub(crate) async fn show(json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let daemon = Daemon::connect().await?;
    let refuses = refuses_logins(&daemon, &terminal).await?;
    let status = daemon.status().await?;
    if json {
        terminal.print(&tfa_client::json(&StatusJson::from(&status))?)?;
    } else {
        terminal.print(&messages::status(&status, now()))?;
    }
    if refuses {
        return Err(Failure::Reported);
    }
    Ok(())
}

/// Whether the daemon refuses every login. If so, prints the reason first.
async fn refuses_logins(daemon: &Daemon, terminal: &Terminal) -> Result<bool, Failure> {
    let why = daemon.refusal().await?;
    if !why.is_empty() {
        terminal.error(&messages::refuses_every_login(&why));
    }
    Ok(!why.is_empty())
}

/// `tfa-enroll` without a command: status, then the available commands or the setup.
pub(crate) async fn show_and_offer_setup(qr: Option<QrForm>) -> Result<(), Failure> {
    let terminal = Terminal::new();
    if !terminal.is_interactive() {
        return show(false).await;
    }
    let mut session = Session::open().await?;
    let refuses = refuses_logins(&session.daemon, &terminal).await?;
    let status = session.daemon.status().await?;
    session.print(&messages::status(&status, now()))?;
    if refuses {
        return Err(Failure::Reported);
    }
    if status.problem.is_some() {
        return Ok(());
    }
    if status.is_set_up() {
        if let Some(why) = &status.changes_refused {
            session.print(messages::COMMANDS_WITHOUT_CHANGES)?;
            let (_, columns) = session.terminal.size();
            session.print(&wrapped(&messages::changes_elsewhere(why), columns))?;
        } else {
            let paused = status.is_paused();
            session.print(&messages::commands(paused, status.required))?;
        }
        return Ok(());
    }
    session.print("")?;
    if waits_for_key(&status) {
        session.print(messages::KEY_STILL_WAITS)?;
        return if session.insists(messages::START_OVER).await? {
            setup::run(&mut session, Parameters::default(), qr).await
        } else {
            Ok(())
        };
    }
    if session.agrees(messages::SET_UP_NOW).await? {
        setup::run(&mut session, Parameters::default(), qr).await
    } else {
        session.print(messages::SET_UP_LATER)?;
        Ok(())
    }
}

/// The status of a user who has enrolled; other users get an error.
pub(crate) async fn require_set_up(daemon: &Daemon) -> Result<Status, Failure> {
    let status = daemon.status().await?;
    if let Some(problem) = &status.problem {
        return Err(Failure::Refused(messages::problem(problem)));
    }
    if status.is_set_up() {
        Ok(status)
    } else {
        Err(Failure::Refused(messages::NOT_SET_UP.to_owned()))
    }
}
