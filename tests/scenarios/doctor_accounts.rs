//! The doctor on accounts of users who cannot log in.

use tfa_tests::{Machine, Suite};

use crate::doctor::{finding, findings, host_of_the_readme, is_silent, mend};
use crate::guard::{by_key, is_accepted, is_refused as key_is_refused};
use crate::identity::{after_password, after_the_last_process, is_refused};
use crate::locks::lock_the_console_permanently;
use crate::users::{CODE, PASSWORD, set_policy};

#[test]
fn a_user_whose_uid_has_changed_is_found_until_the_record_is_renamed() {
    let (machine, _alice) = host_of_the_readme(Suite::Bookworm);
    after_the_last_process(&machine, "alice", "usermod -u 3000 alice");
    is_refused(&machine, "alice");
    let found = finding(&machine, "lock-out", "record-unusable");
    assert_eq!(found["names"], serde_json::json!(["alice"]));
    let remedy = found["remedy"].as_str().unwrap();
    let rename = "tfactl rename alice alice";
    assert!(remedy.contains(rename), "{remedy}");
    mend(&machine, &found);
    machine.succeed(["sh", "-c", rename]);
    is_silent(&machine);
    after_password(&machine, "alice").expect(CODE);
}

#[test]
fn a_new_user_with_the_uid_of_another_record_is_found_until_the_reset() {
    let (machine, _alice) = host_of_the_readme(Suite::Bookworm);
    after_the_last_process(&machine, "alice", "userdel --remove alice");
    is_silent(&machine);
    machine.succeed(["useradd", "-u", "1000", "-m", "-s", "/bin/bash", "bob"]);
    machine.set_password("bob", PASSWORD);
    after_password(&machine, "bob").expect(CODE);
    let found = finding(&machine, "risk", "record-renamed");
    assert_eq!(found["names"], serde_json::json!(["bob"]));
    let remedy = found["remedy"].as_str().unwrap();
    assert!(remedy.contains("tfactl reset bob"), "{remedy}");
    machine.succeed(["tfactl", "reset", "bob", "--yes"]);
    // No user has enrolled now, which is advice.
    let only = ["tfactl", "doctor", "--only", "record-renamed", "--json"];
    assert_eq!(findings(&machine.succeed(only)), [""; 0]);
    after_password(&machine, "bob").expect("bob@host:");
}

#[test]
fn a_lock_that_does_not_end_is_found_until_it_is_removed() {
    let (machine, alice) = host_of_the_readme(Suite::Bookworm);
    lock_the_console_permanently(&machine, &alice.phone);
    let found = finding(&machine, "lock-out", "account-locked");
    assert_eq!(found["names"], serde_json::json!(["alice"]));
    // The commands only look: the lock may be what keeps a thief out.
    mend(&machine, &found);
    finding(&machine, "lock-out", "account-locked");
    machine.succeed(["tfactl", "unlock", "alice"]);
    is_silent(&machine);
}

const REQUIRED: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\n";

/// A host that requires a second factor, and a user with a key and without a password.
fn host_with_a_user_without_password(policy: &str) -> Machine {
    let (machine, _alice) = host_of_the_readme(Suite::Bookworm);
    machine.succeed(["tfactl", "recovery", "create", "--yes"]);
    machine.add_user("cloud", PASSWORD);
    machine.succeed(["passwd", "-l", "cloud"]);
    let _ = machine.authorize_key("cloud");
    is_silent(&machine);
    is_accepted(&by_key(&machine, "cloud"));
    set_policy(&machine, policy);
    machine
}

#[test]
fn a_user_without_a_password_is_found_where_the_key_is_refused() {
    let machine = host_with_a_user_without_password(REQUIRED);
    key_is_refused(&by_key(&machine, "cloud"));
    let found = finding(&machine, "lock-out", "key-only");
    assert_eq!(found["names"], serde_json::json!(["cloud"]));
    assert_eq!(found["commands"], serde_json::json!(["passwd cloud"]));

    // In the grace period the key is enough.
    set_policy(&machine, &REQUIRED.replace("\"0\"", "\"7d\""));
    is_accepted(&by_key(&machine, "cloud"));
    finding(&machine, "risk", "key-only");

    let rule = "[[policy.rule]]\nusers = [\"cloud\"]\nmethods = [\"publickey\"]\nmode = \"off\"\n\
                reason = \"no password\"\n";
    set_policy(&machine, &format!("{REQUIRED}{rule}"));
    is_accepted(&by_key(&machine, "cloud"));
    is_silent(&machine);

    set_policy(&machine, REQUIRED);
    machine.set_password("cloud", PASSWORD);
    is_silent(&machine);
}

#[test]
fn root_is_found_whose_key_is_refused_and_whose_password_sshd_refuses() {
    let (machine, _alice) = host_of_the_readme(Suite::Bookworm);
    machine.succeed(["tfactl", "recovery", "create", "--yes"]);
    machine.set_password("root", PASSWORD);
    set_policy(&machine, REQUIRED);
    is_silent(&machine);
    let _ = machine.authorize_key("root");
    key_is_refused(&by_key(&machine, "root"));
    finding(&machine, "lock-out", "key-only-root");
    // Images for clouds have such a key, which lets no user in.
    let keys = "/root/.ssh/authorized_keys";
    let key = machine.read_file(keys);
    machine.write_file(keys, format!("command=\"echo no\" {key}"));
    is_silent(&machine);
    machine.write_file(keys, key);
    machine.configure_sshd("20-root", "PermitRootLogin yes");
    is_silent(&machine);
}

#[test]
fn no_printed_command_shuts_out_a_user_without_a_password() {
    let policy = format!("{REQUIRED}guard = []\n");
    let machine = host_with_a_user_without_password(&policy);
    let found = finding(&machine, "hole", "sshd-keys-not-guarded");
    assert_eq!(found["commands"], serde_json::json!(["passwd cloud"]));
    set_policy(&machine, REQUIRED);
    let rule = "cloud ALL=(ALL) NOPASSWD: ALL\n";
    machine.write_file("/etc/sudoers.d/90-cloud", rule);
    let output = machine.run(["tfactl", "doctor", "--only", "sudo-nopasswd", "--json"]);
    let findings = findings(&output.stdout);
    assert_eq!(findings[0]["commands"], serde_json::json!(["passwd cloud"]));
}

/// The users of the findings of this id.
#[track_caller]
fn users_of(machine: &Machine, id: &str) -> Vec<serde_json::Value> {
    let output = machine.run(["tfactl", "doctor", "--json", "--only", id]);
    let findings = findings(&output.stdout);
    let users = findings.iter().filter(|finding| finding["id"] == id);
    users.map(|finding| finding["names"].clone()).collect()
}

#[test]
fn a_user_without_the_key_that_sshd_demands_is_found() {
    for suite in [Suite::Bookworm, Suite::Trixie] {
        let (machine, _alice) = host_of_the_readme(suite);
        machine.add_user("bob", PASSWORD);
        let _ = machine.authorize_key("alice");
        set_policy(&machine, REQUIRED);
        assert_eq!(users_of(&machine, "key-missing"), [""; 0]);
        let both = "AuthenticationMethods publickey,keyboard-interactive";
        machine.configure_sshd("20-both", both);
        assert_eq!(
            users_of(&machine, "key-missing"),
            [serde_json::json!(["bob"])]
        );
        let refused = machine.ssh("bob");
        refused.expect("Permission denied (publickey");
        for (admission, found) in [
            ("AllowUsers alice", &[][..]),
            ("AllowGroups alice", &[]),
            ("AllowUsers b?b@192.0.2.*", &[serde_json::json!(["bob"])]),
            ("AllowGroups alice bob", &[serde_json::json!(["bob"])]),
        ] {
            // systemd starts a unit five times in ten seconds.
            machine.succeed(["systemctl", "reset-failed", "ssh"]);
            machine.configure_sshd("20-both", &format!("{both}\n{admission}"));
            assert_eq!(users_of(&machine, "key-missing"), found, "{admission}");
        }
        machine.succeed(["systemctl", "reset-failed", "ssh"]);
        machine.configure_sshd("20-both", both);

        // One with a key is asked for the code behind it.
        let key = machine.authorize_key("bob");
        let options = ["-i", &key, "-oIdentitiesOnly=yes"];
        machine.ssh_with("bob", &options).expect("Password:");
        assert_eq!(users_of(&machine, "key-missing"), [""; 0]);

        // A program knows keys that no file has.
        machine.succeed(["rm", "/home/bob/.ssh/authorized_keys"]);
        machine.add_user("cloud", PASSWORD);
        machine.succeed(["passwd", "-l", "cloud"]);
        assert_eq!(
            users_of(&machine, "key-missing"),
            [serde_json::json!(["bob"])]
        );
        assert_eq!(users_of(&machine, "key-unknown"), [""; 0]);
        let program = "AuthorizedKeysCommand /usr/bin/true %u\nAuthorizedKeysCommandUser nobody";
        machine.configure_sshd("20-both", &format!("{both}\n{program}"));
        assert_eq!(users_of(&machine, "key-missing"), [""; 0]);
        assert_eq!(
            users_of(&machine, "key-unknown"),
            [serde_json::json!(["cloud"])]
        );
    }
}
