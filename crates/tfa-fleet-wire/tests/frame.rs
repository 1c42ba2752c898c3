//! Frames that come from a peer, whatever their bytes are.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

use proptest::prelude::*;
use tfa_fleet_wire::frame::{self, FrameError, LENGTH_BYTES, MAX_FRAME, VERSION};
use tfa_fleet_wire::{LinkError, LinkErrorKind, Reply, Request, Status, VerifierStatus};

fn body(frame: &[u8]) -> &[u8] {
    let (length, body) = frame.split_at(LENGTH_BYTES);
    let length = frame::body_length(length.try_into().unwrap()).unwrap();
    assert_eq!(length, body.len());
    body
}

fn with_version(message: &[u8]) -> Vec<u8> {
    [&[VERSION], message].concat()
}

prop_compose! {
    fn link_error()(
        kind in prop::sample::select(vec![
            LinkErrorKind::Unreachable,
            LinkErrorKind::Refused,
            LinkErrorKind::Protocol,
            LinkErrorKind::Ended,
        ]),
        text in "\\PC{0,80}",
    ) -> LinkError {
        LinkError { kind, text }
    }
}

prop_compose! {
    fn verifier()(
        name in "[a-z0-9.-]{0,80}",
        is_connected: bool,
        clock_ahead_ms: Option<i64>,
        round_trip_us: Option<u32>,
        error in proptest::option::of(link_error()),
    ) -> VerifierStatus {
        VerifierStatus { name, is_connected, clock_ahead_ms, round_trip_us, error }
    }
}

prop_compose! {
    fn status()(
        version in "\\PC{0,20}",
        host in "\\PC{0,80}",
        hosts: u32,
        verifiers in prop::collection::vec(verifier(), 0..9),
    ) -> Status {
        Status { version, host, hosts, verifiers }
    }
}

proptest! {
    #[test]
    fn a_reply_survives_the_round_trip(status in status()) {
        let reply = Reply::Status(status);
        let frame = frame::encode(&reply).unwrap();
        prop_assert_eq!(frame::decode::<Reply>(body(&frame)), Ok(reply));
    }

    #[test]
    fn a_part_of_a_frame_is_no_frame(status in status(), cut: prop::sample::Index) {
        let frame = frame::encode(&Reply::Status(status)).unwrap();
        let body = body(&frame);
        let part = body.get(..cut.index(body.len())).unwrap();
        prop_assert!(frame::decode::<Reply>(part).is_err());
    }

    #[test]
    fn bytes_after_a_message_are_refused(status in status(), more in prop::collection::vec(any::<u8>(), 1..9)) {
        let frame = frame::encode(&Reply::Status(status)).unwrap();
        let longer = [body(&frame), &more].concat();
        prop_assert_eq!(frame::decode::<Reply>(&longer), Err(FrameError::Message));
    }

    #[test]
    fn any_bytes_are_a_message_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let bytes = with_version(&bytes);
        if let Ok(request) = frame::decode::<Request>(&bytes) {
            prop_assert_eq!(request, Request::Status);
        }
        let _ = frame::decode::<Reply>(&bytes);
    }

    #[test]
    fn changed_bytes_are_a_message_or_an_error(
        status in status(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let frame = frame::encode(&Reply::Status(status)).unwrap();
        let mut body = body(&frame).to_vec();
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        // What can be decoded is no larger than its bytes: each string and each verifier has some.
        if let Ok(Reply::Status(status)) = frame::decode(&body) {
            let strings = status.version.len() + status.host.len() + status.verifiers.len();
            prop_assert!(strings <= body.len());
        }
    }

    #[test]
    fn a_length_is_accepted_up_to_the_longest_frame(length: u32) {
        let expected = match usize::try_from(length).unwrap() {
            0 => Err(FrameError::Empty),
            length if length <= MAX_FRAME => Ok(length),
            _ => Err(FrameError::TooLong),
        };
        prop_assert_eq!(frame::body_length(length.to_le_bytes()), expected);
    }
}

#[test]
fn the_bytes_of_a_request_are_these() {
    let frame = frame::encode(&Request::Status).unwrap();
    assert_eq!(&*frame, [3, 0, 0, 0, VERSION, 0x81, 0]);
}

#[test]
fn a_claimed_count_takes_no_memory() {
    // [0, ["", "", 0, (2^62 verifiers), …: the array says how many follow, and none do.
    let count = [&[0x9b][..], &(1_u64 << 62).to_be_bytes()].concat();
    let message = [&[0x82, 0, 0x84, 0x60, 0x60, 0][..], &count].concat();
    let decoded = frame::decode::<Reply>(&with_version(&message));
    assert_eq!(decoded, Err(FrameError::Message));
    // A string of 2^62 bytes.
    let length = [&[0x7b][..], &(1_u64 << 62).to_be_bytes()].concat();
    let message = [&[0x82, 0, 0x84][..], &length].concat();
    let decoded = frame::decode::<Reply>(&with_version(&message));
    assert_eq!(decoded, Err(FrameError::Message));
}

#[test]
fn deep_nesting_does_not_exhaust_the_stack() {
    // In the place of a field that a later version may have, which is skipped.
    let status = [0x82, 0, 0x85, 0x60, 0x60, 0, 0x80];
    for opening in [0x81, 0x9f, 0xa1, 0xc0] {
        let mut message = status.to_vec();
        message.resize(MAX_FRAME - 1, opening);
        let decoded = frame::decode::<Reply>(&with_version(&message));
        assert_eq!(decoded, Err(FrameError::Message));
    }
}

#[test]
fn another_version_is_refused_by_its_number() {
    assert_eq!(
        frame::decode::<Request>(&[VERSION + 1, 0x81, 0]),
        Err(FrameError::Version(VERSION + 1))
    );
    assert_eq!(frame::decode::<Request>(&[]), Err(FrameError::Empty));
}

#[test]
fn an_unknown_request_is_refused() {
    let unknown = frame::decode::<Request>(&with_version(&[0x81, 9]));
    assert_eq!(unknown, Err(FrameError::Message));
}

#[test]
fn a_message_longer_than_a_frame_is_not_encoded() {
    let status = |length| Status {
        version: "v".repeat(length),
        host: String::new(),
        hosts: 0,
        verifiers: Vec::new(),
    };
    assert!(frame::encode(&Reply::Status(status(MAX_FRAME - 64))).is_ok());
    let too_long = frame::encode(&Reply::Status(status(MAX_FRAME)));
    assert_eq!(too_long.err(), Some(FrameError::TooLong));
    let zeros = vec![0; MAX_FRAME + 1];
    assert_eq!(frame::decode::<Request>(&zeros), Err(FrameError::TooLong));
}
