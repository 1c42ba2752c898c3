//! The way to the daemon: one connection, one time limit around everything that happens on it.
//!
//! The runtime is of this call alone: it makes no thread, so nothing is left in the host, and a
//! forked child starts afresh. It runs only while the daemon is being spoken to. While the person
//! types it stands still, and the time does not count.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use tfa_bus::{Context, Error, LoginClient, SYSTEM_BUS, Turn};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use zbus::Connection;
use zbus::fdo;

use crate::texts;

/// A connection to the daemon. Closed when dropped, in any case.
pub(crate) struct Bus {
    // Before the runtime, so that it goes first.
    connection: Connection,
    clock: Clock,
}

/// A dialog that the daemon conducts with this connection.
#[derive(Clone, Copy)]
pub(crate) struct Dialog(u32);

/// Why the daemon gave no turn.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The daemon says that there is no such user.
    UnknownUser,
    /// There is nobody: no bus, or the bus says that the daemon is not on it and did not start, or
    /// the daemon says that it cannot serve.
    Absent(String),
    /// There was no answer in time, or the connection broke. That can be somebody's doing: whoever
    /// floods the bus, or stops the login program, must not make an absence of it.
    Silent(String),
    /// Somebody answered, and it is of no use: an error, or what is not understood.
    Unusable(String),
}

impl Bus {
    /// Connects. Nothing on this connection takes longer than the limit, all in all.
    pub(crate) fn open(limit: Duration) -> Result<Self, Trouble> {
        let mut clock = Clock::start(limit)?;
        // The address is given, so zbus reads no environment variable.
        let connection = clock.run(zbus::connection::Builder::address(SYSTEM_BUS).build())?;
        Ok(Self { connection, clock })
    }

    /// Begins the dialog.
    pub(crate) fn begin(
        &mut self,
        user: &str,
        context: &Context,
    ) -> Result<(Dialog, Turn), Trouble> {
        let client = LoginClient::new(&self.connection);
        let (dialog, turn) = self.clock.run(client.begin(user, context))?;
        Ok((Dialog(dialog), turn))
    }

    /// Answers the last question.
    pub(crate) fn answer(&mut self, dialog: Dialog, reply: &str) -> Result<Turn, Trouble> {
        let client = LoginClient::new(&self.connection);
        self.clock.run(client.answer(dialog.0, reply))
    }

    /// Ends a dialog that will get no answer. Whether that arrives does not matter: with the
    /// connection the dialog ends too.
    pub(crate) fn cancel(&mut self, dialog: Dialog) {
        let client = LoginClient::new(&self.connection);
        let _ = self.clock.run(client.cancel(dialog.0));
    }

    /// Closes the connection, so that the daemon learns of the end now.
    pub(crate) fn close(mut self) {
        let _ = self.clock.run(self.connection.close());
    }
}

/// The runtime, and how much longer it may run.
struct Clock {
    runtime: Runtime,
    left: Duration,
}

impl Clock {
    fn start(limit: Duration) -> Result<Self, Trouble> {
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            // Not the daemon's absence: this process is short of something.
            .map_err(|error| Trouble::Unusable(error.to_string()))?;
        Ok(Self {
            runtime,
            left: limit,
        })
    }

    fn run<T>(&mut self, work: impl Future<Output = zbus::Result<T>>) -> Result<T, Trouble> {
        let started = Instant::now();
        let limit = self.left;
        let done = self.runtime.block_on(async { timeout(limit, work).await });
        self.left = limit.saturating_sub(started.elapsed());
        match done {
            Ok(result) => result.map_err(Trouble::from),
            Err(_) => Err(Trouble::Silent(texts::NO_ANSWER_IN_TIME.to_owned())),
        }
    }
}

impl From<zbus::Error> for Trouble {
    fn from(error: zbus::Error) -> Self {
        match Error::from(error) {
            Error::UnknownUser(_) => Self::UnknownUser,
            // The daemon's own word that it is not there for logins.
            Error::NotServing(why) => Self::Absent(why),
            Error::Bus(error) if absent(&error) => Self::Absent(error.to_string()),
            Error::Bus(error) if silent(&error) => Self::Silent(error.to_string()),
            Error::Bus(error) => Self::Unusable(error.to_string()),
            answer => Self::Unusable(answer.to_string()),
        }
    }
}

/// Whether an error means that there is no daemon. Anything that is not known to mean that does not:
/// on the daemon's absence an administrator may have made an exception.
fn absent(error: &zbus::Error) -> bool {
    match error {
        zbus::Error::Connection(error, _) => {
            matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::ConnectionRefused
            )
        }
        zbus::Error::FDO(error) => matches!(
            **error,
            fdo::Error::ServiceUnknown(_)
                | fdo::Error::NameHasNoOwner(_)
                | fdo::Error::SpawnExecFailed(_)
                | fdo::Error::SpawnForkFailed(_)
                | fdo::Error::SpawnChildExited(_)
                | fdo::Error::SpawnChildSignaled(_)
                | fdo::Error::SpawnFailed(_)
                | fdo::Error::SpawnServiceNotFound(_)
        ),
        // systemd's errors of an activation that failed are passed on by the bus itself.
        zbus::Error::MethodError(name, _, message) => {
            name.starts_with("org.freedesktop.systemd1.")
                && message
                    .header()
                    .sender()
                    .is_some_and(|sender| sender == "org.freedesktop.DBus")
        }
        _ => false,
    }
}

/// Whether an error means that no answer came.
fn silent(error: &zbus::Error) -> bool {
    match error {
        zbus::Error::Connection(..) | zbus::Error::InputOutput(_) | zbus::Error::Handshake(_) => {
            true
        }
        zbus::Error::FDO(error) => matches!(
            **error,
            fdo::Error::NoReply(_)
                | fdo::Error::Disconnected(_)
                | fdo::Error::NoServer(_)
                | fdo::Error::TimedOut(_)
                | fdo::Error::Timeout(_)
        ),
        _ => false,
    }
}
