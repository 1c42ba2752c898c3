//! One limit around everything, and nothing left behind.

use std::io::{IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use rustix::pipe::{PipeFlags, pipe_with};

use super::both_endpoints::{BOTH, Endpoint};
use super::bus::{DAEMON, PATIENCE, reply, signal, socket, verdict};
use crate::LoginError;

const LIMIT: Duration = Duration::from_millis(100);

fn takes_as_long_as_it_may<T>(work: impl FnOnce() -> Result<T, LoginError>) {
    let started = Instant::now();
    let error = work().err().unwrap();
    assert!(matches!(error, LoginError::TimedOut), "{error:?}");
    // Some of it may have been spent before.
    assert!((LIMIT / 2..PATIENCE).contains(&started.elapsed()));
}

#[test]
fn who_says_nothing_is_not_waited_for() {
    for endpoint in BOTH {
        let (socket, _peer) = socket(LIMIT, b"");
        takes_as_long_as_it_may(|| endpoint.begin(socket));
        let (socket, _peer) = self::socket(LIMIT, &endpoint.handshake_reply());
        takes_as_long_as_it_may(|| endpoint.begin(socket));
    }
}

/// A peer that logs the client on and then says this, byte by byte, over and over.
fn drips(endpoint: Endpoint, start: &[u8], ever: &[u8]) {
    let (socket, mut peer) = socket(LIMIT, &[&endpoint.handshake_reply(), start].concat());
    let ever = ever.to_vec();
    let dripping = std::thread::spawn(move || {
        let mut bytes = ever.chunks(1).cycle();
        bytes.all(|byte| peer.write_all(byte).is_ok())
    });
    takes_as_long_as_it_may(|| endpoint.begin(socket));
    dripping.join().unwrap();
}

#[test]
fn messages_without_end_are_not_read_for_ever() {
    for endpoint in BOTH {
        drips(endpoint, &[], &signal(&"noise"));
        drips(endpoint, &[], &reply(99, DAEMON, &"noise"));
    }
}

#[test]
fn a_message_without_end_is_not_read_for_ever() {
    // 128 MiB, less the header.
    let start = [b'l', 4, 0, 1, 0xf0, 0xff, 0xff, 7, 1, 0, 0, 0, 0, 0, 0, 0];
    for endpoint in BOTH {
        drips(endpoint, &start, &[0]);
    }
}

#[test]
fn who_takes_nothing_is_not_waited_for_either() {
    for endpoint in BOTH {
        let (socket, _peer) = socket(LIMIT, &endpoint.opening());
        let (mut client, _) = endpoint.begin(socket).ok().unwrap();
        takes_as_long_as_it_may(|| client.answer(&"7".repeat(8 << 20)));
    }
}

#[test]
fn the_limit_is_for_all_calls_together() {
    for endpoint in BOTH {
        let (socket, mut peer) = socket(LIMIT, &endpoint.opening());
        let (mut client, _) = endpoint.begin(socket).ok().unwrap();
        takes_as_long_as_it_may(|| client.answer("123456"));
        // Nothing is left, not even for an answer that is there.
        let late = endpoint.reply(2, &(verdict("verified"),));
        peer.write_all(&late).unwrap();
        let error = client.answer("123456").unwrap_err();
        assert!(matches!(error, LoginError::TimedOut), "{error:?}");
    }
}

#[test]
fn a_descriptor_that_comes_stays_open_nowhere() {
    for endpoint in BOTH {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).unwrap();
        let (socket, peer) = socket(PATIENCE, b"");
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let descriptors = [writer.as_fd()];
        assert!(ancillary.push(SendAncillaryMessage::ScmRights(&descriptors)));
        let bytes = endpoint.opening();
        let flags = SendFlags::empty();
        sendmsg(&peer, &[IoSlice::new(&bytes)], &mut ancillary, flags).unwrap();
        drop(writer);

        let (client, _) = endpoint.begin(socket).ok().unwrap();
        let mut byte = [0];
        let end = rustix::io::read(&reader, &mut byte);
        assert_eq!(end, Ok::<_, Errno>(0), "nobody has the other end any more");
        drop(client);
        let _ = (&peer).read(&mut byte);
    }
}
