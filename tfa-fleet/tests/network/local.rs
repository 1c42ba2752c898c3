//! The socket of tfad.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;

use tfa_fleet_wire::frame::{self, MAX_FRAME, VERSION};
use tfa_fleet_wire::{Reply, Request};

use crate::TIMEOUT;
use crate::authority::Authority;
use crate::fixture::Program;

fn start() -> Program {
    let authority = Authority::new();
    Program::verifier(&authority.issue("v1.test"), authority.certificate(), "").0
}

/// Sends bytes, and returns all that comes back.
fn exchange(program: &Program, bytes: &[u8]) -> Vec<u8> {
    let mut stream = UnixStream::connect(program.folder.path().join("call")).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream.write_all(bytes).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        // The program has closed the connection without reading all of it.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        read => assert!(read.is_ok(), "{read:?}"),
    }
    answer
}

#[test]
fn requests_are_answered_one_after_the_other() {
    let program = start();
    let one = frame::encode(&Request::Status).unwrap();
    let answer = exchange(&program, &[&*one, &*one].concat());
    assert_eq!(answer.len() % 2, 0);
    let (first, second) = answer.split_at(answer.len() / 2);
    assert_eq!(first, second);
    assert!(matches!(frame::decode(&first[4..]), Ok(Reply::Status(_))));
}

#[test]
fn bytes_that_are_no_request_end_the_connection() {
    let program = start();
    let not_understood = frame::encode(&Reply::NotUnderstood).unwrap();
    let good = frame::encode(&Request::Status).unwrap();
    for body in [
        &[VERSION, 0x81, 9][..],
        &[VERSION + 1, 0x81, 0],
        &[0xff; 40],
    ] {
        let length = u32::try_from(body.len()).unwrap().to_le_bytes();
        // What follows is not read.
        let answer = exchange(&program, &[&length, body, &*good].concat());
        assert_eq!(answer, *not_understood);
    }
    let too_long = u32::try_from(MAX_FRAME + 1).unwrap().to_le_bytes();
    assert_eq!(exchange(&program, &too_long), []);
    assert_eq!(exchange(&program, &[0; 4]), []);
    assert_eq!(exchange(&program, &good[..5]), []);
    assert_eq!(program.status().host, "v1.test");
}
