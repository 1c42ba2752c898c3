//! `tfactl reset`: deletes the record of a user who lost phone and backup codes, or a damaged record.

use tfa_client::{Failure, LineRead, Terminal};
use tfa_proto::{State, Status};

use crate::daemon::Daemon;
use crate::filter::is_in;
use crate::messages;

pub(crate) async fn run(user: &str, yes: bool) -> Result<(), Failure> {
    let mut terminal = Terminal::new();
    if !yes && !terminal.is_interactive() {
        return Err(Failure::Refused(messages::confirmation_needed(user)));
    }
    let mut daemon = Daemon::connect(&terminal).await?;
    if !yes {
        let name = match daemon.show(user).await {
            Ok(status) if has_nothing(&status) => {
                return Err(Failure::Refused(messages::nothing_to_reset(&status.user)));
            }
            Ok(status) => {
                terminal.print(&messages::reset_intro(&status))?;
                status.user
            }
            // A record can exist without its user.
            Err(Failure::Refused(why)) => {
                terminal.print(&messages::reset_unknown_user(user, &why))?;
                user.to_owned()
            }
            Err(failure) => return Err(failure),
        };
        let line = terminal
            .ask(daemon.interrupt(), messages::TYPE_NAME)
            .await?;
        if !matches!(line, LineRead::Line(line) if *line == name) {
            return Err(Failure::Cancelled(messages::NOT_RESET.to_owned()));
        }
    }
    daemon.reset(user).await?;
    terminal.print(&messages::reset(user))?;
    daemon.fail_if_not_serving()
}

fn has_nothing(status: &Status) -> bool {
    is_in(status, &[State::None]) && status.invited_until.is_none() && status.exempt_until.is_none()
}
