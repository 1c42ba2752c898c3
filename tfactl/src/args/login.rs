//! The options that describe a simulated login.

use clap::builder::PossibleValuesParser;
use tfa_proto::{
    HypotheticalLogin, INSIDE_SESSIONS, KEY_METHODS, KEYBOARD_INTERACTIVE, PASSWORD_METHOD,
    SSH_METHODS,
};

/// The PAM service of SSH.
pub(crate) const SSHD: &str = "sshd";
/// The value of `--from` for a console of this machine.
pub(crate) const LOCAL: &str = "local";
/// The value of `--from` for the inside of a session: PAM reports neither a console nor a remote host.
pub(crate) const SESSION: &str = "session";
/// The value of `--from` for a program that runs as the user.
pub(crate) const OWN: &str = "own";
/// A documentation address (RFC 5737), which no rule should name.
const ANY_HOST: &str = "192.0.2.1";

/// The methods of sshd.
fn methods() -> PossibleValuesParser {
    let all = SSH_METHODS.into_iter().chain(KEY_METHODS);
    PossibleValuesParser::new(all.chain([KEYBOARD_INTERACTIVE]))
}

/// The options.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Login {
    /// PAM service: sshd, login, sudo, ...
    #[arg(long, value_name = "SERVICE", default_value = SSHD)]
    service: String,
    /// Host on which the user logs in, for rules with hosts
    #[arg(long, value_name = "NAME")]
    host: Option<String>,
    /// Address of the remote host, or local, session or own
    #[arg(long, value_name = "HOST")]
    from: Option<String>,
    /// SSH method: password, publickey, ...
    #[arg(long, value_name = "METHOD", value_parser = methods(), hide_possible_values = true)]
    method: Option<String>,
    /// Over SSH: an enrolled security key, then the password
    #[arg(long)]
    security_key: bool,
}

impl Login {
    /// A login over SSH with the password, from any host.
    pub(crate) fn over_ssh() -> Self {
        Self {
            service: SSHD.to_owned(),
            host: None,
            from: None,
            method: None,
            security_key: false,
        }
    }

    /// The same by a method of SSH; by the password, if there is none.
    pub(crate) fn over_ssh_by(method: Option<&str>) -> Self {
        Self {
            method: method.map(str::to_owned),
            ..Self::over_ssh()
        }
    }

    /// Whether the default host is used, which stands for any host.
    pub(crate) fn is_from_anywhere(&self) -> bool {
        self.from.is_none() && self.service == SSHD
    }

    /// The login as it is sent to the daemon.
    pub(crate) fn hypothetical(&self, at: Option<u64>) -> HypotheticalLogin {
        let service = self.service.as_str();
        let from = match self.from.as_deref() {
            Some(from) => from,
            None if service == SSHD => ANY_HOST,
            None if INSIDE_SESSIONS.contains(&service) => SESSION,
            None => LOCAL,
        };
        let (session, own) = (from == SESSION, from == OWN);
        let from = if [LOCAL, SESSION, OWN].contains(&from) {
            ""
        } else {
            from
        };
        // In these two, PAM asks.
        let by_pam = |method: &str| [PASSWORD_METHOD, KEYBOARD_INTERACTIVE].contains(&method);
        HypotheticalLogin {
            service: self.service.clone(),
            host: self.host.clone(),
            from: from.to_owned(),
            session: session.then_some(true),
            own: own.then_some(true),
            method: self.method.clone().filter(|method| !by_pam(method)),
            key: None,
            security_key: self.security_key.then_some(true),
            at,
            uid: None,
            groups: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hypothetical(service: &str, from: Option<&str>, method: Option<&str>) -> HypotheticalLogin {
        let login = Login {
            service: service.to_owned(),
            host: None,
            from: from.map(str::to_owned),
            method: method.map(str::to_owned),
            security_key: false,
        };
        login.hypothetical(None)
    }

    #[test]
    fn sudo_defaults_to_a_session_and_login_to_a_console() {
        let place = |service, from| {
            let login = hypothetical(service, from, None);
            (login.from, login.session)
        };
        let [console, session] = [None, Some(true)].map(|session| (String::new(), session));
        assert_eq!(place("login", None), console);
        assert_eq!(place("sudo", None), session);
        assert_eq!(place("sudo", Some("local")), console);
        assert_eq!(place("login", Some("session")), session);
        let locker = hypothetical("i3lock", Some("own"), None);
        assert_eq!((&*locker.from, locker.own), ("", Some(true)));
    }

    #[test]
    fn sshd_defaults_to_any_host_and_others_to_this_machine() {
        assert_eq!(hypothetical("sshd", None, None).from, ANY_HOST);
        assert_eq!(hypothetical("sshd", Some("local"), None).from, "");
        assert_eq!(hypothetical("login", None, None).from, "");
        assert_eq!(
            hypothetical("cockpit", Some("10.0.0.7"), None).from,
            "10.0.0.7"
        );
    }

    #[test]
    fn only_methods_without_pam_are_sent() {
        for (typed, sent) in [
            (None, None),
            (Some("password"), None),
            (Some("keyboard-interactive"), None),
            (Some("publickey"), Some("publickey")),
        ] {
            let method = hypothetical("sshd", None, typed).method;
            assert_eq!(method.as_deref(), sent);
        }
    }
}
