//! Frames of HTTP/2 that are longer than the verifier takes.

use std::io::{Read as _, Write as _};

use crate::authority::Authority;
use crate::fixture::Program;
use crate::tls_client::{TlsStream, config, connect, is_served};

const HEADERS: u8 = 1;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const FRAME_SIZE_ERROR: u32 = 6;

/// Sends the header of a frame. Its length may be a lie.
fn send_header(stream: &mut TlsStream, length: u32, kind: u8, flags: u8, of_stream: u32) {
    let length = length.to_be_bytes();
    let bytes = [&length[1..], &[kind, flags], &of_stream.to_be_bytes()].concat();
    stream.write_all(&bytes).unwrap();
}

/// Reads frames until the connection ends. Returns the error of `GOAWAY`.
fn error_of(stream: &mut TlsStream) -> Option<u32> {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    // The settings' payload is left from `is_served`, so the frame is searched for.
    let code = bytes
        .windows(17)
        .rev()
        .find(|frame| frame[..4] == [0, 0, 8, GOAWAY] && frame[5..9] == [0; 4]);
    code.map(|frame| u32::from_be_bytes(frame[13..].try_into().unwrap()))
}

#[test]
fn oversized_frame_ends_the_connection() {
    let authority = Authority::new();
    let (_verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), "");
    let host = config(&authority, Some(&authority.issue_member("web1.test"))).into();
    for length in [16 * 1024 + 1, 0xff_ffff] {
        let mut stream = connect(address, &host);
        assert!(is_served(&mut stream));
        send_header(&mut stream, length, HEADERS, 4, 1);
        assert_eq!(error_of(&mut stream), Some(FRAME_SIZE_ERROR));
    }
}

#[test]
fn endless_headers_end_the_connection() {
    let authority = Authority::new();
    let (_verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), "");
    let host = config(&authority, Some(&authority.issue_member("web1.test"))).into();
    let mut stream = connect(address, &host);
    assert!(is_served(&mut stream));
    // A header without indexing, named "x", with 100 bytes, again and again, and never the last frame.
    let header = [&[0, 1, b'x', 100][..], &[b'v'; 100]].concat();
    let block = header.repeat(100);
    let length = u32::try_from(block.len()).unwrap();
    let mut kind = HEADERS;
    let sent = (0..10_000).find(|_| {
        let bytes = [
            &length.to_be_bytes()[1..],
            &[kind, 0],
            &1_u32.to_be_bytes(),
            &block,
        ]
        .concat();
        kind = CONTINUATION;
        stream.write_all(&bytes).is_err()
    });
    // The verifier closed the connection after a part of the 100 MB.
    assert!(sent.is_some());
}
