//! The replies among what comes; everything else is passed over unread.

use std::io::Read;

use super::{ErrorReply, LoginError};
use crate::{Arguments, Garbled, Incoming, METHOD_RETURN, Message, Start};

/// The longest reply: a page with a hundred QR codes.
const LONGEST_REPLY: u64 = 1 << 20;
/// The longest message that the bus may pass on.
const LONGEST_MESSAGE: u64 = 1 << 27;

/// The reply to a call.
pub(super) struct Reply {
    /// The number of the call.
    pub(super) call: u32,
    /// Who replies, where a bus says so.
    pub(super) sender: Option<String>,
    /// What.
    pub(super) answer: Result<Arguments, ErrorReply>,
}

impl Reply {
    /// The next one. Signals come without being asked for, and any program on the bus can send
    /// some, or calls: none of that is looked into.
    pub(super) fn next<R: Read>(incoming: &mut Incoming<R>) -> Result<Self, LoginError> {
        loop {
            let bytes = incoming.start()?;
            let start = Start::read(&bytes)?;
            let rest = start.rest();
            if !start.begins_reply() && rest <= LONGEST_MESSAGE {
                incoming.pass_over(rest)?;
                continue;
            }
            if rest > LONGEST_REPLY {
                return Err(LoginError::Garbled("a message that is too long"));
            }
            let message = incoming.message(&bytes, rest)?;
            return Self::of(&start, Message::read(&start, message)?);
        }
    }

    fn of(start: &Start, message: Message) -> Result<Self, LoginError> {
        let Message { fields, arguments } = message;
        let answer = match (start.kind == METHOD_RETURN, fields.error) {
            (true, None) => Ok(arguments),
            (false, Some(name)) => {
                let text = arguments.text()?;
                Err(ErrorReply { name, text })
            }
            _ => return Err(NO_REPLY.into()),
        };
        Ok(Self {
            call: fields.call.ok_or(NO_REPLY)?,
            sender: fields.sender,
            answer,
        })
    }
}

const NO_REPLY: Garbled = Garbled("a reply that is none by its header");
