//! `tfa-enroll devices`.

use tfa_proto::{Device, DeviceKind, Status};
use tfa_testkit::daemon::{device, enabled};
use tfa_testkit::{TestHost, finished};

fn host_with(devices: Vec<Device>) -> TestHost {
    let status = Status {
        devices,
        ..enabled()
    };
    TestHost::new(env!("CARGO_BIN_EXE_tfa-enroll"), status)
}

fn three() -> Vec<Device> {
    let current = Device {
        current: true,
        ..device(2)
    };
    let address = Device {
        kind: DeviceKind::Address.into(),
        mark: "2001:db8:1:2::/64".to_owned(),
        key_type: None,
        ..device(7)
    };
    vec![device(1), current, address]
}

#[test]
fn the_list_fits_80_columns_and_names_the_device_of_the_session() {
    let host = host_with(three());
    let (code, out, _) = finished(&host.output_with(&["devices"]));
    let expected = "\
ID   UNTIL        LAST-USED   DEVICE
1    2100-01-01   2026-12-02  SHA256:ZY5EzmKtBCq/4Yd2UekHLzTEl0BKOPobpgks2st/KCI
2    2100-01-01   2026-12-02  SHA256:ZY5EzmKtBCq/4Yd2UekHLzTEl0BKOPobpgks2st/KCI
7    2100-01-01   2026-12-02  2001:db8:1:2::/64
The device of this login session: 2
";
    assert_eq!((code, out.as_str()), (0, expected));
    assert!(out.lines().all(|line| line.len() <= 80));
    let (_, out, _) = finished(&host.output_with(&["devices", "--json"]));
    assert!(out.starts_with("[\n  {\n    \"id\": 1,"), "{out}");
    assert!(out.contains("\"current\": true"), "{out}");
    assert!(out.contains("\"key_type\": null"), "{out}");
    let (_, out, _) = finished(&host.output_with(&["status"]));
    let counted = "Remembered devices: 3 (to list them: tfa-enroll devices)\n";
    assert!(out.contains(counted), "{out}");
}

#[test]
fn a_device_is_forgotten_but_not_the_one_of_the_session() {
    let host = host_with(three());
    let (code, out, error) = finished(&host.output_with(&["devices", "forget", "1"]));
    let said = "Device 1 was forgotten. Its next login is asked for a code.\n";
    assert_eq!((code, out.as_str(), error.as_str()), (0, said, ""));
    for (id, said) in [
        ("1", "There is no such device.\n"),
        ("2", "This session began from it.\n"),
    ] {
        let (code, out, error) = finished(&host.output_with(&["devices", "forget", id]));
        assert_eq!((code, out.as_str(), error.as_str()), (1, "", said));
    }
    let (code, out, _) = finished(&host.output_with(&["devices", "forget", "--all"]));
    let said = "\
One device was forgotten. Its next login is asked for a code.
The device of this login session stays remembered: 2
";
    assert_eq!((code, out.as_str()), (0, said));
    let (_, out, _) = finished(&host.output_with(&["devices", "forget", "--all"]));
    assert!(out.starts_with("No other device is remembered.\n"), "{out}");
}

#[test]
fn no_devices_are_an_empty_list() {
    let host = host_with(Vec::new());
    let (code, out, _) = finished(&host.output_with(&["devices"]));
    let said = "No device is remembered. Every login is asked for a code.\n";
    assert_eq!((code, out.as_str()), (0, said));
    let (_, out, _) = finished(&host.output_with(&["devices", "--json"]));
    assert_eq!(out, "[]\n");
    let (_, out, _) = finished(&host.output_with(&["status"]));
    assert!(!out.contains("Remembered"), "{out}");
}

#[test]
fn wrong_arguments_are_exit_code_2() {
    let host = host_with(three());
    for arguments in [
        &["devices", "forget"][..],
        &["devices", "forget", "1", "--all"],
        &["devices", "forget", "x"],
        &["devices", "forget", "-1"],
        &["devices", "list"],
        &["devices", "--json", "forget", "1"],
    ] {
        let (code, out, error) = finished(&host.output_with(arguments));
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}");
        assert!(!error.is_empty(), "{arguments:?}");
    }
    assert!(
        host.daemon().calls().is_empty(),
        "{:?}",
        host.daemon().calls()
    );
}
