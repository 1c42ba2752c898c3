//! `tfa-enroll status`, and `tfa-enroll` alone: where the account stands, and the way on.

use tfa_client::{self, Failure, Report, Terminal, now};
use tfa_proto::{Parameters, State, Status};

use crate::args::QrForm;
use crate::daemon::Daemon;
use crate::session::Session;
use crate::{setup, texts};

/// `tfa-enroll status`.
pub(crate) async fn show(json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let daemon = Daemon::connect().await?;
    let refuses = refuses(&daemon, &terminal).await?;
    let status = daemon.status().await?;
    if json {
        terminal.say(&tfa_client::json(&Report::from(&status))?)?;
    } else {
        terminal.say(&texts::status(&status, now()))?;
    }
    if refuses {
        return Err(Failure::Told);
    }
    Ok(())
}

/// Whether every login is refused now, which is told before anything else.
async fn refuses(daemon: &Daemon, terminal: &Terminal) -> Result<bool, Failure> {
    let why = daemon.refusal().await?;
    if !why.is_empty() {
        terminal.complain(&texts::refuses_every_login(&why));
    }
    Ok(!why.is_empty())
}

/// `tfa-enroll` alone.
pub(crate) async fn and_the_way_on(qr: Option<QrForm>) -> Result<(), Failure> {
    let terminal = Terminal::new();
    if !terminal.is_interactive() {
        return show(false).await;
    }
    let mut session = Session::open().await?;
    let refuses = refuses(&session.daemon, &terminal).await?;
    let status = session.daemon.status().await?;
    session.say(&texts::status(&status, now()))?;
    if refuses {
        return Err(Failure::Told);
    }
    if status.problem.is_some() {
        return Ok(());
    }
    if is_set_up(&status) {
        let paused = status.state == State::Paused.name();
        session.say(&texts::way_on(paused, status.required))?;
        return Ok(());
    }
    session.say("")?;
    if session.agrees(texts::SET_UP_NOW).await? {
        setup::run(&mut session, Parameters::default(), qr).await
    } else {
        session.say(texts::LATER)?;
        Ok(())
    }
}

/// The status, where there is something to change.
pub(crate) async fn of_a_set_up_account(daemon: &Daemon) -> Result<Status, Failure> {
    let status = daemon.status().await?;
    if let Some(problem) = &status.problem {
        return Err(Failure::Refused(texts::problem(problem)));
    }
    if is_set_up(&status) {
        Ok(status)
    } else {
        Err(Failure::Refused(texts::NOT_SET_UP.to_owned()))
    }
}

fn is_set_up(status: &Status) -> bool {
    status.state == State::Enabled.name() || status.state == State::Paused.name()
}
