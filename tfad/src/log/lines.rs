//! The lines of logins, changes and errors.

use tfa_proto::{Context, Error};

use super::journal::{Journal, Level, quoted};
use crate::caller::Caller;
use crate::messages;

impl Journal {
    /// Logs an event of a login.
    pub fn log_login(
        &self,
        level: Level,
        caller: &Caller,
        user: &str,
        context: &Context,
        what: &str,
    ) {
        let Context {
            service,
            rhost,
            tty,
            ..
        } = context;
        let from = match (rhost.as_str(), tty.as_str()) {
            ("", "") => format!("a program of uid {}", caller.uid),
            ("", tty) => quoted(tty),
            (rhost, _) => quoted(rhost),
        };
        let (name, service) = (quoted(user), quoted(service));
        self.write_for(
            caller.uid,
            level,
            &format!("{name}: {what} (service {service}, from {from})"),
        );
    }

    /// Logs a change of an account that took effect. Each takes a password, a code or an administrator,
    /// so there are few, and the quota of lines for each uid does not apply.
    pub fn log_done(&self, caller: &Caller, user: &str, what: &str) {
        let line = format!("{}: {what} (by uid {})", quoted(user), caller.uid);
        self.write(Level::Notice, &line);
    }

    /// Logs an attempt to change an account.
    pub fn log_change(&self, level: Level, caller: &Caller, user: &str, what: &str) {
        self.write_for(
            caller.uid,
            level,
            &format!("{}: {what} (by uid {})", quoted(user), caller.uid),
        );
    }

    /// Logs an error that an administrator should act on, and returns it.
    pub fn report(&self, caller: &Caller, user: &str, error: Error) -> Error {
        if let Some((level, text)) = logged(&error) {
            let line = format!("{}: refused: {text} (by uid {})", quoted(user), caller.uid);
            self.write_for(caller.uid, level, &line);
        }
        error
    }
}

/// The level and text of an error that an administrator should act on.
fn logged(error: &Error) -> Option<(Level, &str)> {
    Some(match error {
        // The remedy stands in the log once, where the daemon started.
        Error::KeyLost(_) => (Level::Critical, messages::KEY_LOST),
        Error::Damaged(text) | Error::Storage(text) => (Level::Critical, text),
        Error::UidChanged(text) => (Level::Error, text),
        Error::NotAuthorized(text)
        | Error::AuthenticationFailed(text)
        | Error::NoAuthenticationAgent(text)
        | Error::Busy(text) => (Level::Warning, text),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_key_takes_one_short_line_for_each_user() {
        let remedy = "put the right key back ".repeat(20);
        let error = Error::KeyLost(remedy);
        let (level, text) = logged(&error).unwrap();
        assert_eq!(level, Level::Critical);
        assert!(text.len() < 100 && text.contains("key"), "{text}");
    }
}
