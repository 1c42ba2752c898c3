//! Decides about each message from the bus before anything else is done for it.
//!
//! Any program may send the daemon any message. dbus-daemon limits only the calls that expect a reply,
//! to 50000 a connection. A message that passes to zbus costs memory: a copy, a place in a queue, a task.
//! So these pass: replies, signals of the bus itself, and calls that expect a reply and fit into the
//! budget. A call that does not fit is answered here. All other messages are dropped, and so is each
//! message that zbus' parser does not accept.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use tfa_proto::Error;
use tfa_wire::{
    Buffer, ERROR, FIXED_HEADER_LENGTH, FixedHeader, HeaderFields, METHOD_CALL, METHOD_RETURN,
    SIGNAL, encode_error,
};
use zeroize::Zeroizing;

use super::budget::CallBudget;
use super::parser::parsed;
use crate::messages;

/// The longest message with its header, in bytes.
pub(super) const MAX_MESSAGE: usize = tfa_proto::MAX_CALL as usize;
/// The longest line of the handshake.
const MAX_LINE: usize = 4 << 10;
/// The bus' own name, which dbus-daemon lets no program have.
const DRIVER: &str = "org.freedesktop.DBus";

/// What is done with received bytes.
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
pub(super) enum Output {
    /// They pass to zbus.
    Pass(Zeroizing<Vec<u8>>),
    /// This reply is sent.
    Refuse(Zeroizing<Vec<u8>>),
}

/// Splits the received bytes into handshake lines and messages, and decides about each.
pub(super) struct Filter {
    budget: Arc<CallBudget>,
    /// The beginning of a line or a message, at most [`MAX_MESSAGE`] of it.
    partial: Zeroizing<Vec<u8>>,
    /// The number of bytes still to come of a message that was decided.
    skip: u64,
}

impl Filter {
    pub(super) fn new(budget: Arc<CallBudget>) -> Self {
        Self {
            budget,
            partial: Zeroizing::default(),
            skip: 0,
        }
    }

    /// Takes bytes until there is an output, or they are used up.
    ///
    /// # Errors
    /// Bytes that are no message: the begin of the next one is not known then.
    pub(super) fn take(&mut self, bytes: &mut &[u8]) -> io::Result<Option<Output>> {
        while !bytes.is_empty() {
            if self.skip > 0 {
                let length = usize::try_from(self.skip).unwrap_or(usize::MAX);
                let skipped = advance(bytes, length).len();
                self.skip = self.skip.saturating_sub(skipped as u64);
                continue;
            }
            let first = self.partial.first().or(bytes.first());
            // The server's lines begin with another capital: OK, REJECTED, DATA, ERROR, AGREE.
            let output = if matches!(first, Some(b'l' | b'B')) {
                self.take_message(bytes)?
            } else {
                self.take_line(bytes)?
            };
            if output.is_some() {
                return Ok(output);
            }
        }
        Ok(None)
    }

    fn take_line(&mut self, bytes: &mut &[u8]) -> io::Result<Option<Output>> {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let length = end.map_or(bytes.len(), |end| end.saturating_add(1));
        self.partial.extend_from_slice(advance(bytes, length));
        if self.partial.len() > MAX_LINE {
            return Err(ErrorKind::InvalidData.into());
        }
        Ok(end.map(|_| Output::Pass(std::mem::take(&mut self.partial))))
    }

    fn take_message(&mut self, bytes: &mut &[u8]) -> io::Result<Option<Output>> {
        self.fill(bytes, FIXED_HEADER_LENGTH);
        let Some(head) = self.partial.first_chunk::<FIXED_HEADER_LENGTH>() else {
            return Ok(None);
        };
        let header = FixedHeader::decode(head).map_err(io::Error::other)?;
        if !is_wanted(&header) {
            self.skip = header.remaining_length();
            self.partial.clear();
            return Ok(None);
        }
        let length = header
            .remaining_length()
            .saturating_add(FIXED_HEADER_LENGTH as u64);
        let kept = usize::try_from(length).map_or(MAX_MESSAGE, |length| length.min(MAX_MESSAGE));
        self.fill(bytes, kept);
        if self.partial.len() < kept {
            return Ok(None);
        }
        self.skip = length.saturating_sub(kept as u64);
        let message = std::mem::take(&mut self.partial);
        Ok(self.judge(&header, message))
    }

    /// Completes the beginning of a message to this length, as far as the bytes go.
    fn fill(&mut self, bytes: &mut &[u8], length: usize) {
        let missing = length.saturating_sub(self.partial.len());
        self.partial.extend_from_slice(advance(bytes, missing));
    }

    /// Judges a message, or the beginning of one that is too long.
    fn judge(&self, header: &FixedHeader, message: Zeroizing<Vec<u8>>) -> Option<Output> {
        let is_whole = self.skip == 0;
        let fields = HeaderFields::decode(header, &message).ok()?;
        match (header.message_type, fields.sender) {
            (METHOD_CALL, Some(sender)) if !is_whole => {
                let error = Error::InvalidArgument(messages::CALL_TOO_LONG.to_owned());
                refusal(sender, header.serial, &error)
            }
            _ if !is_whole => None,
            (METHOD_RETURN | ERROR, _) | (SIGNAL, Some(DRIVER)) => {
                parsed(message).map(Output::Pass)
            }
            (METHOD_CALL, Some(sender)) => {
                let sender = &*sender.to_owned();
                let message = parsed(message)?;
                if self.budget.admit(sender, header.serial, message.len()) {
                    return Some(Output::Pass(message));
                }
                let text = messages::TOO_MANY_CALLS.to_owned();
                refusal(sender, header.serial, &Error::Busy(text))
            }
            _ => None,
        }
    }
}

/// Whether the rest of a message is looked at.
fn is_wanted(header: &FixedHeader) -> bool {
    match header.message_type {
        METHOD_CALL => header.expects_reply(),
        METHOD_RETURN | ERROR | SIGNAL => true,
        _ => false,
    }
}

fn refusal(sender: &str, serial: u32, error: &Error) -> Option<Output> {
    let mut reply = Buffer::default();
    encode_error(&mut reply, serial, Some(sender), error.name(), error.text()).ok()?;
    Some(Output::Refuse(Zeroizing::new(reply.to_vec())))
}

/// Takes up to that many bytes off the front.
fn advance<'a>(bytes: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(length.min(bytes.len()));
    *bytes = rest;
    taken
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tfa_wire::{
        DESTINATION, FieldValue, HeaderField, INTERFACE, MEMBER, MessageBuilder, PATH, REPLY_SERIAL,
    };
    use zbus::Message;
    use zbus::message::{Builder, Flags};

    use super::*;

    fn call(member: &'static str) -> Builder<'static> {
        let builder = Message::method_call("/org/example", member).interface("org.example");
        builder.sender(":1.7")
    }

    fn bytes(builder: Builder<'_>, body: &str) -> Vec<u8> {
        builder.build(&body).unwrap().data().to_vec()
    }

    fn filter() -> Filter {
        Filter::new(Arc::default())
    }

    /// What comes of bytes that come in pieces of this length.
    fn outputs(filter: &mut Filter, bytes: &[u8], piece: usize) -> Vec<Output> {
        let mut outputs = Vec::new();
        for mut piece in bytes.chunks(piece) {
            while !piece.is_empty() {
                outputs.extend(filter.take(&mut piece).unwrap());
                assert!(filter.partial.len() <= MAX_MESSAGE);
            }
        }
        outputs
    }

    fn passed(message: &[u8]) -> Output {
        Output::Pass(Zeroizing::new(message.to_vec()))
    }

    #[test]
    fn a_call_that_wants_a_reply_goes_on_unchanged() {
        let message = bytes(call("Do"), "text");
        for piece in [1, 7, 16, 17, 10_000] {
            assert_eq!(outputs(&mut filter(), &message, piece), [passed(&message)]);
        }
    }

    #[test]
    fn lines_of_the_handshake_go_on_before_messages() {
        let message = bytes(call("Do"), "text");
        let stream = [b"OK 1234\r\nAGREE_UNIX_FD\r\n", &message[..]].concat();
        for piece in [1, 7, 10_000] {
            let outputs = outputs(&mut filter(), &stream, piece);
            let lines = [passed(b"OK 1234\r\n"), passed(b"AGREE_UNIX_FD\r\n")];
            assert_eq!(outputs[..2], lines);
            assert_eq!(outputs[2..], [passed(&message)]);
        }
    }

    #[test]
    fn abandoned_work_is_dropped_and_the_next_runs() {
        let silent = call("Do").with_flags(Flags::NO_REPLY_EXPECTED);
        let signal = Message::signal("/", "org.example", "Said").sender(":1.7");
        let forged = Message::signal("/", "org.freedesktop.DBus", "NameOwnerChanged");
        let last = bytes(call("Do"), "text");
        let long = "x".repeat(1 << 20);
        for dropped in [
            bytes(silent.clone(), "text"),
            bytes(silent, &long),
            bytes(signal.clone(), "text"),
            bytes(signal, &long),
            bytes(forged.sender(":1.7"), "text"),
        ] {
            let stream = [&dropped[..], &last].concat();
            for piece in [97, 1 << 21] {
                assert_eq!(outputs(&mut filter(), &stream, piece), [passed(&last)]);
            }
        }
    }

    #[test]
    fn replies_and_signals_of_the_bus_go_on() {
        let to = call("Do").build(&()).unwrap();
        let header = to.header();
        let signal = Message::signal("/", "org.freedesktop.DBus", "NameOwnerChanged");
        for message in [
            bytes(Message::method_return(&header), "text"),
            bytes(Message::error(&header, "org.example.No"), "text"),
            bytes(signal.sender("org.freedesktop.DBus"), "text"),
        ] {
            assert_eq!(outputs(&mut filter(), &message, 64), [passed(&message)]);
        }
    }

    /// The error of a refusal, and the call that it answers.
    fn refused(output: &Output) -> (String, String, u32) {
        let Output::Refuse(bytes) = output else {
            panic!("not a refusal");
        };
        let header = FixedHeader::decode(bytes.first_chunk().unwrap()).unwrap();
        let message = tfa_wire::Message::decode(&header, bytes).ok().unwrap();
        let (fields, text) = (message.fields, message.arguments.error_text().unwrap());
        (
            fields.error_name.unwrap().to_owned(),
            text.to_owned(),
            fields.reply_serial.unwrap(),
        )
    }

    #[test]
    fn a_call_that_is_too_long_is_refused_and_what_follows_goes_on() {
        let (long, last) = (
            bytes(call("Do"), &"x".repeat(1 << 20)),
            bytes(call("Do"), ""),
        );
        let serial = u32::from_ne_bytes(long[8..12].try_into().unwrap());
        for piece in [1000, 1 << 21] {
            let mut filter = filter();
            let outputs = outputs(&mut filter, &[&long[..], &last].concat(), piece);
            let (name, text, call) = refused(&outputs[0]);
            assert_eq!(name, "org.tfad.Tfa1.Error.InvalidArgument");
            assert_eq!((text.as_str(), call), ("the call is too long", serial));
            assert_eq!(outputs[1..], [passed(&last)]);
        }
    }

    #[test]
    fn calls_past_the_budget_are_refused_until_a_reply_goes_out() {
        let budget = Arc::new(CallBudget::default());
        let mut filter = Filter::new(Arc::clone(&budget));
        let message = bytes(call("Do"), "text");
        let serial = u32::from_ne_bytes(message[8..12].try_into().unwrap());
        let outputs = outputs(&mut filter, &message.repeat(1000), 4096);
        let (passed, refusals): (Vec<_>, Vec<_>) = outputs
            .iter()
            .partition(|output| matches!(output, Output::Pass(_)));
        assert_eq!((passed.len(), refusals.len()), (7, 993));
        assert_eq!(refused(refusals[0]).0, "org.tfad.Tfa1.Error.Busy");
        budget.release(":1.7", serial);
        let mut rest = &message[..];
        assert!(matches!(filter.take(&mut rest), Ok(Some(Output::Pass(_)))));
    }

    /// A call whose header has these fields besides a sender.
    fn call_with(fields: &[HeaderField<'_>]) -> Vec<u8> {
        let sender = HeaderField(7, FieldValue::Str(":1.7"));
        let fields = [fields, &[sender]].concat();
        let call = MessageBuilder {
            message_type: METHOD_CALL,
            serial: 1,
            fields: &fields,
            signature: "",
        };
        let mut bytes = Buffer::default();
        call.append_without_body(&mut bytes).unwrap();
        bytes.to_vec()
    }

    #[test]
    fn a_message_that_zbus_does_not_take_is_dropped_and_counts_for_nothing() {
        let path = HeaderField(PATH, FieldValue::ObjectPath("/org/example"));
        let interface = HeaderField(INTERFACE, FieldValue::Str("org.example"));
        let member = HeaderField(MEMBER, FieldValue::Str("Do"));
        let call = [path, interface, member];
        let destination = HeaderField(DESTINATION, FieldValue::Str("org.example"));
        let right = call_with(&[&call[..], &[destination]].concat());
        let with = |field| call_with(&[path, interface, member, field]);
        let mut with_padding = call_with(&call);
        // Behind the name of the sender, which ends the header.
        *with_padding.last_mut().unwrap() = 1;
        for wrong in [
            with(HeaderField(0, FieldValue::U32(1))),
            with(HeaderField(10, FieldValue::U32(1))),
            with(HeaderField(200, FieldValue::Str("text"))),
            with(HeaderField(DESTINATION, FieldValue::U32(1))),
            with(HeaderField(DESTINATION, FieldValue::Str("no name"))),
            with(HeaderField(REPLY_SERIAL, FieldValue::U32(0))),
            call_with(&[
                path,
                interface,
                HeaderField(MEMBER, FieldValue::Str("no.member")),
            ]),
            call_with(&[
                path,
                HeaderField(INTERFACE, FieldValue::Str("none")),
                member,
            ]),
            call_with(&[
                HeaderField(PATH, FieldValue::ObjectPath("org")),
                interface,
                member,
            ]),
            call_with(&[path, interface]),
            call_with(&[interface, member]),
            with_padding,
        ] {
            let mut filter = filter();
            let stream = [&wrong.repeat(100)[..], &right].concat();
            assert_eq!(outputs(&mut filter, &stream, 4096), [passed(&right)]);
        }
    }

    /// Whether zbus takes whatever passes.
    fn is_taken(output: &Output) -> bool {
        match output {
            Output::Pass(bytes) => {
                !matches!(bytes.first(), Some(b'l' | b'B')) || parsed(bytes.clone()).is_some()
            }
            Output::Refuse(_) => true,
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_keep_more_than_a_message(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..256), 1..16),
        ) {
            let mut filter = filter();
            for piece in &pieces {
                let mut piece = &piece[..];
                while !piece.is_empty() && let Ok(output) = filter.take(&mut piece) {
                    prop_assert!(output.as_ref().is_none_or(is_taken));
                }
                prop_assert!(filter.partial.len() <= MAX_MESSAGE);
            }
        }

        #[test]
        fn no_change_of_a_call_makes_it_panic_or_ends_the_connection(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        ) {
            let mut bytes = bytes(call("Do"), "text").repeat(3);
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let (mut filter, mut rest) = (filter(), &bytes[..]);
            while !rest.is_empty() && let Ok(output) = filter.take(&mut rest) {
                prop_assert!(output.as_ref().is_none_or(is_taken));
            }
        }
    }
}
