//! The rotation of the sealing key, under logins, killed in the middle, and continued.

use std::time::Duration;

use tfa_tests::Machine;

use crate::locks::logs_in;
use crate::users::{machine_with_alice_set_up, ssh_to_code_prompt};

/// Users with a record, so that a rotation takes some time.
const FILL: &str = r#"
    for number in $(seq -w 1000); do
        echo "user$number:x:$((10000 + 1$number)):100::/nonexistent:/bin/sh" >> /etc/passwd
    done
    for number in $(seq -w 1000); do
        tfactl exempt "user$number" --for 1d --reason "user number $number" || exit 1
    done
"#;

/// Starts a rotation, and kills the daemon as soon as it has reported progress. Prints whether the
/// rotation was still under way then.
const KILL: &str = r#"
    pid=$(systemctl show -p MainPID --value tfad)
    rm -f /run/tfa/key-rotation
    tfactl key rotate >/root/rotated 2>&1 & rotate=$!
    until grep -qs progress /run/tfa/key-rotation || ! kill -0 $rotate 2>&-; do :; done
    kill -9 $pid
    [ -e /var/lib/tfa/key.next ] && echo under way
    wait $rotate && cat /root/rotated
"#;

fn sum_of_key(machine: &Machine) -> String {
    machine.succeed(["sha256sum", "/var/lib/tfa/key"])
}

/// All users have a record that can be read.
#[track_caller]
fn all_are_listed(machine: &Machine) {
    let list = machine.succeed(["tfactl", "list"]);
    assert_eq!(list.lines().count(), 1002, "{list}");
    assert!(!list.contains("unusable"), "{list}");
}

#[test]
fn a_rotation_survives_kills_and_logins_go_on() {
    let (mut machine, alice) = machine_with_alice_set_up();
    machine.succeed(["sh", "-c", FILL]);
    machine.succeed(["tfactl", "backup", "/root/before"]);
    let first = sum_of_key(&machine);

    // A login that is under way while the key changes.
    let login = ssh_to_code_prompt(&machine, "alice");
    let terminal = machine.terminal(["tfactl", "key", "rotate"]);
    terminal.expect_within(
        "1001 records are sealed with the new key",
        Duration::from_secs(60),
    );
    assert!(terminal.wait_exit().success());
    login.type_secret(&alice.phone.next_unused());
    login.expect("alice@host:~$");
    let second = sum_of_key(&machine);
    assert_ne!(second, first);
    machine.expect_in_journal("tfad", "the sealing key was rotated: 1001 records");
    let refused = machine.fail(["tfactl", "restore", "/root/before", "--force"]);
    assert!(refused.to_string().contains("another key"), "{refused}");

    // Killed in the middle, the daemon continues when it starts again.
    let mut under_way = 0;
    for _ in 0..3 {
        let said = machine.succeed(["sh", "-c", KILL]);
        under_way += said.matches("under way").count();
        assert!(said.contains("sealed with the new key"), "{said}");
        assert!(!machine.has_file("/var/lib/tfa/key.next"));
        all_are_listed(&machine);
    }
    assert!(under_way > 0, "no kill was in the middle");
    logs_in(&machine, &alice.phone.next_unused());

    // A power cut.
    const BEGIN: &str = "tfactl key rotate >&- 2>&- & \
        until grep -qs progress /run/tfa/key-rotation; do :; done";
    machine.succeed(["sh", "-c", &format!("rm -f /run/tfa/key-rotation; {BEGIN}")]);
    machine.power_cut();
    machine.succeed(["tfactl", "key", "rotate", "--json"]);
    assert!(!machine.has_file("/var/lib/tfa/key.next"));
    all_are_listed(&machine);
    logs_in(&machine, &alice.phone.next_unused());
    machine.succeed(["tfactl", "backup", "/root/after"]);
}
