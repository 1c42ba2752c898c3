//! The generated code belongs to the `.proto` beside it, and prints no message.

use sha2::{Digest as _, Sha256};

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
