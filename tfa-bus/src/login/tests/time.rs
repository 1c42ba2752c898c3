//! One limit around everything, and nothing left behind.

use std::io::{IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use rustix::pipe::{PipeFlags, pipe_with};

use super::bus::{DAEMON, DIALOG, OK, PATIENCE, question, reply, signal, socket, verdict, welcome};
use crate::login::socket::Socket;
use crate::{Context, LoginClient, LoginError};

const LIMIT: Duration = Duration::from_millis(100);

fn begin(socket: Socket) -> Result<LoginClient, LoginError> {
    LoginClient::over(socket, "alice", &Context::default()).map(|(client, _)| client)
}

fn takes_as_long_as_it_may<T>(work: impl FnOnce() -> Result<T, LoginError>) {
    let started = Instant::now();
    let error = work().err().unwrap();
    assert!(matches!(error, LoginError::TimedOut), "{error:?}");
    // Some of it may have been spent before.
    assert!((LIMIT / 2..PATIENCE).contains(&started.elapsed()));
}

#[test]
fn a_bus_that_says_nothing_is_not_waited_for() {
    let (socket, _bus) = socket(LIMIT, b"");
    takes_as_long_as_it_may(|| begin(socket));
}

/// A bus that logs the client on and then says this, byte by byte, over and over.
fn drips(start: &[u8], ever: Vec<u8>) {
    let (socket, mut bus) = socket(LIMIT, &[OK, &welcome(), start].concat());
    let dripping = std::thread::spawn(move || {
        let mut bytes = ever.chunks(1).cycle();
        bytes.all(|byte| bus.write_all(byte).is_ok())
    });
    takes_as_long_as_it_may(|| begin(socket));
    dripping.join().unwrap();
}

#[test]
fn messages_without_end_are_not_read_for_ever() {
    drips(&[], signal(&"noise"));
    drips(&[], reply(99, DAEMON, &"noise"));
}

#[test]
fn a_message_without_end_is_not_read_for_ever() {
    // 128 MiB, less the header.
    let start = [b'l', 4, 0, 1, 0xf0, 0xff, 0xff, 7, 1, 0, 0, 0, 0, 0, 0, 0];
    drips(&start, vec![0]);
}

#[test]
fn a_bus_that_takes_nothing_is_not_waited_for_either() {
    let first = reply(2, DAEMON, &(DIALOG, question()));
    let (socket, _bus) = socket(LIMIT, &[OK, &welcome(), &first].concat());
    let mut client = begin(socket).unwrap();
    takes_as_long_as_it_may(|| client.answer(&"7".repeat(8 << 20)));
}

#[test]
fn the_limit_is_for_all_calls_together() {
    let first = reply(2, DAEMON, &(DIALOG, question()));
    let (socket, mut bus) = socket(LIMIT, &[OK, &welcome(), &first].concat());
    let mut client = begin(socket).unwrap();
    takes_as_long_as_it_may(|| client.answer("123456"));
    // Nothing is left, not even for an answer that is there.
    bus.write_all(&reply(4, DAEMON, &(verdict("verified"),)))
        .unwrap();
    let error = client.answer("123456").unwrap_err();
    assert!(matches!(error, LoginError::TimedOut), "{error:?}");
}

#[test]
fn a_descriptor_that_the_bus_sends_stays_open_nowhere() {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).unwrap();
    let (socket, bus) = socket(PATIENCE, OK);
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let descriptors = [writer.as_fd()];
    assert!(ancillary.push(SendAncillaryMessage::ScmRights(&descriptors)));
    let first = reply(2, DAEMON, &(DIALOG, question()));
    let bytes = [welcome(), first].concat();
    let flags = SendFlags::empty();
    sendmsg(&bus, &[IoSlice::new(&bytes)], &mut ancillary, flags).unwrap();
    drop(writer);

    let client = begin(socket).unwrap();
    let mut byte = [0];
    let end = rustix::io::read(&reader, &mut byte);
    assert_eq!(end, Ok::<_, Errno>(0), "nobody has the other end any more");
    drop(client);
    let _ = (&bus).read(&mut byte);
}
