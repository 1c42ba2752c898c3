//! Why a command failed, and its exit code.

use std::io;
use std::process::ExitCode;

use zbus::fdo;

use crate::error::Error;

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// The daemon, or the command itself, refuses. The text says why.
    Refused(String),
    /// polkit, the daemon or the bus does not allow it for this user.
    NotAllowed(String),
    /// The reason was printed already.
    Reported,
    /// The user cancelled. The text says what was changed.
    Cancelled(String),
    /// The output could not be written.
    Output(io::Error),
    /// The system bus cannot be reached.
    NoBus,
    /// The daemon does not run, and the bus could not start it.
    NoDaemon,
    /// The daemon did not answer. It is not known whether it carried out the call.
    NoAnswer,
    /// The daemon and the command speak different versions of the contract.
    OtherVersion(String),
}

impl Failure {
    /// The exit code: 1 for refused or failed, 3 for a daemon that cannot be reached.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Refused(_)
            | Self::NotAllowed(_)
            | Self::Reported
            | Self::Cancelled(_)
            | Self::Output(_)
            | Self::OtherVersion(_) => 1,
            Self::NoBus | Self::NoDaemon | Self::NoAnswer => 3,
        }
    }

    /// The exit code, for `main`.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Daemon(error) => error.into(),
            Error::Bus(error) => error.into(),
        }
    }
}

impl From<tfa_proto::Error> for Failure {
    fn from(error: tfa_proto::Error) -> Self {
        use tfa_proto::Error as E;
        match error {
            E::NotAuthorized(text)
            | E::AuthenticationFailed(text)
            | E::NoAuthenticationAgent(text) => Self::NotAllowed(text),
            error => Self::Refused(error.text().to_owned()),
        }
    }
}

impl From<zbus::Error> for Failure {
    fn from(error: zbus::Error) -> Self {
        match error {
            zbus::Error::Connection(..) | zbus::Error::Handshake(_) | zbus::Error::Address(_) => {
                Self::NoBus
            }
            zbus::Error::InputOutput(_) => Self::NoAnswer,
            zbus::Error::FDO(error) => (*error).into(),
            // systemd's error where it cannot start the unit.
            zbus::Error::MethodError(name, ..)
                if name.as_str().starts_with("org.freedesktop.systemd1.") =>
            {
                Self::NoDaemon
            }
            other => Self::OtherVersion(other.to_string()),
        }
    }
}

impl From<fdo::Error> for Failure {
    fn from(error: fdo::Error) -> Self {
        match error {
            fdo::Error::ServiceUnknown(_)
            | fdo::Error::NameHasNoOwner(_)
            | fdo::Error::SpawnExecFailed(_)
            | fdo::Error::SpawnForkFailed(_)
            | fdo::Error::SpawnChildExited(_)
            | fdo::Error::SpawnChildSignaled(_)
            | fdo::Error::SpawnFailed(_)
            | fdo::Error::SpawnFailedToSetup(_)
            | fdo::Error::SpawnConfigInvalid(_)
            | fdo::Error::SpawnServiceNotValid(_)
            | fdo::Error::SpawnServiceNotFound(_)
            | fdo::Error::SpawnPermissionsInvalid(_)
            | fdo::Error::SpawnFileInvalid(_)
            | fdo::Error::SpawnNoMemory(_)
            // The bus's error where a service does not start in time.
            | fdo::Error::TimedOut(_) => Self::NoDaemon,
            fdo::Error::NoReply(_)
            | fdo::Error::Timeout(_)
            | fdo::Error::Disconnected(_)
            | fdo::Error::NoServer(_)
            | fdo::Error::NoNetwork(_)
            | fdo::Error::IOError(_) => Self::NoAnswer,
            fdo::Error::AccessDenied(text)
            | fdo::Error::AuthFailed(text)
            | fdo::Error::InteractiveAuthorizationRequired(text) => Self::NotAllowed(text),
            fdo::Error::ZBus(error) => error.into(),
            other => Self::OtherVersion(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_daemon_and_no_bus_differ_from_a_refusal() {
        let absent = zbus::Error::from(fdo::Error::ServiceUnknown(String::new()));
        assert!(matches!(Failure::from(absent), Failure::NoDaemon));
        let silent = fdo::Error::NoReply(String::new());
        assert!(matches!(Failure::from(silent), Failure::NoAnswer));
        assert_eq!(Failure::NoDaemon.code(), 3);
        assert_eq!(Failure::NoBus.code(), 3);
        let refused = Failure::from(tfa_proto::Error::Locked("until noon".to_owned()));
        assert_eq!(refused.code(), 1);
        assert!(matches!(refused, Failure::Refused(text) if text == "until noon"));
    }
}
