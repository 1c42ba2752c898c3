//! Valid and invalid replies.

use std::io::{self, Read};

use proptest::prelude::*;
use zbus::wire::Endian;

use super::bus::{DAEMON, DIALOG, error, question, reply, reply_in, signal};
use crate::LoginError;
use crate::MessageReader;
use crate::client::reply::Reply;
use crate::raw_message::with_fields;
use tfa_proto::WireTurn;

/// What the tests look at in a reply.
struct Seen {
    call: u32,
    sender: Option<String>,
    turn: Option<(u32, WireTurn)>,
}

fn read(bytes: &[u8]) -> Result<Seen, LoginError> {
    read_from(&mut MessageReader::new(bytes))
}

fn read_from<R: Read>(reader: &mut MessageReader<R>) -> Result<Seen, LoginError> {
    let reply = Reply::read(reader)?;
    let turn = reply.result.ok().and_then(|reply| reply.begun().ok());
    Ok(Seen {
        call: reply.call,
        sender: reply.sender.map(str::to_owned),
        turn: turn.map(|(dialog, turn)| (dialog, turn.into())),
    })
}

/// A source that returns one byte a read.
struct SingleBytes<'a>(&'a [u8]);

impl Read for SingleBytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let end = buffer.len().min(1);
        self.0.read(&mut buffer[..end])
    }
}

#[test]
fn a_reply_in_single_bytes_is_the_same_reply() {
    for endian in [Endian::Little, Endian::Big] {
        let bytes = reply_in(endian, 2, DAEMON, &(DIALOG, question()));
        let bytes = [signal(&"noise"), bytes].concat();
        let reply = read_from(&mut MessageReader::new(SingleBytes(&bytes)));
        let reply = reply.ok().unwrap();
        assert_eq!((reply.call, reply.sender.as_deref()), (2, Some(DAEMON)));
        assert_eq!(reply.turn, Some((DIALOG, question())));
    }
}

#[test]
fn a_reply_longer_than_the_buffer_is_read_whole() {
    let lines = vec![("info".to_owned(), "█".repeat(1000)); 100];
    let long: WireTurn = (lines, "ask".to_owned(), "?".to_owned(), 0);
    let bytes = reply(2, DAEMON, &(DIALOG, long.clone()));
    let next = reply(3, DAEMON, &());
    let both = [bytes, next].concat();
    let mut reader = MessageReader::new(&*both);
    let first = read_from(&mut reader).ok().unwrap();
    assert_eq!(first.turn, Some((DIALOG, long)));
    assert_eq!(read_from(&mut reader).ok().unwrap().call, 3);
}

#[test]
fn an_incomplete_reply_is_an_error() {
    let bytes = reply(2, DAEMON, &(DIALOG, question()));
    for length in 0..bytes.len() {
        let cut = read(&bytes[..length]).err().unwrap();
        assert!(matches!(cut, LoginError::Connection(_)), "{length} {cut:?}");
    }
}

#[test]
fn a_wrong_length_is_rejected() {
    let whole = reply(2, DAEMON, &(DIALOG, question()));
    // The lengths of the body and of the fields, then the numbers in the body.
    let body = whole.len() - u32::from_le_bytes(whole[4..8].try_into().unwrap()) as usize;
    for at in [4, 12]
        .into_iter()
        .chain((body..whole.len() - 4).step_by(4))
    {
        let correct = u32::from_le_bytes(whole[at..at + 4].try_into().unwrap());
        if !(1..100).contains(&correct) {
            continue; // text, or padding
        }
        for wrong in [
            correct.wrapping_add(1),
            correct.wrapping_sub(1),
            correct.wrapping_add(8),
            correct.wrapping_sub(8),
            1 << 20,
            1 << 27,
            1 << 31,
            u32::MAX,
        ] {
            let mut bytes = whole.clone();
            bytes[at..at + 4].copy_from_slice(&wrong.to_le_bytes());
            bytes.extend_from_slice(&[0; 64]);
            let decoded = read(&bytes).ok().and_then(|reply| reply.turn);
            assert_ne!(decoded, Some((DIALOG, question())), "{at} {wrong}");
        }
    }
}

#[test]
fn a_reply_that_is_too_long_is_rejected_by_its_header() {
    for (body, fields) in [(1 << 20, 16), (16, 1 << 20), (u32::MAX, u32::MAX)] {
        let start: [[u8; 4]; 4] = [
            [b'l', 2, 0, 1],
            u32::to_le_bytes(body),
            1_u32.to_le_bytes(),
            u32::to_le_bytes(fields),
        ];
        let error = read(&start.concat()).err().unwrap();
        assert!(matches!(error, LoginError::Protocol(_)), "{error:?}");
    }
    // Other messages may be as long as the specification allows.
    let start = [b'l', 4, 0, 1, 0, 0, 0, 8, 1, 0, 0, 0, 1, 0, 0, 0];
    let error = read(&start).err().unwrap();
    assert!(matches!(error, LoginError::Protocol(_)), "{error:?}");
}

#[test]
fn bytes_that_begin_no_message_are_rejected() {
    let whole = reply(2, DAEMON, &(DIALOG, question()));
    for (at, byte) in [
        (0, b'b'), // no byte order
        (0, b'L'),
        (1, 0), // no type
        (3, 0), // no version
        (3, 2),
        (8, 0), // no number of its own
    ] {
        let mut bytes = whole.clone();
        if at == 8 {
            bytes[8..12].fill(0);
        }
        bytes[at] = byte;
        let error = read(&bytes).err().unwrap();
        assert!(matches!(error, LoginError::Protocol(_)), "{at} {error:?}");
    }
}

#[test]
fn a_reply_has_one_serial_and_at_most_one_sender() {
    let (call, sender) = ((5, "u", "2"), (7, "s", DAEMON));
    let name = (4, "s", "org.example.No");
    assert!(read(&with_fields(2, &[call, sender])).is_ok());
    assert!(read(&with_fields(2, &[(99, "s", "?"), sender, call])).is_ok());
    assert!(read(&with_fields(3, &[call, sender, name])).is_ok());
    for (kind, fields) in [
        (2, &[sender][..]),
        (2, &[]),
        (2, &[call, sender, call]),
        (2, &[call, sender, sender]),
        (2, &[call, sender, name]),
        (2, &[(5, "s", "2"), sender]),
        (2, &[call, (7, "o", "/a")]),
        (2, &[call, sender, (8, "s", "u")]),
        (2, &[call, sender, (9, "u", "1")]),
        (3, &[call, sender]),
        (3, &[call, sender, (4, "u", "1")]),
        (3, &[call, sender, name, name]),
    ] {
        let error = read(&with_fields(kind, fields)).err().unwrap();
        assert!(
            matches!(error, LoginError::Protocol(_)),
            "{kind} {fields:?}"
        );
    }
}

#[test]
fn nonzero_padding_is_rejected() {
    let whole = with_fields(2, &[(5, "u", "2"), (7, "s", DAEMON)]);
    let mut bytes = whole.clone();
    *bytes.last_mut().unwrap() = 1;
    assert!(read(&whole).is_ok());
    assert!(read(&bytes).is_err());
}

/// Reads replies until an error.
fn read_all(bytes: &[u8]) {
    let mut reader = MessageReader::new(bytes);
    while read_from(&mut reader).is_ok() {}
}

fn messages() -> Vec<Vec<u8>> {
    vec![
        reply(2, DAEMON, &(DIALOG, question())),
        reply_in(Endian::Big, 2, DAEMON, &(DIALOG, question())),
        error(2, DAEMON, "org.example.No", &("why", 7_u32)),
        signal(&"noise"),
    ]
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        read_all(&bytes);
    }

    #[test]
    fn no_bytes_after_a_fixed_header_make_it_panic(
        big: bool,
        kind in 1_u8..5,
        body in 0_u32..128,
        fields in 0_u32..128,
        rest in prop::collection::vec(any::<u8>(), 0..512),
    ) {
        let order = if big { u32::to_be_bytes } else { u32::to_le_bytes };
        let letter = if big { b'B' } else { b'l' };
        let start = [[letter, kind, 0, 1], order(body), order(1), order(fields)];
        read_all(&[start.concat(), rest].concat());
    }

    #[test]
    fn no_change_of_a_message_makes_it_panic(
        which in 0_usize..4,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = messages().swap_remove(which);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        read_all(&[&bytes[..], &messages().concat()].concat());
    }
}
