//! The generated code belongs to the `.proto` beside it, and prints no message.

use sha2::{Digest as _, Sha256};
use tfa_fleet::generated::{Error, Line, Refused, Turn, Verdict, turn};

/// Each `.proto` with the code that is made of it.
const FILES: [(&str, &str); 2] = [
    (
        include_str!("../../proto/tfad/fleet/v1/fleet.proto"),
        include_str!("../src/generated.rs"),
    ),
    (
        include_str!("../../proto/etcd/kv.proto"),
        include_str!("../src/etcd/generated.rs"),
    ),
];

#[test]
fn generated_code_is_that_of_the_proto() {
    for (proto, generated) in FILES {
        let hash = Sha256::digest(proto);
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let head = generated.lines().nth(1);
        assert_eq!(head, Some(&*format!("// {hash}")), "run: make proto");
    }
}

#[test]
fn no_message_can_be_printed() {
    for (_, generated) in FILES {
        let mut lines = generated.lines().peekable();
        let mut messages = 0;
        while let Some(line) = lines.next() {
            if line.contains("::prost::Message)") || line.contains("::prost::Oneof)") {
                messages += 1;
                assert!(!line.contains("Debug"), "{line}");
                let next = lines.peek().map(|next| next.trim());
                assert_eq!(next, Some("#[prost(skip_debug)]"), "{line}");
            }
        }
        assert!(messages > 10);
    }
}

#[test]
fn unknown_verdict_or_error_is_the_one_that_denies() {
    let turn = Turn {
        lines: vec![Line::default()],
        next: Some(turn::Next::Verdict(99)),
        covers_account: false,
        if_lost: 99,
    };
    assert!(turn.if_lost() == Verdict::Unspecified);
    let Some(turn::Next::Verdict(number)) = turn.next else {
        unreachable!()
    };
    assert!(Verdict::try_from(number).is_err());
    let refused = Refused {
        error: 99,
        text: String::new(),
    };
    assert!(refused.error() == Error::Unspecified);
}
