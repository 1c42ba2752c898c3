//! Replies as they come in. zbus is the codec, and checks what it reads: lengths, padding, UTF-8,
//! nesting. The rest of what makes a reply one is checked here.

use serde::de::DeserializeOwned;
use zbus::wire::serialized::{Context, Data};
use zbus::wire::{Endian, Signature, Type, Variant};
use zeroize::Zeroizing;

use super::message::{
    ERROR, ERROR_NAME, FIELDS, Fixed, METHOD_RETURN, REPLY_SERIAL, SENDER, SIGNATURE, UNIX_FDS,
};
use super::{ErrorReply, LoginError};

/// The reply to a call.
pub(super) struct Reply {
    /// The number of the call.
    pub(super) call: u32,
    /// Who replies. The bus writes that.
    pub(super) sender: String,
    /// What.
    pub(super) answer: Result<Answer, ErrorReply>,
}

/// The arguments of a reply. Wiped when dropped.
pub(super) struct Answer {
    endian: Endian,
    signature: Signature,
    message: Zeroizing<Vec<u8>>,
    start: usize,
}

const NO_REPLY: LoginError = LoginError::Garbled("a reply that is none by its header");
const OTHER_ARGUMENTS: LoginError = LoginError::Garbled("a reply with other arguments");

impl Reply {
    /// The reply that this message is, all of it.
    pub(super) fn read(fixed: &Fixed, message: Zeroizing<Vec<u8>>) -> Result<Self, LoginError> {
        let Header {
            call,
            sender,
            error,
            signature,
            end,
        } = Header::read(&message, fixed.endian)?;
        let start = end.saturating_add(padding_after(end));
        let padding = message.get(end..start).ok_or(NO_REPLY)?;
        let body = message.get(start..).ok_or(NO_REPLY)?;
        if padding.iter().any(|byte| *byte != 0) || u32::try_from(body.len()) != Ok(fixed.body) {
            return Err(NO_REPLY);
        }
        let answer = Answer {
            endian: fixed.endian,
            signature,
            message,
            start,
        };
        let answer = match (fixed.kind, error) {
            (METHOD_RETURN, None) => Ok(answer),
            (ERROR, Some(name)) => {
                let text = answer.text()?;
                Err(ErrorReply { name, text })
            }
            _ => return Err(NO_REPLY),
        };
        Ok(Self {
            call,
            sender,
            answer,
        })
    }
}

/// The fields of a reply's header that matter here, and where they end.
struct Header {
    call: u32,
    sender: String,
    error: Option<String>,
    signature: Signature,
    end: usize,
}

impl Header {
    fn read(message: &[u8], endian: Endian) -> Result<Self, LoginError> {
        let fields = message.get(FIELDS..).unwrap_or_default();
        let data = Data::new(fields, Context::new(endian, FIELDS));
        let (fields, length): (Vec<(u8, Variant<'_>)>, _) =
            data.deserialize().map_err(|_| NO_REPLY)?;
        let (mut call, mut sender, mut error, mut signature) = (None, None, None, None);
        for (code, value) in fields {
            let wrong = match (code, value) {
                (REPLY_SERIAL, Variant::U32(serial)) => call.replace(serial).is_some(),
                (SENDER, Variant::Str(name)) => sender.replace(name.to_string()).is_some(),
                (ERROR_NAME, Variant::Str(name)) => error.replace(name.to_string()).is_some(),
                (SIGNATURE, Variant::Signature(types)) => signature.replace(types).is_some(),
                // Descriptors were not agreed on.
                (REPLY_SERIAL | SENDER | ERROR_NAME | SIGNATURE | UNIX_FDS, _) => true,
                _ => false,
            };
            if wrong {
                return Err(NO_REPLY);
            }
        }
        Ok(Self {
            call: call.ok_or(NO_REPLY)?,
            sender: sender.ok_or(NO_REPLY)?,
            error,
            signature: signature.unwrap_or(Signature::Unit),
            end: FIELDS.saturating_add(length),
        })
    }
}

impl Answer {
    /// The arguments, which must be exactly of that type.
    pub(super) fn read<T: DeserializeOwned + Type>(&self) -> Result<T, LoginError> {
        if self.signature != *T::SIGNATURE {
            return Err(OTHER_ARGUMENTS);
        }
        let data = self.data();
        match data.deserialize() {
            Ok((arguments, length)) if length == data.len() => Ok(arguments),
            _ => Err(OTHER_ARGUMENTS),
        }
    }

    /// The text of an error: the first argument, if it is one.
    fn text(&self) -> Result<String, LoginError> {
        let first = match &self.signature {
            Signature::Structure(types) => types.iter().next(),
            one => Some(one),
        };
        if first != Some(&Signature::Str) {
            return Ok(String::new());
        }
        let text = self.data().deserialize_for_signature(Signature::Str);
        text.map(|(text, _)| text).map_err(|_| OTHER_ARGUMENTS)
    }

    fn data(&self) -> Data<'_, 'static> {
        let body = self.message.get(self.start..).unwrap_or_default();
        Data::new(body, Context::new(self.endian, 0))
    }
}

fn padding_after(length: usize) -> usize {
    length.next_multiple_of(8).saturating_sub(length)
}
