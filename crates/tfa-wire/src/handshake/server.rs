//! The server half. The kernel tells the uid of the client; the identity in the handshake must agree.

use super::identity;

/// The GUID of the server's socket.
#[derive(Debug, Clone)]
pub struct Guid {
    /// The line that accepts a client, with the GUID as 32 hexadecimal digits.
    acceptance: String,
}

impl Guid {
    /// Makes a GUID of random bytes.
    ///
    /// # Errors
    /// That of the source of randomness.
    pub fn generate<E>(fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut bytes = [0; 16];
        fill(&mut bytes)?;
        let acceptance = format!("OK {:032x}\r\n", u128::from_be_bytes(bytes));
        Ok(Self { acceptance })
    }
}

/// The server's side of one handshake.
pub struct ServerHandshake<'a> {
    guid: &'a Guid,
    uid: u32,
    /// The client began `EXTERNAL` without an identity, which may follow.
    identity_requested: bool,
    authenticated: bool,
}

/// What the server does after a line of the client.
#[derive(Debug, PartialEq, Eq)]
pub enum HandshakeAction<'a> {
    /// Send this line, which includes its end.
    Send(&'a str),
    /// Read messages: the handshake is complete.
    Begin,
    /// Close the connection: the client begins without being authenticated.
    Disconnect,
}

impl<'a> ServerHandshake<'a> {
    /// Starts the handshake with a client of that uid.
    pub fn new(uid: u32, guid: &'a Guid) -> Self {
        Self {
            guid,
            uid,
            identity_requested: false,
            authenticated: false,
        }
    }

    /// Handles a line of the client, given without its `\r\n`.
    pub fn handle_line(&mut self, line: &str) -> HandshakeAction<'a> {
        let mut words = line.split(' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("AUTH"), Some("EXTERNAL"), None, _) => {
                (self.authenticated, self.identity_requested) = (false, true);
                HandshakeAction::Send("DATA\r\n")
            }
            (Some("AUTH"), Some("EXTERNAL"), Some(identity), None) => self.authenticate(identity),
            (Some("DATA"), identity, None, _) if self.identity_requested => {
                self.authenticate(identity.unwrap_or_default())
            }
            (Some("AUTH" | "CANCEL" | "ERROR" | "DATA"), ..) => self.reject(),
            (Some("BEGIN"), None, ..) if self.authenticated => HandshakeAction::Begin,
            (Some("BEGIN"), ..) => HandshakeAction::Disconnect,
            // Unknown commands, and NEGOTIATE_UNIX_FD: no file descriptors are passed.
            _ => HandshakeAction::Send("ERROR\r\n"),
        }
    }

    /// An empty identity is that of the kernel, once it was requested.
    fn authenticate(&mut self, identity: &str) -> HandshakeAction<'a> {
        let is_omitted = identity.is_empty() && self.identity_requested;
        if !is_omitted && identity != identity::of(self.uid) {
            return self.reject();
        }
        (self.authenticated, self.identity_requested) = (true, false);
        HandshakeAction::Send(&self.guid.acceptance)
    }

    fn reject(&mut self) -> HandshakeAction<'a> {
        (self.authenticated, self.identity_requested) = (false, false);
        HandshakeAction::Send("REJECTED EXTERNAL\r\n")
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::LazyLock;

    use super::*;

    static GUID: LazyLock<Guid> = LazyLock::new(|| {
        Guid::generate(|bytes| {
            bytes.fill(0xab);
            Ok::<_, Infallible>(())
        })
        .unwrap()
    });

    fn with_uid(uid: u32) -> ServerHandshake<'static> {
        ServerHandshake::new(uid, &GUID)
    }

    fn ok() -> HandshakeAction<'static> {
        HandshakeAction::Send("OK abababababababababababababababab\r\n")
    }

    fn rejected() -> HandshakeAction<'static> {
        HandshakeAction::Send("REJECTED EXTERNAL\r\n")
    }

    #[test]
    fn the_uid_of_the_kernel_is_accepted() {
        for (uid, identity) in [(0, "30"), (1000, "31303030"), (65534, "3635353334")] {
            let mut handshake = with_uid(uid);
            assert_eq!(
                handshake.handle_line(&format!("AUTH EXTERNAL {identity}")),
                ok()
            );
            assert_eq!(handshake.handle_line("BEGIN"), HandshakeAction::Begin);
        }
    }

    #[test]
    fn another_identity_or_mechanism_is_rejected() {
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
            let mut handshake = with_uid(1000);
            assert_eq!(handshake.handle_line(line), rejected(), "{line}");
            assert_eq!(
                handshake.handle_line("BEGIN"),
                HandshakeAction::Disconnect,
                "{line}"
            );
        }
    }

    #[test]
    fn an_omitted_identity_is_that_of_the_kernel() {
        let data = HandshakeAction::Send("DATA\r\n");
        for (line, answer, begins) in [
            ("DATA", ok(), HandshakeAction::Begin),
            ("DATA ", ok(), HandshakeAction::Begin),
            ("DATA 31303030", ok(), HandshakeAction::Begin),
            ("DATA 30", rejected(), HandshakeAction::Disconnect),
            ("CANCEL", rejected(), HandshakeAction::Disconnect),
        ] {
            let mut handshake = with_uid(1000);
            assert_eq!(handshake.handle_line("AUTH EXTERNAL"), data);
            assert_eq!(handshake.handle_line(line), answer, "{line}");
            assert_eq!(handshake.handle_line("BEGIN"), begins, "{line}");
        }
        let mut handshake = with_uid(1000);
        assert_eq!(handshake.handle_line("AUTH EXTERNAL"), data);
        assert_eq!(handshake.handle_line("BEGIN"), HandshakeAction::Disconnect);
    }

    #[test]
    fn a_new_attempt_revokes_the_authentication() {
        for line in ["AUTH EXTERNAL 30", "AUTH", "CANCEL", "ERROR"] {
            let mut handshake = with_uid(1000);
            assert_eq!(handshake.handle_line("AUTH EXTERNAL 31303030"), ok());
            assert_eq!(handshake.handle_line(line), rejected());
            assert_eq!(
                handshake.handle_line("BEGIN"),
                HandshakeAction::Disconnect,
                "{line}"
            );
        }
    }

    #[test]
    fn an_unknown_command_is_an_error_and_changes_nothing() {
        for line in [
            "NEGOTIATE_UNIX_FD",
            "",
            "begin",
            "HELP",
            "AUTHEXTERNAL 31303030",
        ] {
            let error = HandshakeAction::Send("ERROR\r\n");
            let mut handshake = with_uid(1000);
            assert_eq!(handshake.handle_line(line), error, "{line}");
            assert_eq!(handshake.handle_line("AUTH EXTERNAL 31303030"), ok());
            assert_eq!(handshake.handle_line(line), error, "{line}");
            assert_eq!(handshake.handle_line("BEGIN"), HandshakeAction::Begin);
        }
    }
}
