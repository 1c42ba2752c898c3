//! A login that is only supposed.

use clap::builder::PossibleValuesParser;
use tfa_proto::{
    HypotheticalLogin, INSIDE_SESSIONS, KEYBOARD_INTERACTIVE, PASSWORD_METHOD, SSH_METHODS,
};

/// PAM's service of ssh: the one that a network reaches.
pub(crate) const SSHD: &str = "sshd";
/// A console or a seat of this machine.
pub(crate) const LOCAL: &str = "local";
/// The inside of a session, where PAM names neither a console nor a remote host.
pub(crate) const SESSION: &str = "session";
/// A program that runs as the user.
pub(crate) const OWN: &str = "own";
/// An address of a network that is for documentation (RFC 5737): no rule has reason to name it.
const ANY_HOST: &str = "192.0.2.1";

/// The methods of sshd.
fn methods() -> PossibleValuesParser {
    PossibleValuesParser::new(SSH_METHODS.into_iter().chain([KEYBOARD_INTERACTIVE]))
}

/// A login, as it is typed.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Login {
    /// PAM's service: sshd, login, sudo, ...
    #[arg(long, value_name = "SERVICE", default_value = SSHD)]
    service: String,
    /// Address of the remote host, local, session or own
    #[arg(long, value_name = "HOST")]
    from: Option<String>,
    /// The method of ssh: password, publickey, ...
    #[arg(long, value_name = "METHOD", value_parser = methods(), hide_possible_values = true)]
    method: Option<String>,
}

impl Login {
    /// Whether the host stands for any.
    pub(crate) fn is_from_anywhere(&self) -> bool {
        self.from.is_none() && self.service == SSHD
    }

    /// What is sent to the daemon.
    pub(crate) fn supposed(&self, at: Option<u64>) -> HypotheticalLogin {
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
        // These two are asked by PAM.
        let by_pam = |method: &str| [PASSWORD_METHOD, KEYBOARD_INTERACTIVE].contains(&method);
        HypotheticalLogin {
            service: self.service.clone(),
            from: from.to_owned(),
            session: session.then_some(true),
            own: own.then_some(true),
            method: self.method.clone().filter(|method| !by_pam(method)),
            at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn supposed(service: &str, from: Option<&str>, method: Option<&str>) -> HypotheticalLogin {
        let login = Login {
            service: service.to_owned(),
            from: from.map(str::to_owned),
            method: method.map(str::to_owned),
        };
        login.supposed(None)
    }

    #[test]
    fn sudo_comes_from_a_session_and_login_from_a_console_unless_it_is_said() {
        let place = |service, from| {
            let supposed = supposed(service, from, None);
            (supposed.from, supposed.session)
        };
        let [console, session] = [None, Some(true)].map(|session| (String::new(), session));
        assert_eq!(place("login", None), console);
        assert_eq!(place("sudo", None), session);
        assert_eq!(place("sudo", Some("local")), console);
        assert_eq!(place("login", Some("session")), session);
        let locker = supposed("i3lock", Some("own"), None);
        assert_eq!((&*locker.from, locker.own), ("", Some(true)));
    }

    #[test]
    fn ssh_comes_from_somewhere_and_all_else_from_this_machine_unless_it_is_said() {
        assert_eq!(supposed("sshd", None, None).from, ANY_HOST);
        assert_eq!(supposed("sshd", Some("local"), None).from, "");
        assert_eq!(supposed("login", None, None).from, "");
        assert_eq!(supposed("cockpit", Some("10.0.0.7"), None).from, "10.0.0.7");
    }

    #[test]
    fn a_method_is_one_by_which_pam_is_not_asked() {
        for (typed, sent) in [
            (None, None),
            (Some("password"), None),
            (Some("keyboard-interactive"), None),
            (Some("publickey"), Some("publickey")),
        ] {
            let method = supposed("sshd", None, typed).method;
            assert_eq!(method.as_deref(), sent);
        }
    }
}
