//! The calls of the login interface: decodes requests, and encodes responses.

use tfa_proto::{Context, ContextError, Error, LOGIN, MAX_CALL, MAX_CALL_BODY, PATH, Turn};
use tfa_wire::{
    Buffer, DecodeError, EncodeError, FIXED_HEADER_LENGTH, FixedHeader, LoginReply, MethodCall,
    encode_error, encode_return,
};

/// A received call.
pub(super) struct Call<'a> {
    /// The serial, for the reply.
    pub(super) serial: u32,
    /// The request, or why it is refused.
    pub(super) request: Result<Request<'a>, Error>,
}

/// A request of the login interface.
pub(super) enum Request<'a> {
    /// `Begin`: the user, and the context or why it is none.
    Begin(&'a str, Result<Context, ContextError>),
    /// `Answer`: the dialog and the answer.
    Answer(u32, &'a str),
    /// `Cancel`: the dialog.
    Cancel(u32),
}

/// The response to a request.
pub(super) enum Response {
    /// The new dialog, and its first turn.
    Begun(u32, Turn),
    /// The next turn.
    Answered(Turn),
    /// The dialog has ended.
    Cancelled,
}

/// Decodes the fixed header of a call.
///
/// # Errors
/// The message is not a call with a reply, or too long.
pub(super) fn decode_header(bytes: &[u8; FIXED_HEADER_LENGTH]) -> Result<FixedHeader, DecodeError> {
    let header = FixedHeader::decode(bytes)?;
    if !MethodCall::is_accepted(&header) {
        return Err(DecodeError("not a method call with a reply"));
    }
    if header.body_length > MAX_CALL_BODY || header.remaining_length() > u64::from(MAX_CALL) {
        return Err(DecodeError("the call is too long"));
    }
    Ok(header)
}

impl<'a> Call<'a> {
    /// Decodes a whole call.
    pub(super) fn decode(header: &FixedHeader, message: &'a [u8]) -> Result<Self, DecodeError> {
        let call = MethodCall::decode(header, message)?;
        Ok(Self {
            serial: call.serial,
            request: Request::decode(&call)
                .map_err(|error| Error::InvalidArgument(error.to_string())),
        })
    }
}

impl<'a> Request<'a> {
    fn decode(call: &MethodCall<'a>) -> Result<Self, DecodeError> {
        if call.path != PATH || call.interface.is_some_and(|name| name != LOGIN) {
            return Err(UNKNOWN_METHOD);
        }
        let arguments = &call.arguments;
        match call.method {
            "Begin" => {
                let (user, context) = arguments.begin()?;
                Ok(Self::Begin(user, context))
            }
            "Answer" => {
                let (dialog, answer) = arguments.answer()?;
                Ok(Self::Answer(dialog, answer))
            }
            "Cancel" => Ok(Self::Cancel(arguments.cancel()?)),
            _ => Err(UNKNOWN_METHOD),
        }
    }
}

const UNKNOWN_METHOD: DecodeError = DecodeError("there is no such method");

/// Appends the reply to the call of that serial to a buffer.
pub(super) fn encode_reply(
    buffer: &mut Buffer,
    call: u32,
    response: &Result<Response, Error>,
) -> Result<(), EncodeError> {
    let reply = match response {
        Ok(Response::Begun(dialog, turn)) => LoginReply::Begun(*dialog, turn),
        Ok(Response::Answered(turn)) => LoginReply::Answered(turn),
        Ok(Response::Cancelled) => LoginReply::Cancelled,
        Err(error) => return encode_error(buffer, call, None, error.name(), error.text()),
    };
    encode_return(buffer, call, &reply)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use proptest::prelude::*;
    use serde::Serialize;
    use tfa_proto::{Line, LineKind, Next, Phase, PromptStyle, Question, WireTurn};
    use zbus::message::{Builder, Flags};
    use zbus::wire::{DynamicType, Endian};

    use super::*;

    /// Builds a method call.
    fn to(
        path: &'static str,
        interface: Option<&'static str>,
        method: &'static str,
    ) -> Builder<'static> {
        let builder = zbus::Message::method_call(path, method).endian(Endian::Little);
        let builder = builder.serial(NonZeroU32::new(SERIAL).unwrap());
        match interface {
            Some(interface) => builder.interface(interface),
            None => builder,
        }
    }

    const SERIAL: u32 = 300;

    fn bytes<T: Serialize + DynamicType>(builder: Builder<'_>, body: &T) -> Vec<u8> {
        builder.build(body).unwrap().data().to_vec()
    }

    /// A call, encoded by zbus.
    fn call<T: Serialize + DynamicType>(method: &'static str, body: &T) -> Vec<u8> {
        bytes(to(PATH, Some(LOGIN), method), body)
    }

    /// Decodes a call as the connection does: the header gives the length.
    fn read(bytes: &[u8]) -> Result<Call<'_>, DecodeError> {
        let header = decode_header(bytes.first_chunk().ok_or(DecodeError("cut off"))?)?;
        let length = FIXED_HEADER_LENGTH + usize::try_from(header.remaining_length()).unwrap();
        let whole = bytes.get(..length).ok_or(DecodeError("cut off"))?;
        Call::decode(&header, whole)
    }

    fn request(bytes: &[u8]) -> Result<Request<'_>, Error> {
        read(bytes)
            .unwrap_or_else(|error| panic!("{error}"))
            .request
    }

    fn is_error(bytes: &[u8]) -> bool {
        matches!(request(bytes), Err(Error::InvalidArgument(_)))
    }

    fn known() -> Context {
        Context {
            phase: Phase::Account,
            service: "sshd".to_owned(),
            rhost: "192.0.2.7".to_owned(),
            ssh_auth_info: "publickey ssh-ed25519 AAAA\n".to_owned(),
            silent: true,
            ..Context::default()
        }
    }

    #[test]
    fn calls_of_zbus_are_decoded() {
        for endian in [Endian::Little, Endian::Big] {
            let begin = to(PATH, Some(LOGIN), "Begin").endian(endian);
            let begin = bytes(begin, &("alice", known().to_dict()));
            match request(&begin) {
                Ok(Request::Begin(user, context)) => {
                    assert_eq!(user, "alice");
                    assert_eq!(context, Ok(known()));
                }
                _ => panic!("Begin"),
            }
            let answer = bytes(
                to(PATH, Some(LOGIN), "Answer").endian(endian),
                &(7_u32, "123456"),
            );
            assert!(matches!(request(&answer), Ok(Request::Answer(7, typed)) if typed == "123456"));
            let cancel = bytes(to(PATH, Some(LOGIN), "Cancel").endian(endian), &7_u32);
            assert!(matches!(request(&cancel), Ok(Request::Cancel(7))));
        }
    }

    #[test]
    fn the_interface_and_the_destination_are_optional() {
        let cancel = bytes(to(PATH, None, "Cancel"), &7_u32);
        assert!(matches!(request(&cancel), Ok(Request::Cancel(7))));
        for destination in [tfa_proto::NAME, "org.example"] {
            let cancel = to(PATH, None, "Cancel").destination(destination);
            assert!(matches!(
                request(&bytes(cancel, &7_u32)),
                Ok(Request::Cancel(7))
            ));
        }
    }

    #[test]
    fn unknown_methods_get_an_error() {
        for (path, interface, method) in [
            ("/", Some(LOGIN), "Cancel"),
            ("/org/tfad", Some(LOGIN), "Cancel"),
            (PATH, Some(tfa_proto::ADMIN), "Cancel"),
            (PATH, Some(tfa_proto::ACCOUNT), "Cancel"),
            (PATH, Some("org.freedesktop.DBus"), "Hello"),
            (PATH, Some("org.freedesktop.DBus.Peer"), "Ping"),
            (PATH, Some(LOGIN), "cancel"),
            (PATH, Some(LOGIN), "Cancelled"),
            (PATH, None, "Hello"),
        ] {
            let call = bytes(to(path, interface, method), &7_u32);
            assert!(is_error(&call), "{path} {interface:?} {method}");
        }
    }

    #[test]
    fn arguments_of_another_type_get_an_error() {
        for call in [
            call("Begin", &()),
            call("Begin", &"alice"),
            call("Begin", &(7_u32, known().to_dict())),
            call("Begin", &("alice", "sshd")),
            call("Begin", &("alice", known().to_dict(), 0_u32)),
            call("Answer", &(7_u32,)),
            call("Answer", &("123456", 7_u32)),
            call("Answer", &(7_i32, "123456")),
            call("Answer", &(7_u32, vec![b'1'])),
            call("Cancel", &()),
            call("Cancel", &(7_u32, "123456")),
            call("Cancel", &7_u64),
        ] {
            assert!(is_error(&call));
        }
    }

    #[test]
    fn other_messages_are_rejected() {
        let call = zbus::Message::method_call(PATH, "Cancel")
            .build(&())
            .unwrap();
        let header = call.header();
        for builder in [
            zbus::Message::method_return(&header),
            zbus::Message::error(&header, "org.example.No"),
            zbus::Message::signal(PATH, LOGIN, "Cancel"),
        ] {
            assert!(read(&bytes(builder.endian(Endian::Little), &7_u32)).is_err());
        }
        let mut unknown = bytes(to(PATH, Some(LOGIN), "Cancel"), &7_u32);
        unknown[1] = 77;
        assert!(read(&unknown).is_err());
    }

    #[test]
    fn a_call_without_a_path_or_a_method_is_rejected() {
        // The code of a field that is not known in the place of each.
        let whole = call("Cancel", &7_u32);
        for text in [PATH, "Cancel"] {
            let length = u32::try_from(text.len()).unwrap().to_le_bytes();
            let value = [&length, text.as_bytes()].concat();
            let at = whole
                .windows(value.len())
                .position(|it| it == value)
                .unwrap();
            let mut bytes = whole.clone();
            bytes[at - 4] = 99;
            assert!(read(&bytes).is_err(), "{text}");
        }
    }

    #[test]
    fn a_call_that_is_too_long_is_rejected_by_its_header() {
        let longest = MAX_CALL;
        for (body, fields, is_taken) in [
            (MAX_CALL_BODY, 16, true),
            (MAX_CALL_BODY + 1, 16, false),
            (MAX_CALL_BODY, longest - MAX_CALL_BODY, true),
            (MAX_CALL_BODY, longest - MAX_CALL_BODY - 7, true),
            (MAX_CALL_BODY, longest - MAX_CALL_BODY + 1, false),
            (0, longest, true),
            (0, longest + 1, false),
            (u32::MAX, 16, false),
            (16, u32::MAX, false),
            (u32::MAX, u32::MAX, false),
        ] {
            let numbers = [body, SERIAL, fields].map(u32::to_le_bytes).concat();
            let bytes = [&[b'l', tfa_wire::METHOD_CALL, 0, 1], &numbers[..]].concat();
            let header = decode_header(bytes.first_chunk().unwrap());
            assert_eq!(header.is_ok(), is_taken, "{body} {fields}");
        }
    }

    #[test]
    fn a_login_with_many_keys_is_not_too_long() {
        let context = Context {
            ssh_auth_info: "publickey ssh-rsa AAAA\n".repeat(1000),
            ..Context::default()
        };
        let begin = call("Begin", &("alice", context.to_dict()));
        assert!(matches!(request(&begin), Ok(Request::Begin(..))));
    }

    #[test]
    fn a_wrong_length_is_rejected() {
        let whole = call("Answer", &(7_u32, "123456"));
        // The lengths of the arguments and of the fields, then that of the text.
        for at in [4, 12, whole.len() - 11] {
            let honest = u32::from_le_bytes(whole[at..at + 4].try_into().unwrap());
            for lie in [
                honest + 1,
                honest - 1,
                honest + 8,
                honest.wrapping_sub(8),
                1 << 15,
                1 << 31,
                u32::MAX,
            ] {
                let mut bytes = whole.clone();
                bytes[at..at + 4].copy_from_slice(&lie.to_le_bytes());
                bytes.extend_from_slice(&[0; 64]);
                let understood = read(&bytes).ok().and_then(|call| call.request.ok());
                assert!(understood.is_none(), "{at} {lie}");
            }
        }
    }

    #[test]
    fn an_incomplete_call_is_rejected() {
        let whole = call("Answer", &(7_u32, "123456"));
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_err(), "{length}");
        }
    }

    fn turn() -> Turn {
        Turn {
            lines: vec![Line {
                kind: LineKind::Info,
                text: "█▀ key: ABCD".to_owned(),
            }],
            next: Next::Ask(Question {
                text: "Code: ".to_owned(),
                style: PromptStyle::Hidden,
                digits: 6,
            }),
            covers_account: false,
        }
    }

    /// The reply to a call, ours and that of zbus.
    fn replies<T>(response: Result<Response, Error>, name: Option<&str>, body: &T) -> [Vec<u8>; 2]
    where
        T: Serialize + DynamicType,
    {
        let call = to(PATH, Some(LOGIN), "Cancel").build(&7_u32).unwrap();
        let serial = read(call.data()).ok().unwrap().serial;
        let mut ours = Buffer::default();
        encode_reply(&mut ours, serial, &response).unwrap();
        let header = call.header();
        let builder = match name {
            Some(name) => zbus::Message::error(&header, name),
            None => zbus::Message::method_return(&header),
        };
        let builder = builder.endian(Endian::Little).serial(NonZeroU32::MIN);
        [ours.to_vec(), bytes(builder, body)]
    }

    #[test]
    fn responses_equal_those_of_zbus() {
        let [ours, zbus] = replies(
            Ok(Response::Begun(7, turn())),
            None,
            &(7_u32, WireTurn::from(turn())),
        );
        assert_eq!(ours, zbus);
        let [ours, zbus] = replies(
            Ok(Response::Answered(turn())),
            None,
            &(WireTurn::from(turn()),),
        );
        assert_eq!(ours, zbus);
        let [ours, zbus] = replies(Ok(Response::Cancelled), None, &());
        assert_eq!(ours, zbus);
    }

    #[test]
    fn errors_equal_those_of_zbus() {
        for error in [
            Error::NotServing("why █".to_owned()),
            Error::UnknownUser(String::new()),
            Error::InvalidArgument("why".to_owned()),
        ] {
            let name = error.name();
            let text = error.text().to_owned();
            let [ours, zbus] = replies(Err(error), Some(name), &text);
            assert_eq!(ours, zbus, "{name}");
        }
    }

    #[test]
    fn a_call_without_a_reply_is_rejected() {
        for method in ["Begin", "Answer", "Cancel"] {
            let silent = to(PATH, Some(LOGIN), method).with_flags(Flags::NO_REPLY_EXPECTED);
            assert!(read(&bytes(silent, &7_u32)).is_err(), "{method}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
            let _ = read(&bytes);
        }

        #[test]
        fn no_bytes_after_a_fixed_header_make_it_panic(
            big: bool,
            flags: u8,
            body in 0_u32..128,
            fields in 0_u32..128,
            rest in prop::collection::vec(any::<u8>(), 256..512),
        ) {
            let order = if big { u32::to_be_bytes } else { u32::to_le_bytes };
            let letter = if big { b'B' } else { b'l' };
            let first = [letter, tfa_wire::METHOD_CALL, flags, 1];
            let start = [first, order(body), order(SERIAL), order(fields)];
            let _ = read(&[start.concat(), rest].concat());
        }

        #[test]
        fn no_change_of_a_call_makes_it_panic(
            which in 0_usize..3,
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        ) {
            let mut bytes = match which {
                0 => call("Begin", &("alice", known().to_dict())),
                1 => call("Answer", &(7_u32, "123456")),
                _ => call("Cancel", &7_u32),
            };
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let _ = read(&[&bytes[..], &[0; 64]].concat());
        }
    }
}
