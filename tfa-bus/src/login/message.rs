//! Calls as they go out, and replies as they come in. zbus is the codec, and checks what it reads:
//! lengths, padding, UTF-8, nesting. The rest of what makes a reply one is checked here.

use serde::de::DeserializeOwned;
use serde::ser::{Serialize, SerializeStruct, Serializer};
use zbus::wire::serialized::{Context, Data};
use zbus::wire::{DynamicType, Endian, Signature, Type, Variant, to_bytes};
use zeroize::Zeroizing;

use super::{ErrorReply, LoginError};

/// The length of what each message begins with.
pub(super) const FIXED: usize = 16;

/// Where the array of the fields begins: its length is the last of the fixed part.
const FIELDS: usize = 12;

// Types of messages.
const METHOD_CALL: u8 = 1;
const METHOD_RETURN: u8 = 2;
const ERROR: u8 = 3;

/// The version of the protocol.
const VERSION: u8 = 1;

// Codes of the fields of a header.
const PATH: u8 = 1;
const INTERFACE: u8 = 2;
const MEMBER: u8 = 3;
const ERROR_NAME: u8 = 4;
const REPLY_SERIAL: u8 = 5;
const DESTINATION: u8 = 6;
const SENDER: u8 = 7;
const SIGNATURE: u8 = 8;
const UNIX_FDS: u8 = 9;

/// A call of a method.
pub(super) struct Call<'a> {
    pub(super) destination: &'a str,
    pub(super) path: &'a str,
    pub(super) interface: &'a str,
    pub(super) member: &'a str,
    pub(super) body: &'a Body,
}

/// The arguments of a call. Wiped when dropped, as the messages are that are made of it: they may
/// hold a code.
pub(super) struct Body {
    signature: String,
    bytes: Zeroizing<Vec<u8>>,
}

impl Body {
    /// No arguments.
    pub(super) fn none() -> Self {
        Self {
            signature: String::new(),
            bytes: Zeroizing::default(),
        }
    }

    /// These arguments, which are no secret.
    pub(super) fn of<T: Serialize + DynamicType>(arguments: &T) -> Result<Self, LoginError> {
        Ok(Self {
            signature: arguments.signature().to_string_no_parens(),
            bytes: Zeroizing::new(encoded(arguments)?.to_vec()),
        })
    }

    /// A dialog, and what was typed. By hand, because the codec leaves copies in memory.
    pub(super) fn of_answer(dialog: u32, reply: &str) -> Result<Self, LoginError> {
        let length = u32::try_from(reply.len()).map_err(|_| TOO_LONG)?;
        let parts: [&[u8]; 4] = [
            &dialog.to_le_bytes(),
            &length.to_le_bytes(),
            reply.as_bytes(),
            b"\0",
        ];
        Ok(Self {
            signature: "us".to_owned(),
            bytes: Zeroizing::new(parts.concat()),
        })
    }
}

impl Call<'_> {
    /// The message of that number.
    pub(super) fn message(&self, serial: u32) -> Result<Zeroizing<Vec<u8>>, LoginError> {
        let length = u32::try_from(self.body.bytes.len()).map_err(|_| TOO_LONG)?;
        let mut fields = vec![
            Field(PATH, Text(Signature::ObjectPath, self.path)),
            Field(INTERFACE, Text(Signature::Str, self.interface)),
            Field(MEMBER, Text(Signature::Str, self.member)),
            Field(DESTINATION, Text(Signature::Str, self.destination)),
        ];
        let signature = self.body.signature.as_str();
        if !signature.is_empty() {
            fields.push(Field(SIGNATURE, Text(Signature::Signature, signature)));
        }
        let flags = 0_u8;
        let start = (b'l', METHOD_CALL, flags, VERSION, length, serial, fields);
        let header = encoded(&start)?;
        let padding: &[u8] = &[0; 7];
        let padding = padding.get(..padding_after(header.len()));
        let parts: [&[u8]; 3] = [&header, padding.unwrap_or_default(), &self.body.bytes];
        Ok(Zeroizing::new(parts.concat()))
    }
}

const TOO_LONG: LoginError = LoginError::Garbled("a call that is too long");

fn encoded<T: Serialize + DynamicType>(value: &T) -> Result<Data<'static, 'static>, LoginError> {
    to_bytes(Context::new(Endian::Little, 0), value)
        .map_err(|_| LoginError::Garbled("a call that cannot be put into bytes"))
}

fn padding_after(length: usize) -> usize {
    length.next_multiple_of(8).saturating_sub(length)
}

/// A field of a header: its code, and its value.
#[derive(serde::Serialize, Type)]
struct Field<'a>(u8, Text<'a>);

/// A variant of a type that is a text: zbus' own would put parentheses around the signature of
/// several arguments.
#[derive(Type)]
#[zbus(signature = "v")]
struct Text<'a>(Signature, &'a str);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut variant = serializer.serialize_struct("Variant", 2)?;
        variant.serialize_field("signature", &self.0)?;
        variant.serialize_field("value", self.1)?;
        variant.end()
    }
}

/// What a message begins with.
pub(super) struct Fixed {
    endian: Endian,
    kind: u8,
    body: u32,
    fields: u32,
}

impl Fixed {
    pub(super) fn read(bytes: &[u8; FIXED]) -> Result<Self, LoginError> {
        let endian = match bytes.first() {
            Some(b'l') => Endian::Little,
            Some(b'B') => Endian::Big,
            _ => return Err(NO_MESSAGE),
        };
        type Start = (u8, u8, u8, u8, u32, u32, u32);
        let data = Data::new(bytes.as_slice(), Context::new(endian, 0));
        let (start, _) = data.deserialize::<Start>().map_err(|_| NO_MESSAGE)?;
        match start {
            (_, 0, ..) | (_, _, _, _, _, 0, _) => Err(NO_MESSAGE),
            (_, kind, _, VERSION, body, _, fields) => Ok(Self {
                endian,
                kind,
                body,
                fields,
            }),
            _ => Err(NO_MESSAGE),
        }
    }

    /// Whether it is a reply that begins so.
    pub(super) fn begins_reply(&self) -> bool {
        matches!(self.kind, METHOD_RETURN | ERROR)
    }

    /// How many bytes follow.
    pub(super) fn rest(&self) -> u64 {
        u64::from(self.fields).next_multiple_of(8) + u64::from(self.body)
    }
}

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

const NO_MESSAGE: LoginError = LoginError::Garbled("bytes that are no message");
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
