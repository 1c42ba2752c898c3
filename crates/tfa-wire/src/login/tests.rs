//! The codec of the login, compared with that of zbus.

use std::collections::HashMap;
use std::num::NonZeroU32;

use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tfa_proto::{
    Context, ContextError, LOGIN, Line, LineKind, Next, PATH, Phase, PromptStyle, Question, Turn,
    Verdict, WireTurn,
};
use zbus::wire::serialized::{self, Data};
use zbus::wire::{DynamicType, Endian, OwnedVariant, Signature, Type, Variant};

use super::{LoginCall, LoginReply};
use crate::buffer::Buffer;
use crate::fixed_header::{
    ERROR, FIELDS_OFFSET, FIXED_HEADER_LENGTH, FixedHeader, METHOD_CALL, METHOD_RETURN,
};
use crate::header_fields::{
    FieldValue, HeaderField, INTERFACE, MEMBER, PATH as PATH_FIELD, REPLY_SERIAL,
};
use crate::message::Message;
use crate::message_builder::MessageBuilder;

const SERIAL: u32 = 70_000;
const CALL: u32 = 300;

/// What a message says, as far as a login looks at it.
#[derive(Debug, Clone, PartialEq)]
enum Content {
    Begin(String, Result<Context, ContextError>),
    Answer(u32, String),
    Cancel(u32),
    Begun(u32, Turn),
    Answered(Turn),
}

/// The header fields and the content of a message.
#[derive(Debug, Clone, PartialEq)]
struct Read {
    texts: [Option<String>; 5],
    reply_serial: Option<u32>,
    content: Option<Content>,
}

fn fixed_header(bytes: &[u8]) -> Option<FixedHeader> {
    FixedHeader::decode(bytes.first_chunk::<FIXED_HEADER_LENGTH>()?).ok()
}

fn ours(bytes: &[u8]) -> Option<Read> {
    let Message { fields, arguments } = Message::decode(&fixed_header(bytes)?, bytes).ok()?;
    let begin = arguments.begin().ok();
    let content = begin.map(|(user, context)| Content::Begin(user.to_owned(), context));
    let content = content
        .or_else(|| {
            let (dialog, answer) = arguments.answer().ok()?;
            Some(Content::Answer(dialog, answer.to_owned()))
        })
        .or_else(|| arguments.cancel().ok().map(Content::Cancel))
        .or_else(|| {
            let (dialog, turn) = arguments.begun().ok()?;
            Some(Content::Begun(dialog, turn))
        })
        .or_else(|| arguments.answered().ok().map(Content::Answered));
    let texts = [
        fields.path,
        fields.interface,
        fields.member,
        fields.error_name,
        fields.sender,
    ];
    Some(Read {
        texts: texts.map(|text| text.map(str::to_owned)),
        reply_serial: fields.reply_serial,
        content,
    })
}

/// The same, decoded by zbus.
fn theirs(bytes: &[u8]) -> Option<Read> {
    let header = fixed_header(bytes)?;
    let context = serialized::Context::new(header.endian, FIELDS_OFFSET);
    let data = Data::new(bytes.get(FIELDS_OFFSET..)?, context);
    let (fields, length): (Vec<(u8, Variant<'_>)>, _) = data.deserialize().ok()?;
    let mut read = Read {
        texts: Default::default(),
        reply_serial: None,
        content: None,
    };
    let mut signature = None;
    for (code, value) in fields {
        let text = match &value {
            Variant::Str(text) => text.to_string(),
            Variant::ObjectPath(path) => path.to_string(),
            _ => String::new(),
        };
        match (code, value) {
            (code @ 1..=4, Variant::Str(_) | Variant::ObjectPath(_)) => {
                read.texts[usize::from(code) - 1] = Some(text);
            }
            (5, Variant::U32(serial)) => read.reply_serial = Some(serial),
            (7, Variant::Str(_)) => read.texts[4] = Some(text),
            (8, Variant::Signature(types)) => signature = Some(types),
            (1..=5 | 7..=9, _) => return None,
            _ => {}
        }
    }
    let body = (FIELDS_OFFSET + length).next_multiple_of(8);
    let body = Data::new(
        bytes.get(body..)?,
        serialized::Context::new(header.endian, 0),
    );
    read.content = signature.and_then(|signature| decode(&body, &signature));
    Some(read)
}

fn decode(body: &Data<'_, '_>, signature: &Signature) -> Option<Content> {
    fn of<T: DeserializeOwned + Type>(body: &Data<'_, '_>, signature: &Signature) -> Option<T> {
        let (value, length) = (signature == T::SIGNATURE).then(|| body.deserialize().ok())??;
        (length == body.len()).then_some(value)
    }
    let begin = of::<(String, HashMap<String, OwnedVariant>)>(body, signature);
    begin
        .map(|(user, dict)| Content::Begin(user, Context::from_dict(&dict)))
        .or_else(|| of(body, signature).map(|(dialog, answer)| Content::Answer(dialog, answer)))
        .or_else(|| of(body, signature).map(Content::Cancel))
        .or_else(|| {
            let (dialog, turn) = of::<(u32, WireTurn)>(body, signature)?;
            Some(Content::Begun(dialog, Turn::try_from(turn).ok()?))
        })
        .or_else(|| {
            Some(Content::Answered(
                Turn::try_from(of::<WireTurn>(body, signature)?).ok()?,
            ))
        })
}

/// A message of zbus with this content.
fn by_zbus(endian: Endian, content: &Content) -> Vec<u8> {
    let call = |method: &'static str| {
        let builder = zbus::Message::method_call(PATH, method).interface(LOGIN);
        builder
            .endian(endian)
            .serial(NonZeroU32::new(SERIAL).unwrap())
    };
    let called = call("Cancel").build(&CALL).unwrap();
    let header = called.header();
    let reply = || {
        let builder = zbus::Message::method_return(&header).endian(endian);
        let builder = builder.reply_serial(NonZeroU32::new(CALL));
        builder.serial(NonZeroU32::new(SERIAL).unwrap())
    };
    fn built<T: Serialize + DynamicType>(builder: zbus::message::Builder<'_>, body: &T) -> Vec<u8> {
        builder.build(body).unwrap().data().to_vec()
    }
    match content {
        Content::Begin(user, context) => {
            let context = context.as_ref().unwrap();
            built(call("Begin"), &(user, context.to_dict()))
        }
        Content::Answer(dialog, answer) => built(call("Answer"), &(dialog, answer)),
        Content::Cancel(dialog) => built(call("Cancel"), dialog),
        Content::Begun(dialog, turn) => built(reply(), &(dialog, WireTurn::from(turn.clone()))),
        Content::Answered(turn) => built(reply(), &(WireTurn::from(turn.clone()),)),
    }
}

/// Our message with this content.
fn by_us(content: &Content) -> Vec<u8> {
    let mut buffer = Buffer::default();
    // The alignment is that in the message, not in the buffer.
    buffer.append(b"before");
    let call = |call: LoginCall<'_>, buffer: &mut Buffer| {
        let fields = [
            HeaderField(PATH_FIELD, FieldValue::ObjectPath(PATH)),
            HeaderField(INTERFACE, FieldValue::Str(LOGIN)),
            HeaderField(MEMBER, FieldValue::Str(call.method())),
        ];
        let message = MessageBuilder {
            message_type: METHOD_CALL,
            serial: SERIAL,
            fields: &fields,
            signature: call.signature(),
        };
        message.append(buffer, |body| call.encode(body)).unwrap();
    };
    let reply = |reply: LoginReply<'_>, buffer: &mut Buffer| {
        let message = MessageBuilder {
            message_type: METHOD_RETURN,
            serial: SERIAL,
            fields: &[HeaderField(REPLY_SERIAL, FieldValue::U32(CALL))],
            signature: reply.signature(),
        };
        message.append(buffer, |body| reply.encode(body)).unwrap();
    };
    match content {
        Content::Begin(user, context) => {
            call(
                LoginCall::Begin(user, context.as_ref().unwrap()),
                &mut buffer,
            );
        }
        Content::Answer(dialog, answer) => call(LoginCall::Answer(*dialog, answer), &mut buffer),
        Content::Cancel(dialog) => call(LoginCall::Cancel(*dialog), &mut buffer),
        Content::Begun(dialog, turn) => reply(LoginReply::Begun(*dialog, turn), &mut buffer),
        Content::Answered(turn) => reply(LoginReply::Answered(turn), &mut buffer),
    }
    buffer[b"before".len()..].to_vec()
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z0-9.:/ -]{0,24}",
        2 => "[^\0]{0,24}",
        1 => "[^\0]{200,300}",
    ]
}

fn context() -> impl Strategy<Value = Context> {
    let texts = (text(), text(), text(), text(), text(), text());
    let flags = prop::array::uniform5(any::<bool>());
    let phase = prop::sample::select(Phase::ALL);
    let verdict = prop::option::of(prop::sample::select(Verdict::ALL));
    let parts = (phase, verdict, texts, flags, any::<Option<u32>>());
    parts.prop_map(|(phase, auth_result, texts, flags, session)| {
        let (service, rhost, tty, seat, ruser, ssh_auth_info) = texts;
        let [
            borrows_tty,
            password_given,
            can_enroll,
            session_follows,
            silent,
        ] = flags;
        Context {
            phase,
            service,
            rhost,
            tty,
            borrows_tty,
            seat,
            ruser,
            ssh_auth_info,
            password_given,
            auth_result,
            can_enroll,
            session_follows,
            silent,
            session,
        }
    })
}

fn turn() -> impl Strategy<Value = Turn> {
    let kinds = [
        LineKind::Info,
        LineKind::Notice,
        LineKind::Error,
        LineKind::Failure,
    ];
    let line = (prop::sample::select(kinds.to_vec()), text());
    let line = line.prop_map(|(kind, text)| Line { kind, text });
    let styles = [
        PromptStyle::Visible,
        PromptStyle::Hidden,
        PromptStyle::Optional,
    ];
    let question = (text(), prop::sample::select(styles.to_vec()), any::<u32>());
    let question = question.prop_map(|(text, style, digits)| {
        Next::Ask(Question {
            text,
            style,
            digits,
        })
    });
    let verdict = prop::sample::select(Verdict::ALL).prop_map(Next::Verdict);
    let next = prop_oneof![question, verdict];
    let parts = (prop::collection::vec(line, 0..4), next, any::<bool>());
    parts.prop_map(|(lines, next, covers_account)| {
        let is_verified = matches!(next, Next::Verdict(verdict) if verdict.is_verified());
        Turn {
            lines,
            next,
            covers_account: covers_account && is_verified,
        }
    })
}

fn content() -> impl Strategy<Value = Content> {
    prop_oneof![
        (text(), context()).prop_map(|(user, context)| Content::Begin(user, Ok(context))),
        (any::<u32>(), text()).prop_map(|(dialog, answer)| Content::Answer(dialog, answer)),
        any::<u32>().prop_map(Content::Cancel),
        (any::<u32>(), turn()).prop_map(|(dialog, turn)| Content::Begun(dialog, turn)),
        turn().prop_map(Content::Answered),
    ]
}

fn endian() -> impl Strategy<Value = Endian> {
    prop::sample::select(vec![Endian::Little, Endian::Big])
}

/// Asserts that a message is an error, or means what it means to zbus.
fn assert_agrees(bytes: &[u8]) -> Result<(), TestCaseError> {
    let Some(ours) = ours(bytes) else {
        return Ok(());
    };
    let theirs = theirs(bytes);
    let Some(theirs) = theirs else {
        panic!("zbus takes no {bytes:?}");
    };
    prop_assert_eq!(&ours.texts, &theirs.texts);
    prop_assert_eq!(ours.reply_serial, theirs.reply_serial);
    match (ours.content, theirs.content) {
        (None, _) => {}
        // An error of the context is found before what follows it is decoded.
        (Some(Content::Begin(_, Err(_))), None | Some(Content::Begin(_, Err(_)))) => {}
        (ours, theirs) => prop_assert_eq!(ours, theirs),
    }
    Ok(())
}

/// A change of a message.
#[derive(Debug, Clone)]
enum Change {
    Flip(prop::sample::Index, u8),
    Set(prop::sample::Index, u8),
    Truncate(prop::sample::Index),
    Insert(prop::sample::Index, u8),
}

fn change() -> impl Strategy<Value = Change> {
    let place = any::<prop::sample::Index>;
    prop_oneof![
        6 => (place(), 0_u8..8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        4 => (place(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        1 => place().prop_map(Change::Truncate),
        1 => (place(), any::<u8>()).prop_map(|(at, byte)| Change::Insert(at, byte)),
    ]
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        if bytes.is_empty() {
            break;
        }
        let length = bytes.len();
        match change {
            Change::Flip(at, bit) => bytes[at.index(length)] ^= 1 << bit,
            Change::Set(at, byte) => bytes[at.index(length)] = *byte,
            Change::Truncate(at) => bytes.truncate(at.index(length)),
            Change::Insert(at, byte) => bytes.insert(at.index(length), *byte),
        }
    }
    bytes
}

/// Gives a message the length of the body that it has, so that more of it is looked at.
fn with_length(mut bytes: Vec<u8>) -> Vec<u8> {
    let number = |bytes: &[u8], at: usize| {
        let four = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(if bytes[0] == b'B' {
            u32::from_be_bytes(four)
        } else {
            u32::from_le_bytes(four)
        })
    };
    let Some(fields) = number(&bytes, FIELDS_OFFSET) else {
        return bytes;
    };
    let body = u64::from(fields).next_multiple_of(8) + FIXED_HEADER_LENGTH as u64;
    let Some(length) = (bytes.len() as u64).checked_sub(body) else {
        return bytes;
    };
    let length = u32::try_from(length).unwrap();
    let order = if bytes[0] == b'B' {
        u32::to_be_bytes
    } else {
        u32::to_le_bytes
    };
    bytes[4..8].copy_from_slice(&order(length));
    bytes
}

/// A context in which a key has a value of some type.
fn dict() -> impl Strategy<Value = HashMap<String, OwnedVariant>> {
    let keys = [
        "phase",
        "auth-result",
        "service",
        "silent",
        "session",
        "can-enroll",
        "met",
        "",
    ];
    let values = prop_oneof![
        prop::sample::select(vec!["auth", "account", "verified", "not-run", ""])
            .prop_map(|text| Variant::from(text.to_owned())),
        any::<bool>().prop_map(Variant::from),
        any::<u32>().prop_map(Variant::from),
        any::<u8>().prop_map(Variant::from),
        any::<i64>().prop_map(Variant::from),
        any::<f64>().prop_map(Variant::from),
        prop::collection::vec(text(), 0..3).prop_map(Variant::from),
        text().prop_map(|text| Variant::new(Variant::new(text))),
    ];
    let own = |value: Variant<'static>| OwnedVariant::try_from(value).unwrap();
    let entry = (
        prop::sample::select(keys.map(str::to_owned).to_vec()),
        values.prop_map(own),
    );
    prop::collection::hash_map(entry.0, entry.1, 0..5)
}

proptest! {
    #[test]
    fn messages_equal_those_of_zbus(content in content()) {
        prop_assert_eq!(by_us(&content), by_zbus(Endian::Little, &content));
    }

    #[test]
    fn messages_of_zbus_mean_the_same(endian in endian(), content in content()) {
        let bytes = by_zbus(endian, &content);
        let expected = match &content {
            // Only an auth phase can be without a result.
            Content::Begin(user, Ok(context)) => {
                let own = |value| OwnedVariant::try_from(value).unwrap();
                let dict = context.to_dict().into_iter();
                let dict = dict.map(|(key, value)| (key.to_owned(), own(value))).collect();
                Content::Begin(user.clone(), Context::from_dict(&dict))
            }
            content => content.clone(),
        };
        prop_assert_eq!(ours(&bytes).unwrap().content, Some(expected.clone()));
        prop_assert_eq!(theirs(&bytes).unwrap().content, Some(expected));
    }

    #[test]
    fn a_changed_message_is_an_error_or_means_what_zbus_reads(
        endian in endian(),
        content in content(),
        changes in prop::collection::vec(change(), 1..4),
        keeps_length: bool,
    ) {
        let mut bytes = changed(by_zbus(endian, &content), &changes);
        if !keeps_length {
            bytes = with_length(bytes);
        }
        assert_agrees(&bytes)?;
    }

    #[test]
    fn every_truncated_message_is_an_error(endian in endian(), content in content()) {
        let bytes = by_zbus(endian, &content);
        for length in 0..bytes.len() {
            prop_assert_eq!(ours(&bytes[..length]), None);
        }
    }

    #[test]
    fn a_context_with_any_values_is_what_it_is_to_zbus(endian in endian(), dict in dict()) {
        let builder = zbus::Message::method_call(PATH, "Begin").endian(endian);
        let bytes = builder.build(&("alice", &dict)).unwrap().data().to_vec();
        let expected = Context::from_dict(&dict);
        match ours(&bytes).unwrap().content {
            Some(Content::Begin(user, context)) => {
                prop_assert_eq!(user, "alice");
                prop_assert_eq!(context.is_ok(), expected.is_ok());
                if let Ok(context) = context {
                    prop_assert_eq!(context, expected.unwrap());
                }
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }
}

#[test]
fn of_two_values_of_a_key_the_later_one_holds_as_with_zbus() {
    for [first, second] in [["account", "auth"], ["auth", "account"], ["", "auth"]] {
        let mut buffer = Buffer::default();
        let message = MessageBuilder {
            message_type: METHOD_CALL,
            serial: SERIAL,
            fields: &[],
            signature: crate::signature::BEGIN,
        };
        let appended = message.append(&mut buffer, |body| {
            body.string("alice");
            let array = body.begin_array(8);
            let result = ("auth-result", "verified");
            for (key, value) in [("phase", first), result, ("phase", second)] {
                body.align(8);
                body.string(key);
                body.variant_of(b's');
                body.string(value);
            }
            body.end_array(&array);
        });
        appended.unwrap();
        let (ours, theirs) = (ours(&buffer).unwrap(), theirs(&buffer).unwrap());
        if first.is_empty() {
            let invalid = Err(ContextError::Invalid("phase"));
            let refused = Content::Begin("alice".to_owned(), invalid);
            assert_eq!(ours.content, Some(refused), "each value must be valid");
        } else {
            assert!(matches!(&ours.content, Some(Content::Begin(_, Ok(context)))
                if context.phase.name() == second));
            assert_eq!(ours, theirs);
        }
    }
}

#[test]
fn errors_equal_those_of_zbus() {
    let call = zbus::Message::method_call("/", "Do").build(&()).unwrap();
    // Names and texts of every length modulo the padding.
    for length in 0..8 {
        let name = format!("org.example.{}", "E".repeat(length + 1));
        let text = "\u{2588}".repeat(length);
        let builder = zbus::Message::error(&call.header(), name.as_str());
        let builder = builder.endian(Endian::Little).serial(NonZeroU32::MIN);
        let builder = builder.reply_serial(NonZeroU32::new(CALL));
        let theirs = builder.build(&text).unwrap().data().to_vec();
        let mut ours = Buffer::default();
        crate::encode_error(&mut ours, CALL, None, &name, &text).unwrap();
        assert_eq!(*ours, *theirs);
        assert_eq!(theirs[1], ERROR);
        let mut with_destination = Buffer::default();
        crate::encode_error(&mut with_destination, CALL, Some(":1.7"), &name, &text).unwrap();
        let builder = zbus::Message::error(&call.header(), name.as_str());
        let builder = builder.endian(Endian::Little).serial(NonZeroU32::MIN);
        let builder = builder
            .reply_serial(NonZeroU32::new(CALL))
            .destination(":1.7");
        let theirs = builder.build(&text).unwrap();
        assert_eq!(with_destination.len(), theirs.data().len());
    }
}
