//! Frames that come from a peer, whatever their bytes are.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

use proptest::prelude::*;
use tfa_fleet_core::Fingerprint;
use tfa_fleet_wire::frame::{self, FrameError, LENGTH_BYTES, MAX_FRAME, VERSION};
use tfa_fleet_wire::limits::MAX_ITEMS;
use tfa_fleet_wire::{
    AttemptBytes, BeginLogin, CaReply, CaRequest, ContextEntry, EndpointStatus, EntryValue,
    HostCall, HostReply, KeyRequest, KvCall, KvCompare, KvEntry, KvFailure, KvFailureKind, KvReply,
    KvWrite, LinkError, LinkErrorKind, LoginCall, LoginFacts, LoginGroup, LoginIdentity, LoginLine,
    LoginReply, LoginTurn, LoginUser, MemberCall, Membership, NeededFact, PresentKey, Reply,
    Request, SecretBytes, SecretText, Status, SubjectAnswer, SubjectQuestion, Validity,
    VerifierCall, VerifierStatus,
};

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
            LinkErrorKind::Local,
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
        refusal in proptest::option::of("\\PC{0,80}"),
        is_only_told: bool,
    ) -> VerifierStatus {
        VerifierStatus {
            name,
            is_connected,
            clock_ahead_ms,
            round_trip_us,
            error,
            refusal,
            is_only_told,
        }
    }
}

prop_compose! {
    fn endpoint()(
        url in "[a-z0-9:/.-]{0,80}",
        is_connected: bool,
        error in proptest::option::of(link_error()),
    ) -> EndpointStatus {
        EndpointStatus { url, is_connected, error }
    }
}

prop_compose! {
    fn status()(
        version in "\\PC{0,20}",
        host in "\\PC{0,80}",
        hosts: u32,
        verifiers in prop::collection::vec(verifier(), 0..9),
        etcd in prop::collection::vec(endpoint(), 0..4),
        is_etcd_full: Option<bool>,
    ) -> Status {
        Status { version, host, hosts, verifiers, etcd, is_etcd_full }
    }
}

fn bytes() -> impl Strategy<Value = minicbor::bytes::ByteVec> {
    prop::collection::vec(any::<u8>(), 0..40).prop_map(Into::into)
}

fn call() -> impl Strategy<Value = KvCall> {
    let keys = || prop::collection::vec(bytes(), 0..5);
    let compare = prop_oneof![
        (bytes(), any::<i64>()).prop_map(|(key, revision)| KvCompare::Revision(key, revision)),
        (bytes(), bytes()).prop_map(|(key, value)| KvCompare::Value(key, value)),
    ];
    let write = prop_oneof![
        (bytes(), bytes()).prop_map(|(key, value)| KvWrite::Put(key, value)),
        bytes().prop_map(KvWrite::Delete),
    ];
    prop_oneof![
        keys().prop_map(|keys| KvCall::Get { keys }),
        (bytes(), bytes(), any::<u32>()).prop_map(|(from, to, limit)| KvCall::Range {
            from,
            to,
            limit
        }),
        (
            prop::collection::vec(compare, 0..5),
            prop::collection::vec(write, 0..5),
            keys()
        )
            .prop_map(|(compares, then, otherwise)| KvCall::Txn {
                compares,
                then,
                otherwise
            }),
    ]
}

fn kv_reply() -> impl Strategy<Value = KvReply> {
    let entry = || {
        (bytes(), bytes(), any::<i64>()).prop_map(|(key, value, revision)| KvEntry {
            key,
            value,
            revision,
        })
    };
    let values = || prop::collection::vec(prop::option::of(entry()), 0..5);
    let kinds = vec![
        KvFailureKind::Unsent,
        KvFailureKind::Unknown,
        KvFailureKind::Refused,
        KvFailureKind::TooLarge,
    ];
    prop_oneof![
        values().prop_map(KvReply::Values),
        (prop::collection::vec(entry(), 0..5), any::<bool>())
            .prop_map(|(entries, more)| KvReply::Entries { entries, more }),
        any::<i64>().prop_map(KvReply::Applied),
        values().prop_map(KvReply::Differs),
        (prop::sample::select(kinds), "\\PC{0,40}")
            .prop_map(|(kind, text)| KvReply::Failed(KvFailure { kind, text })),
    ]
}

fn text() -> impl Strategy<Value = String> {
    "\\PC{0,12}"
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(text(), 0..4)
}

fn attempt() -> impl Strategy<Value = AttemptBytes> {
    any::<[u8; 16]>().prop_map(AttemptBytes)
}

fn group() -> impl Strategy<Value = LoginGroup> {
    prop_oneof![
        text().prop_map(LoginGroup::Name),
        any::<u32>().prop_map(LoginGroup::Number),
    ]
}

prop_compose! {
    fn question()(
        all_names: bool, groups in prop::collection::vec(group(), 0..4), in_rules in texts(),
    ) -> SubjectQuestion {
        SubjectQuestion { all_names, groups, in_rules }
    }
}

fn identity() -> impl Strategy<Value = LoginIdentity> {
    let membership = (group(), any::<Option<bool>>());
    let membership = membership.prop_map(|(group, belongs)| Membership { group, belongs });
    let groups = prop::collection::vec(membership, 0..4);
    (text(), groups).prop_map(|(name, groups)| LoginIdentity { name, groups })
}

prop_compose! {
    fn login_facts()(
        at_console: Option<bool>,
        subject in prop::option::of((question(), prop::collection::vec(identity(), 0..4))),
        session_phase_decides: Option<bool>,
        goes_on_after_wrong_password: Option<bool>,
    ) -> LoginFacts {
        let subject = subject.map(|(question, identities)| SubjectAnswer { question, identities });
        LoginFacts { at_console, subject, session_phase_decides, goes_on_after_wrong_password }
    }
}

prop_compose! {
    fn begin()(
        attempt in attempt(),
        (name, uid, aliases) in (text(), any::<u32>(), texts()),
        context in prop::collection::vec((text(), prop_oneof![
            text().prop_map(EntryValue::Text),
            any::<bool>().prop_map(EntryValue::Flag),
            any::<u32>().prop_map(EntryValue::Number),
        ]), 0..4),
        caller_uid: u32,
        facts in login_facts(),
    ) -> LoginCall {
        let context = context.into_iter();
        let context = context.map(|(key, value)| ContextEntry { key, value }).collect();
        let user = LoginUser { name, uid, aliases };
        LoginCall::Begin(BeginLogin { attempt, user, context, caller_uid, facts })
    }
}

fn login_call() -> impl Strategy<Value = LoginCall> {
    let answer = (attempt(), any::<u32>(), any::<u32>(), text());
    prop_oneof![
        begin(),
        answer.prop_map(|(attempt, dialog, number, answer)| LoginCall::Answer {
            attempt,
            dialog,
            number,
            answer: SecretText::new(answer),
        }),
        (attempt(), any::<u32>())
            .prop_map(|(attempt, dialog)| LoginCall::Cancel { attempt, dialog }),
    ]
}

fn login_reply() -> impl Strategy<Value = LoginReply> {
    let line = (text(), text()).prop_map(|(kind, text)| LoginLine {
        kind,
        text: SecretText::new(text),
    });
    let lines = prop::collection::vec(line, 0..4);
    let turn = (any::<u32>(), lines, text(), text(), any::<u32>());
    prop_oneof![
        turn.prop_map(|(dialog, lines, next, text, number)| LoginReply::Begun {
            dialog,
            turn: LoginTurn {
                lines,
                next,
                text,
                number
            },
        }),
        Just(LoginReply::NeedFact(NeededFact::Console)),
        Just(LoginReply::NeedFact(NeededFact::SessionPhase)),
        question().prop_map(|asked| LoginReply::NeedFact(NeededFact::Subject(asked))),
        (text(), text()).prop_map(|(error, text)| LoginReply::Refused { error, text }),
        Just(LoginReply::Cancelled),
    ]
}

#[test]
fn neither_codes_nor_attempts_are_printed() {
    let call = LoginCall::Answer {
        attempt: AttemptBytes([0xab; 16]),
        dialog: 1,
        number: 1,
        answer: SecretText::new("123456".to_owned()),
    };
    let shown = format!("{call:?}");
    assert!(!shown.contains("123456") && !shown.contains("171") && !shown.contains("ab"));
}

proptest! {
    #[test]
    fn a_login_and_its_reply_survive_the_round_trip(
        member in text(), call in login_call(), reply in login_reply(),
        budget_ms: u32, verifier in prop::option::of(text()), only_there: bool, why in text(),
    ) {
        let request = Request::Login { call: call.clone(), budget_ms, verifier, only_there };
        let frame = frame::encode(&request).unwrap();
        prop_assert_eq!(frame::decode::<Request>(body(&frame)), Ok(request));
        let verifier = why.clone();
        let answered = Reply::Login { verifier, reply: reply.clone() };
        for answered in [
            answered,
            Reply::NoVerifier(why.clone()),
            Reply::NoAnswer(why.clone()),
            Reply::Lost(why),
        ] {
            let frame = frame::encode(&answered).unwrap();
            prop_assert_eq!(frame::decode::<Reply>(body(&frame)), Ok(answered));
        }
        let key = Fingerprint::of(member.as_bytes());
        let call = VerifierCall::Member(MemberCall { member, call, key });
        let frame = frame::encode(&call).unwrap();
        prop_assert_eq!(frame::decode::<VerifierCall>(body(&frame)), Ok(call));
        let frame = frame::encode(&reply).unwrap();
        prop_assert_eq!(frame::decode::<LoginReply>(body(&frame)), Ok(reply));
    }

    #[test]
    fn calls_about_certificates_survive_the_round_trip(
        id: [u8; 8], secret: [u8; 16], joins: [u8; 32], point: [u8; 32], proof in prop::collection::vec(any::<u8>(), 0..80),
        host in text(), from: u64, until: u64, is_verifier: bool, port: Option<u16>,
    ) {
        let mut whole = [4; 65];
        whole[1..33].copy_from_slice(&point);
        let request = KeyRequest { point: whole, proof: proof.clone() };
        let secret = SecretBytes(secret.to_vec().into());
        prop_assert_eq!(format!("{secret:?}"), "SecretBytes(_)");
        let key = Fingerprint::of(&proof);
        let join = HostCall::Join { id, proof: joins, request: request.clone(), from: host.clone() };
        let present = PresentKey { point: whole, proof: proof.clone() };
        let renew = HostCall::Renew { host: host.clone(), present: present.clone(), request: request.clone() };
        let list = HostCall::ListVerifiers { host: host.clone(), key };
        for call in [join, renew, list].map(VerifierCall::Host) {
            let frame = frame::encode(&call).unwrap();
            prop_assert_eq!(frame::decode::<VerifierCall>(body(&frame)), Ok(call));
        }
        let certificate = proof;
        let verifiers = vec![host.clone(); 3];
        let certified =
            HostReply::Certified { certificate: certificate.clone(), verifiers: verifiers.clone(), port };
        let listed = HostReply::Verifiers { verifiers };
        let refused = HostReply::Refused { error: host.clone(), text: host.clone() };
        for reply in [certified, refused, listed] {
            let frame = frame::encode(&reply).unwrap();
            prop_assert_eq!(frame::decode::<HostReply>(body(&frame)), Ok(reply));
        }
        let validity = Validity { from, until };
        let make = CaRequest::Make { id, validity };
        let sign = CaRequest::Sign {
            id, key: secret.clone(), host: host.clone(), is_verifier, request, validity, renewed_by: Some(present),
        };
        for request in [make, sign] {
            let frame = frame::encode(&request).unwrap();
            prop_assert_eq!(frame::decode::<CaRequest>(body(&frame)), Ok(request));
        }
        let made = CaReply::Made { key: secret, certificate: certificate.clone() };
        let signed = CaReply::Signed { certificate };
        for reply in [made, signed, CaReply::NoProof, CaReply::Failed(host)] {
            let frame = frame::encode(&reply).unwrap();
            prop_assert_eq!(frame::decode::<CaReply>(body(&frame)), Ok(reply));
        }
    }

    #[test]
    fn a_reply_survives_the_round_trip(status in status()) {
        let reply = Reply::Status(status);
        let frame = frame::encode(&reply).unwrap();
        prop_assert_eq!(frame::decode::<Reply>(body(&frame)), Ok(reply));
    }

    #[test]
    fn a_call_to_etcd_and_its_reply_survive_the_round_trip(
        call in call(), budget_ms: u32, reply in kv_reply(),
    ) {
        let request = Request::Kv { call, budget_ms };
        let frame = frame::encode(&request).unwrap();
        prop_assert_eq!(frame::decode::<Request>(body(&frame)), Ok(request));
        let reply = Reply::Kv(reply);
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
        let _ = frame::decode::<Request>(&bytes);
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
fn a_list_has_a_bound_in_items() {
    // Each item is one byte here, and some words in memory.
    let values = |count: usize| Reply::Kv(KvReply::Values(vec![None; count]));
    let decoded = |count| {
        let frame = frame::encode(&values(count)).unwrap();
        frame::decode::<Reply>(body(&frame))
    };
    assert_eq!(decoded(MAX_ITEMS), Ok(values(MAX_ITEMS)));
    assert_eq!(decoded(MAX_ITEMS + 1), Err(FrameError::Message));
}

#[test]
fn deep_nesting_does_not_exhaust_the_stack() {
    // In the place of a field that a later version may have, which is skipped.
    let status = [0x82, 0, 0x86, 0x60, 0x60, 0, 0x80, 0x80];
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
        etcd: Vec::new(),
        is_etcd_full: None,
    };
    assert!(frame::encode(&Reply::Status(status(MAX_FRAME - 64))).is_ok());
    let too_long = frame::encode(&Reply::Status(status(MAX_FRAME)));
    assert_eq!(too_long.err(), Some(FrameError::TooLong));
    let zeros = vec![0; MAX_FRAME + 1];
    assert_eq!(frame::decode::<Request>(&zeros), Err(FrameError::TooLong));
}
