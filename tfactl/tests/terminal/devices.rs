//! `tfactl devices`.

use tfa_proto::Status;
use tfa_testkit::daemon::device;
use tfa_testkit::finished;

use crate::{account, host_with};

#[test]
fn devices_are_listed_and_forgotten() {
    let status = Status {
        devices: vec![device(1), device(2)],
        ..account("alice", "enabled")
    };
    let host = host_with(vec![status, account("bob", "enabled")]);
    let (code, out, _) = finished(&host.output_with(&["devices", "list", "alice"]));
    let expected = "\
ID   UNTIL        LAST-USED   DEVICE
1    2100-01-01   2026-12-02  SHA256:ZY5EzmKtBCq/4Yd2UekHLzTEl0BKOPobpgks2st/KCI
2    2100-01-01   2026-12-02  SHA256:ZY5EzmKtBCq/4Yd2UekHLzTEl0BKOPobpgks2st/KCI
";
    assert_eq!((code, out.as_str()), (0, expected));
    let (_, out, _) = finished(&host.output_with(&["devices", "list", "alice", "--json"]));
    assert!(out.starts_with("[\n  {\n    \"id\": 1,"), "{out}");
    let (code, out, _) = finished(&host.output_with(&["devices", "list", "bob"]));
    assert_eq!(
        (code, out.as_str()),
        (0, "No device of bob is remembered.\n")
    );

    let (code, out, _) = finished(&host.output_with(&["devices", "forget", "alice", "2"]));
    let said = "Device 2 of alice was forgotten. Its next login is asked for a code.\n";
    assert_eq!((code, out.as_str()), (0, said));
    let (code, out, _) = finished(&host.output_with(&["devices", "forget", "alice", "--all"]));
    let said = "2 devices of alice were forgotten. Their next logins are asked for a code.\n";
    assert_eq!((code, out.as_str()), (0, said));
    let calls = host.daemon().calls();
    assert!(
        calls.iter().any(|call| call == "ForgetDevice alice 2"),
        "{calls:?}"
    );
    assert!(
        calls.iter().any(|call| call == "ForgetDevices alice"),
        "{calls:?}"
    );
}

#[test]
fn a_device_is_named_by_its_id_or_all_are() {
    let host = host_with(vec![account("alice", "enabled")]);
    for arguments in [
        &["devices"][..],
        &["devices", "alice"],
        &["devices", "forget", "alice"],
        &["devices", "forget", "alice", "1", "--all"],
        &["devices", "forget", "alice", "first"],
    ] {
        let (code, _, error) = finished(&host.output_with(arguments));
        assert_eq!(code, 2, "{arguments:?}: {error}");
    }
    let (code, _, _) = finished(&host.output_with(&["devices", "forget", "nobody1", "1"]));
    assert_eq!(code, 1);
}
