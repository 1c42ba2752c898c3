//! Logging on, as the D-Bus specification has it ("Authentication Protocol"). The kernel has said
//! already who the peer is: `EXTERNAL` is the one mechanism, and must say the same.

use tfa_proto::Error;

/// What the daemon's socket is called in a handshake: 32 hexadecimal digits, new with each daemon.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guid([u8; 16]);

impl Guid {
    pub(super) fn draw(fill: impl FnOnce(&mut [u8]) -> Result<(), Error>) -> Result<Self, Error> {
        let mut bytes = [0; 16];
        fill(&mut bytes)?;
        Ok(Self(bytes))
    }
}

/// A handshake under way.
pub(super) struct Handshake {
    guid: Guid,
    uid: u32,
    /// `EXTERNAL` was begun without an identity, which may follow.
    asked: bool,
    logged_on: bool,
}

/// What a line of the peer's leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// That line goes back.
    Say(String),
    /// Messages follow.
    Begin,
    /// Messages would follow from somebody who has not logged on.
    Leave,
}

impl Handshake {
    /// The handshake with a peer of that uid.
    pub(super) fn with(uid: u32, guid: Guid) -> Self {
        Self {
            guid,
            uid,
            asked: false,
            logged_on: false,
        }
    }

    /// Takes a line, without its end.
    pub(super) fn take(&mut self, line: &str) -> Step {
        let mut words = line.split(' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("AUTH"), Some("EXTERNAL"), None, _) => {
                (self.logged_on, self.asked) = (false, true);
                Step::Say("DATA\r\n".to_owned())
            }
            (Some("AUTH"), Some("EXTERNAL"), Some(identity), None) => self.log_on(identity),
            (Some("DATA"), identity, None, _) if self.asked => {
                self.log_on(identity.unwrap_or_default())
            }
            (Some("AUTH" | "CANCEL" | "ERROR" | "DATA"), ..) => self.reject(),
            (Some("BEGIN"), None, ..) if self.logged_on => Step::Begin,
            (Some("BEGIN"), ..) => Step::Leave,
            // No descriptors are passed, and nothing else is known.
            _ => Step::Say("ERROR\r\n".to_owned()),
        }
    }

    /// Whoever does not say who it is is whom the kernel names.
    fn log_on(&mut self, identity: &str) -> Step {
        if !(identity.is_empty() && self.asked || says(identity, self.uid)) {
            return self.reject();
        }
        (self.logged_on, self.asked) = (true, false);
        let Guid(bytes) = self.guid;
        Step::Say(format!("OK {:032x}\r\n", u128::from_be_bytes(bytes)))
    }

    fn reject(&mut self) -> Step {
        (self.logged_on, self.asked) = (false, false);
        Step::Say("REJECTED EXTERNAL\r\n".to_owned())
    }
}

/// Whether an identity, hexadecimal digits of decimal ones, is that uid.
fn says(identity: &str, uid: u32) -> bool {
    let digits = uid.to_string();
    let claimed = digits.bytes().map(|digit| format!("{digit:02x}"));
    claimed.collect::<String>().eq_ignore_ascii_case(identity)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_uid(uid: u32) -> Handshake {
        Handshake::with(uid, Guid([0xab; 16]))
    }

    fn ok() -> Step {
        Step::Say(format!("OK {}\r\n", "ab".repeat(16)))
    }

    fn rejected() -> Step {
        Step::Say("REJECTED EXTERNAL\r\n".to_owned())
    }

    #[test]
    fn whoever_says_what_the_kernel_says_is_let_on() {
        for (uid, identity) in [(0, "30"), (1000, "31303030"), (65534, "3635353334")] {
            let mut handshake = of_uid(uid);
            assert_eq!(handshake.take(&format!("AUTH EXTERNAL {identity}")), ok());
            assert_eq!(handshake.take("BEGIN"), Step::Begin);
        }
    }

    #[test]
    fn nobody_is_let_on_as_somebody_else() {
        for line in [
            "AUTH EXTERNAL 30",
            "AUTH EXTERNAL 31303031",
            "AUTH EXTERNAL 1000",
            "AUTH EXTERNAL ",
            "AUTH EXTERNAL 31303030 30",
            "AUTH ANONYMOUS",
            "AUTH DBUS_COOKIE_SHA1 31303030",
            "AUTH",
            "DATA 31303030",
        ] {
            let mut handshake = of_uid(1000);
            assert_eq!(handshake.take(line), rejected(), "{line}");
            assert_eq!(handshake.take("BEGIN"), Step::Leave, "{line}");
        }
    }

    #[test]
    fn whoever_says_nothing_is_whom_the_kernel_names_and_may_still_not_lie() {
        let data = Step::Say("DATA\r\n".to_owned());
        for (line, answer, begins) in [
            ("DATA", ok(), Step::Begin),
            ("DATA ", ok(), Step::Begin),
            ("DATA 31303030", ok(), Step::Begin),
            ("DATA 30", rejected(), Step::Leave),
            ("CANCEL", rejected(), Step::Leave),
        ] {
            let mut handshake = of_uid(1000);
            assert_eq!(handshake.take("AUTH EXTERNAL"), data);
            assert_eq!(handshake.take(line), answer, "{line}");
            assert_eq!(handshake.take("BEGIN"), begins, "{line}");
        }
        let mut handshake = of_uid(1000);
        assert_eq!(handshake.take("AUTH EXTERNAL"), data);
        assert_eq!(handshake.take("BEGIN"), Step::Leave);
    }

    #[test]
    fn whoever_begins_anew_has_to_log_on_anew() {
        for line in ["AUTH EXTERNAL 30", "AUTH", "CANCEL", "ERROR"] {
            let mut handshake = of_uid(1000);
            assert_eq!(handshake.take("AUTH EXTERNAL 31303030"), ok());
            assert_eq!(handshake.take(line), rejected());
            assert_eq!(handshake.take("BEGIN"), Step::Leave, "{line}");
        }
    }

    #[test]
    fn what_is_not_known_is_an_error_and_changes_nothing() {
        for line in [
            "NEGOTIATE_UNIX_FD",
            "",
            "begin",
            "HELP",
            "AUTHEXTERNAL 31303030",
        ] {
            let error = Step::Say("ERROR\r\n".to_owned());
            let mut handshake = of_uid(1000);
            assert_eq!(handshake.take(line), error, "{line}");
            assert_eq!(handshake.take("AUTH EXTERNAL 31303030"), ok());
            assert_eq!(handshake.take(line), error, "{line}");
            assert_eq!(handshake.take("BEGIN"), Step::Begin);
        }
    }
}
