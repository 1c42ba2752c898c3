//! The explanation of what replaces a code: a key, a device, a code of the session, the recovery code.

use serde_json::Value;
use tfa_proto::{Explanation, Outcome, Reason};
use tfa_testkit::finished;

use crate::explain::{explaining, required, said, unbroken};
use crate::json;

pub(crate) const FINGERPRINT: &str = "SHA256:ZY5EzmKtBCq/4Yd2UekHLzTEl0BKOPobpgks2st/KCI";

fn json_of(explanation: Explanation) -> Value {
    let arguments = ["explain", "alice", "--json"];
    let (code, out, _) = finished(&explaining(explanation).output_with(&arguments));
    assert_eq!(code, 0, "{out}");
    json(&out)
}

#[test]
fn a_remembered_device_is_shown_with_its_key_and_its_end() {
    let from_device = Explanation {
        outcome: Outcome::Nothing.into(),
        reason: Some(Reason::RememberedDevice.into()),
        key: Some(FINGERPRINT.to_owned()),
        device: Some(3),
        device_until: Some(1_796_133_900),
        shown: String::new(),
        ..required()
    };
    let text = unbroken(&said(from_device.clone(), &["--key", FINGERPRINT]));
    let login = format!("\nMethod: an SSH key, then the password\nKey: {FINGERPRINT}\n");
    assert!(text.contains(&login), "{text}");
    assert!(text.contains("\nOutcome: asked for nothing\n"), "{text}");
    let why = "\nReason: the login comes from a remembered device, beside the password\n";
    assert!(text.contains(why), "{text}");
    assert!(
        text.contains("\nDevice: 3, remembered until 2026-12-01"),
        "{text}"
    );
    let out = json_of(from_device);
    assert_eq!(out["key"], FINGERPRINT);
    assert_eq!(out["device"], 3);
    assert_eq!(out["device_until"], "2026-12-01T14:05:00Z");
}

#[test]
fn what_may_replace_the_code_is_shown_and_not_claimed() {
    let at_console = Explanation {
        session_minutes: Some(10),
        recovery_code: true,
        ..required()
    };
    let text = unbroken(&said(at_console.clone(), &[]));
    assert!(text.contains("\nOutcome: asked for a code\n"), "{text}");
    for line in [
        "\nCode of the session: if the login session began with a code in the last 10 minutes, none is \
         asked for\n",
        "\nRecovery code: that of this host is accepted in place of the code\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let refused = Explanation {
        outcome: Outcome::Refused.into(),
        reason: Some(Reason::TooLate.into()),
        ..at_console.clone()
    };
    let line = "\nRecovery code: that of this host is asked for, and lets the user in\n";
    let text = said(refused, &[]);
    assert!(text.contains(line), "{text}");
    let out = json_of(at_console);
    assert_eq!(out["session_minutes"], 10);
    assert_eq!(out["recovery_code"], true);
}

#[test]
fn a_key_file_is_read_here_and_a_private_key_is_not_sent() {
    for (content, says) in [
        ("-----BEGIN OPENSSH PRIVATE KEY-----\n", "is a private key"),
        ("hello\n", "has no public key"),
        ("ssh-rsa A\nssh-rsa B\n", "has several lines"),
        ("restrict ssh-rsa A\n", "has options before the key"),
        ("# mine\nssh-ed25519 AAAA alice@laptop\n", ""),
    ] {
        let host = explaining(required());
        std::fs::write(host.file("id.pub"), content).unwrap();
        let output = host.output_with(&["explain", "alice", "--key", "id.pub"]);
        let (code, _, error) = finished(&output);
        assert!(error.contains(says), "{error}");
        // The command would change nothing in any case.
        assert!(!error.contains("Nothing was changed"), "{error}");
        let sent = host
            .daemon()
            .account(|account| account.hypothetical_login.take());
        let sent = sent.and_then(|login| login.key);
        let expected = says.is_empty().then_some("ssh-ed25519 AAAA alice@laptop");
        assert_eq!((sent.as_deref(), code == 0), (expected, says.is_empty()));
    }
    let host = explaining(required());
    let (code, _, error) = finished(&host.output_with(&["explain", "alice", "--key", "absent"]));
    assert_eq!(code, 1, "{error}");
    assert!(
        error.contains("The file absent could not be read: "),
        "{error}"
    );
    let both = ["explain", "alice", "--key", FINGERPRINT, "--security-key"];
    assert_eq!(finished(&host.output_with(&both)).0, 2);
}
