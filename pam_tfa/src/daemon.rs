//! Begins the dialog with the daemon, and classifies the errors of the client.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use tfa_proto::{Context, LOGIN_SOCKET, SYSTEM_BUS_SOCKET, Turn};
use tfa_wire::{Endpoints, LoginClient, LoginError};

/// Why the daemon gave no turn. The texts say what happened, for the log.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DaemonError {
    /// The daemon knows no such user.
    UnknownUser,
    /// The daemon is absent: there is no bus, the bus reports that the daemon is not running and
    /// cannot be started, or the daemon reports that it serves no logins.
    Absent(String),
    /// The daemon is there, and cannot reach the verifiers of its fleet. No user can cause it.
    CutOff {
        /// What happened.
        why: String,
        /// The policy of this host lets in root at a console then.
        console: bool,
    },
    /// No answer came in time, or the connection broke. This is not absence: a user can cause it, by
    /// flooding the bus or stopping the login program.
    NoAnswer(String),
    /// The answer is an error, or is not valid.
    Unusable(String),
}

/// Begins the dialog on a new connection. The limit holds for all operations on it together.
pub(crate) fn begin(
    limit: Duration,
    user: &str,
    context: &Context,
) -> Result<(LoginClient, Turn), DaemonError> {
    // Not from the environment: it can be that of the user who started the login program.
    let endpoints = Endpoints {
        daemon: Path::new(LOGIN_SOCKET),
        bus: Path::new(SYSTEM_BUS_SOCKET),
    };
    Ok(LoginClient::begin(endpoints, limit, user, context)?)
}

impl From<LoginError> for DaemonError {
    fn from(error: LoginError) -> Self {
        let text = error.to_string();
        match error {
            LoginError::UnknownUser(_) => Self::UnknownUser,
            LoginError::NotServing(_) => Self::Absent(text),
            LoginError::CutOff(why) => Self::CutOff {
                why,
                console: false,
            },
            LoginError::ConsoleOnly(why) => Self::CutOff { why, console: true },
            LoginError::Connect(error) if means_no_bus(error.kind()) => Self::Absent(text),
            LoginError::Bus(error) if means_absent(&error.name) => Self::Absent(text),
            LoginError::Bus(error) if means_no_answer(&error.name) => Self::NoAnswer(text),
            LoginError::Connect(_)
            | LoginError::TimedOut
            | LoginError::Connection(_)
            | LoginError::Handshake => Self::NoAnswer(text),
            LoginError::Bus(_) | LoginError::Daemon(_) | LoginError::Protocol(_) => {
                Self::Unusable(text)
            }
        }
    }
}

/// Returns whether an error of connect(2) means that there is no bus. Other errors do not count:
/// `unreachable=allow-root-console` lets root in if the daemon is absent.
fn means_no_bus(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::ConnectionRefused)
}

/// Returns whether an error of the bus itself means that the daemon is absent.
fn means_absent(name: &str) -> bool {
    // Errors of systemd about a failed activation, which the bus passes on.
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

/// Returns whether an error of the bus itself means that the daemon did not answer.
fn means_no_answer(name: &str) -> bool {
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

    fn is_absent(error: LoginError) -> bool {
        matches!(DaemonError::from(error), DaemonError::Absent(_))
    }

    fn is_no_answer(error: LoginError) -> bool {
        matches!(DaemonError::from(error), DaemonError::NoAnswer(_))
    }

    fn named(name: &str) -> ErrorReply {
        ErrorReply {
            name: name.to_owned(),
            text: "why".to_owned(),
        }
    }

    #[test]
    fn only_a_missing_bus_is_absence() {
        for (kind, absent) in [
            (ErrorKind::NotFound, true),
            (ErrorKind::ConnectionRefused, true),
            (ErrorKind::PermissionDenied, false),
            (ErrorKind::OutOfMemory, false),
            (ErrorKind::Other, false),
        ] {
            let error = || LoginError::Connect(kind.into());
            assert_eq!(is_absent(error()), absent, "{kind}");
            assert_eq!(is_no_answer(error()), !absent, "{kind}");
        }
    }

    #[test]
    fn errors_that_a_user_can_cause_are_not_absence() {
        for error in [
            LoginError::TimedOut,
            LoginError::Handshake,
            LoginError::Connection(ErrorKind::NotFound.into()),
            LoginError::Connection(ErrorKind::ConnectionRefused.into()),
            LoginError::Connection(io::Error::from_raw_os_error(libc::ECONNRESET)),
            LoginError::Bus(named("org.freedesktop.DBus.Error.NoReply")),
            LoginError::Bus(named("org.freedesktop.DBus.Error.TimedOut")),
        ] {
            assert!(is_no_answer(error));
        }
    }

    #[test]
    fn the_bus_reports_absence_and_the_daemon_not_serving() {
        for name in [
            "org.freedesktop.DBus.Error.ServiceUnknown",
            "org.freedesktop.DBus.Error.NameHasNoOwner",
            "org.freedesktop.DBus.Error.Spawn.ChildExited",
            "org.freedesktop.systemd1.NoSuchUnit",
        ] {
            assert!(is_absent(LoginError::Bus(named(name))), "{name}");
            let error = DaemonError::from(LoginError::Daemon(named(name)));
            assert_eq!(error, DaemonError::Unusable(format!("{name}: why")));
        }
        assert!(is_absent(LoginError::NotServing("why".to_owned())));
        let name = "org.tfad.Tfa1.Error.NotServing";
        assert!(!is_absent(LoginError::Bus(named(name))));
    }

    #[test]
    fn other_errors_are_not_absence() {
        for error in [
            LoginError::Bus(named("org.freedesktop.DBus.Error.LimitsExceeded")),
            LoginError::Bus(named("org.freedesktop.DBus.Error.AccessDenied")),
            LoginError::Bus(named("org.freedesktop.DBus.Error.Spawn.NoMemory")),
            LoginError::Bus(named("org.freedesktop.systemd1")),
            LoginError::Protocol("what"),
        ] {
            let error = DaemonError::from(error);
            assert!(matches!(error, DaemonError::Unusable(_)), "{error:?}");
        }
    }
}
