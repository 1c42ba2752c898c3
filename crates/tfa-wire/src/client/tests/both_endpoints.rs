//! What the tests need for both endpoints.

use serde::Serialize;
use zbus::wire::DynamicType;

use super::bus::{DAEMON, DIALOG, OK, question, reply, welcome};
use crate::Socket;
use crate::{LoginClient, LoginError};
use tfa_proto::{Context, Turn};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    Daemon,
    Bus,
}

pub(super) const BOTH: [Endpoint; 2] = [Endpoint::Daemon, Endpoint::Bus];

impl Endpoint {
    /// Begins a dialog at this endpoint.
    pub(super) fn begin(self, socket: Socket) -> Result<(LoginClient, Turn), LoginError> {
        let begin = match self {
            Self::Daemon => LoginClient::with_daemon,
            Self::Bus => LoginClient::on_bus,
        };
        begin(socket, "alice", &Context::default())
    }

    /// Returns the server's side of the handshake, with the reply to `Hello` on the bus.
    pub(super) fn handshake(self) -> Vec<u8> {
        match self {
            Self::Daemon => OK.to_vec(),
            Self::Bus => [OK, &welcome()].concat(),
        }
    }

    /// Returns the reply to the call that many calls after the first.
    pub(super) fn reply<T: Serialize + DynamicType>(self, further: u32, body: &T) -> Vec<u8> {
        match self {
            Self::Daemon => reply(1 + further, None, body),
            // Hello is a call too.
            Self::Bus => reply(2 + further, DAEMON, body),
        }
    }

    /// Returns all bytes up to the first question.
    pub(super) fn opening(self) -> Vec<u8> {
        [self.handshake(), self.reply(0, &(DIALOG, question()))].concat()
    }
}
