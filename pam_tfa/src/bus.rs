//! The way to the daemon, and what it means to a login when nobody answers there.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use tfa_proto::{Context, LOGIN_SOCKET, SYSTEM_BUS_SOCKET, Turn};
use tfa_wire::{Endpoints, LoginClient, LoginError};

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

/// Begins the dialog with the daemon, over a connection of its own. Nothing on this connection
/// takes longer than the limit, all in all.
pub(crate) fn begin(
    limit: Duration,
    user: &str,
    context: &Context,
) -> Result<(LoginClient, Turn), Trouble> {
    // Never the environment: it is that of whoever started the login program.
    let endpoints = Endpoints {
        daemon: Path::new(LOGIN_SOCKET),
        bus: Path::new(SYSTEM_BUS_SOCKET),
    };
    Ok(LoginClient::begin(endpoints, limit, user, context)?)
}

impl From<LoginError> for Trouble {
    fn from(error: LoginError) -> Self {
        let text = error.to_string();
        match error {
            LoginError::UnknownUser(_) => Self::UnknownUser,
            // The daemon's own word that it is not there for logins.
            LoginError::NotServing(_) => Self::Absent(text),
            LoginError::Connect(error) if no_bus(error.kind()) => Self::Absent(text),
            LoginError::Bus(error) if absent(&error.name) => Self::Absent(text),
            LoginError::Bus(error) if silent(&error.name) => Self::Silent(text),
            LoginError::Connect(_)
            | LoginError::TimedOut
            | LoginError::Connection(_)
            | LoginError::Handshake => Self::Silent(text),
            LoginError::Bus(_) | LoginError::Daemon(_) | LoginError::Protocol(_) => {
                Self::Unusable(text)
            }
        }
    }
}

/// Whether connecting failed because there is no bus. Anything that is not known to mean that does
/// not: on the daemon's absence an administrator may have made an exception.
fn no_bus(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::ConnectionRefused)
}

/// Whether an error of the bus itself means that there is no daemon.
fn absent(name: &str) -> bool {
    // systemd's errors of an activation that failed are passed on by the bus.
    name.starts_with("org.freedesktop.systemd1.")
        || matches!(
            name,
            "org.freedesktop.DBus.Error.ServiceUnknown"
                | "org.freedesktop.DBus.Error.NameHasNoOwner"
                | "org.freedesktop.DBus.Error.Spawn.ExecFailed"
                | "org.freedesktop.DBus.Error.Spawn.ForkFailed"
                | "org.freedesktop.DBus.Error.Spawn.ChildExited"
                | "org.freedesktop.DBus.Error.Spawn.ChildSignaled"
                | "org.freedesktop.DBus.Error.Spawn.Failed"
                | "org.freedesktop.DBus.Error.Spawn.ServiceNotFound"
        )
}

/// Whether an error of the bus itself means that no answer came.
fn silent(name: &str) -> bool {
    matches!(
        name,
        "org.freedesktop.DBus.Error.NoReply"
            | "org.freedesktop.DBus.Error.Disconnected"
            | "org.freedesktop.DBus.Error.NoServer"
            | "org.freedesktop.DBus.Error.TimedOut"
            | "org.freedesktop.DBus.Error.Timeout"
    )
}

#[cfg(test)]
mod tests {
    use std::io;

    use tfa_wire::ErrorReply;

    use super::*;

    fn absence(error: LoginError) -> bool {
        matches!(Trouble::from(error), Trouble::Absent(_))
    }

    fn silence(error: LoginError) -> bool {
        matches!(Trouble::from(error), Trouble::Silent(_))
    }

    fn named(name: &str) -> ErrorReply {
        ErrorReply {
            name: name.to_owned(),
            text: "why".to_owned(),
        }
    }

    #[test]
    fn a_bus_that_is_not_there_is_an_absence_and_one_that_cannot_be_reached_is_a_silence() {
        for (kind, is_absence) in [
            (ErrorKind::NotFound, true),
            (ErrorKind::ConnectionRefused, true),
            (ErrorKind::PermissionDenied, false),
            (ErrorKind::OutOfMemory, false),
            (ErrorKind::Other, false),
        ] {
            let error = || LoginError::Connect(kind.into());
            assert_eq!(absence(error()), is_absence, "{kind}");
            assert_eq!(silence(error()), !is_absence, "{kind}");
        }
    }

    #[test]
    fn what_can_be_somebodys_doing_is_a_silence() {
        for error in [
            LoginError::TimedOut,
            LoginError::Handshake,
            LoginError::Connection(ErrorKind::NotFound.into()),
            LoginError::Connection(ErrorKind::ConnectionRefused.into()),
            LoginError::Connection(io::Error::from_raw_os_error(libc::ECONNRESET)),
            LoginError::Bus(named("org.freedesktop.DBus.Error.NoReply")),
            LoginError::Bus(named("org.freedesktop.DBus.Error.TimedOut")),
        ] {
            assert!(silence(error));
        }
    }

    #[test]
    fn no_daemon_is_the_word_of_the_bus_and_not_serving_is_that_of_the_daemon() {
        for name in [
            "org.freedesktop.DBus.Error.ServiceUnknown",
            "org.freedesktop.DBus.Error.NameHasNoOwner",
            "org.freedesktop.DBus.Error.Spawn.ChildExited",
            "org.freedesktop.systemd1.NoSuchUnit",
        ] {
            assert!(absence(LoginError::Bus(named(name))), "{name}");
            let trouble = Trouble::from(LoginError::Daemon(named(name)));
            assert_eq!(trouble, Trouble::Unusable(format!("{name}: why")));
        }
        assert!(absence(LoginError::NotServing("why".to_owned())));
        let name = "org.tfad.Tfa1.Error.NotServing";
        assert!(!absence(LoginError::Bus(named(name))));
    }

    #[test]
    fn what_is_not_known_to_mean_absence_does_not() {
        for error in [
            LoginError::Bus(named("org.freedesktop.DBus.Error.LimitsExceeded")),
            LoginError::Bus(named("org.freedesktop.DBus.Error.AccessDenied")),
            LoginError::Bus(named("org.freedesktop.DBus.Error.Spawn.NoMemory")),
            LoginError::Bus(named("org.freedesktop.systemd1")),
            LoginError::Protocol("what"),
        ] {
            let trouble = Trouble::from(error);
            assert!(matches!(trouble, Trouble::Unusable(_)), "{trouble:?}");
        }
    }
}
