//! Logins as the socket and the bus call them.

use std::fmt;
use std::time::Duration;

use tfa_proto::{Context, ContextError, Turn};

use super::Error;
use crate::caller::Caller;
use crate::state::DaemonState;

/// Conducts the dialogs of logins. A call may block.
pub trait LoginService: fmt::Debug + Send + Sync {
    /// Begins the dialog for a user, with the context or why it was not valid. Returns its number, which is
    /// 0 for a dialog that is over, and its first turn.
    ///
    /// # Errors
    /// Why there is no first turn.
    fn begin(
        &self,
        caller: &Caller,
        user: &str,
        context: Result<Context, ContextError>,
    ) -> Result<(u32, Turn), Error>;

    /// Answers the question that the dialog asked last.
    ///
    /// # Errors
    /// Why there is no further turn. The dialog is over then.
    fn answer(&self, sender: &str, dialog: u32, reply: &str) -> Result<Turn, Error>;

    /// Ends the dialog without a verdict.
    ///
    /// # Errors
    /// [`Error::NoSuchDialog`].
    fn cancel(&self, sender: &str, dialog: u32) -> Result<(), Error>;

    /// How long a connection's dialogs wait for an answer; `None` where it has none.
    fn idle_timeout(&self, sender: &str) -> Option<Duration>;

    /// Drops the dialogs of a connection that is gone.
    fn forget(&self, sender: &str);
}

/// The context of a login that is served.
///
/// # Errors
/// Why it was not valid; [`Error::NotServing`] while the daemon refuses every login.
pub(crate) fn served(
    state: &DaemonState,
    caller: &Caller,
    user: &str,
    context: Result<Context, ContextError>,
) -> Result<Context, Error> {
    let context = context.map_err(|error| {
        let error = Error::from(error);
        // A program of a user can send anything, under any name: that is not logged.
        if caller.is_root() {
            state.journal.report(caller, user, error)
        } else {
            error
        }
    })?;
    match state.refusal() {
        Some(why) => Err(Error::NotServing(why)),
        None => Ok(context),
    }
}
