//! The time limit, and received file descriptors.

use std::io::{IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use rustix::pipe::{PipeFlags, pipe_with};

use super::both_endpoints::{BOTH, Endpoint};
use super::bus::{DAEMON, TIMEOUT, reply, signal, socket, verdict};
use crate::LoginError;

const LIMIT: Duration = Duration::from_millis(100);

fn assert_times_out<T>(work: impl FnOnce() -> Result<T, LoginError>) {
    let started = Instant::now();
    let error = work().err().unwrap();
    assert!(matches!(error, LoginError::TimedOut), "{error:?}");
    // The limit runs since the socket was connected, which was a little earlier.
    assert!(started.elapsed() >= LIMIT / 2);
}

#[test]
fn a_silent_peer_times_out() {
    for endpoint in BOTH {
        let (socket, _peer) = socket(LIMIT, b"");
        assert_times_out(|| endpoint.begin(socket));
        let (socket, _peer) = self::socket(LIMIT, &endpoint.handshake());
        assert_times_out(|| endpoint.begin(socket));
    }
}

/// Begins with a peer that accepts the handshake, then repeats bytes one by one.
fn assert_dripping_times_out(endpoint: Endpoint, start: &[u8], ever: &[u8]) {
    let (socket, mut peer) = socket(LIMIT, &[&endpoint.handshake(), start].concat());
    let ever = ever.to_vec();
    let dripping = std::thread::spawn(move || {
        let mut bytes = ever.chunks(1).cycle();
        bytes.all(|byte| peer.write_all(byte).is_ok())
    });
    assert_times_out(|| endpoint.begin(socket));
    dripping.join().unwrap();
}

#[test]
fn endless_messages_time_out() {
    for endpoint in BOTH {
        assert_dripping_times_out(endpoint, &[], &signal(&"noise"));
        assert_dripping_times_out(endpoint, &[], &reply(99, DAEMON, &"noise"));
    }
}

#[test]
fn an_endless_message_times_out() {
    // 128 MiB, less the header.
    let start = [b'l', 4, 0, 1, 0xf0, 0xff, 0xff, 7, 1, 0, 0, 0, 0, 0, 0, 0];
    for endpoint in BOTH {
        assert_dripping_times_out(endpoint, &start, &[0]);
    }
}

#[test]
fn a_peer_that_does_not_read_times_out() {
    for endpoint in BOTH {
        let (socket, _peer) = socket(LIMIT, &endpoint.opening());
        let (mut client, _) = endpoint.begin(socket).ok().unwrap();
        assert_times_out(|| client.answer(&"7".repeat(8 << 20)));
    }
}

#[test]
fn the_limit_holds_for_all_calls_together() {
    for endpoint in BOTH {
        let (socket, mut peer) = socket(LIMIT, &endpoint.opening());
        let (mut client, _) = endpoint.begin(socket).ok().unwrap();
        assert_times_out(|| client.answer("123456"));
        // The time is used up, even for an answer that is there.
        let late = endpoint.reply(2, &(verdict("verified"),));
        peer.write_all(&late).unwrap();
        let error = client.answer("123456").unwrap_err();
        assert!(matches!(error, LoginError::TimedOut), "{error:?}");
    }
}

#[test]
fn a_received_file_descriptor_is_closed() {
    for endpoint in BOTH {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).unwrap();
        let (socket, peer) = socket(TIMEOUT, b"");
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
        assert_eq!(end, Ok::<_, Errno>(0), "the other end is closed");
        drop(client);
        let _ = (&peer).read(&mut byte);
    }
}
