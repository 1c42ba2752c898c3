//! Backups: made under logins, restored after a loss and on another machine, and refused.

use tfa_tests::Machine;

use crate::locks::{after_password, logs_in};
use crate::store::SEAL_WITH_CREDENTIAL;
use crate::users::{CODE, PASSWORD, machine_with_alice_set_up, set_up, ssh_to_code_prompt};

const PASSPHRASE: &str = "twelve letters and more";
const FILE: &str = "/root/tfa.backup";

/// Makes a backup with the key, and types the passphrase.
#[track_caller]
fn back_up_with_key(machine: &Machine, file: &str) {
    let terminal = machine.terminal(["tfactl", "backup", file, "--with-key"]);
    terminal.expect("New passphrase:");
    terminal.type_secret(PASSPHRASE);
    terminal.expect("The same again:");
    terminal.type_secret(PASSPHRASE);
    terminal.expect("and the sealing key");
    assert!(terminal.wait_exit().success());
    assert!(!terminal.transcript().contains(PASSPHRASE));
}

/// Restores a backup that needs its passphrase. Returns the output.
#[track_caller]
fn restore_with_key(machine: &Machine, file: &str) -> String {
    let terminal = machine.terminal(["tfactl", "restore", file]);
    terminal.expect("Passphrase of the backup:");
    terminal.type_secret(PASSPHRASE);
    terminal.expect("See: tfactl list");
    assert!(terminal.wait_exit().success());
    one_line(&terminal.transcript())
}

/// A text without the ends of its lines.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Copies a file to another machine.
fn copy(from: &Machine, to: &Machine, file: &str) {
    let text = from.succeed(["base64", "--wrap=0", file]);
    to.write_file("/root/base64", text);
    to.succeed(["sh", "-c", &format!("base64 -d /root/base64 > {file}")]);
}

/// A code of before the restoration is void, and the next one is not.
#[track_caller]
fn only_the_next_code_logs_in(machine: &Machine, used: &str, next: &str) {
    let terminal = after_password(machine);
    terminal.expect(CODE);
    terminal.type_secret(used);
    terminal.expect("This code may have been used before your account");
    terminal.expect(CODE);
    terminal.type_secret(next);
    terminal.expect("alice@host:~$");
}

#[test]
fn a_backup_under_logins_brings_all_back_after_a_loss() {
    let (machine, alice) = machine_with_alice_set_up();
    for number in 0..3 {
        let login = ssh_to_code_prompt(&machine, "alice");
        back_up_with_key(&machine, &format!("{FILE}.{number}"));
        login.type_secret(&alice.phone.next_unused());
        login.expect("alice@host:~$");
    }
    back_up_with_key(&machine, FILE);
    let mode = machine.succeed(["stat", "-c", "%a %U", FILE]);
    assert_eq!(mode, "600 root\n");
    machine.expect_in_journal("tfad", "with the sealing key: who has the file");
    let left = machine.succeed(["sh", "-c", "ls -A /root | grep partial || true"]);
    assert_eq!(left, "");

    // A login that the backup does not know.
    let used = alice.phone.next_unused();
    logs_in(&machine, &used);
    const LOSE: &str = "systemctl stop tfad; rm -rf /var/lib/tfa; systemctl start tfad";
    machine.succeed(["sh", "-c", LOSE]);
    let said = restore_with_key(&machine, FILE);
    assert!(said.contains("Restored: 1 record"), "{said}");
    assert!(said.contains("These users have some: alice."), "{said}");
    machine.succeed(["systemctl", "is-active", "tfad"]);
    machine.expect_in_journal(
        "tfad",
        "the backup /root/tfa.backup with 1 records was restored",
    );
    // The used code is used, although the backup is older; so are all that could be used before.
    alice.phone.shift_clock(60);
    machine.shift_clock(60);
    let next = alice.phone.code_at(1);
    alice.phone.shift_clock(0);
    only_the_next_code_logs_in(&machine, &used, &next);
    // The machine is whole: it survives its next start.
    machine.succeed(["systemctl", "restart", "tfad"]);
    let said = machine.succeed(["tfactl", "show", "alice"]);
    assert!(said.contains("alice"), "{said}");
}

#[test]
fn another_machine_takes_the_records_and_keeps_its_own_key() {
    let (machine, alice) = machine_with_alice_set_up();
    back_up_with_key(&machine, FILE);
    machine.succeed(["tfactl", "backup", "/root/without-key"]);

    let other = Machine::boot();
    other.add_user("alice", PASSWORD);
    other.offer_questions();
    other.succeed(["sh", "-c", SEAL_WITH_CREDENTIAL]);
    copy(&machine, &other, FILE);
    copy(&machine, &other, "/root/without-key");
    let refused = other
        .fail(["tfactl", "restore", "/root/without-key"])
        .to_string();
    assert!(
        one_line(&refused).contains("sealed with another key"),
        "{refused}"
    );
    let said = restore_with_key(&other, FILE);
    assert!(said.contains("on host"), "{said}");
    assert!(!other.has_file("/var/lib/tfa/key"));
    logs_in(&other, &{
        alice.phone.shift_clock(90);
        other.shift_clock(90);
        alice.phone.next_unused()
    });
    // The records are sealed with the credential: without it they do not open.
    other.succeed(["systemctl", "restart", "tfad"]);
    other.succeed(["tfactl", "backup", "/root/of-other"]);
    let refused = machine_refuses(&machine, &other);
    assert!(
        one_line(&refused).contains("sealed with another key"),
        "{refused}"
    );
}

/// What the first machine says of a backup of the other one.
fn machine_refuses(machine: &Machine, other: &Machine) -> String {
    copy(other, machine, "/root/of-other");
    let words = ["tfactl", "restore", "/root/of-other", "--force"];
    machine.fail(words).to_string()
}

#[test]
fn an_older_state_replaces_a_newer_one_only_by_force() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.succeed(["tfactl", "backup", FILE]);
    logs_in(&machine, &alice.backup_codes[0]);
    machine.add_user("bob", "tractor");
    set_up(&machine, "bob", "tractor");
    let refused = machine.fail(["tfactl", "restore", FILE]).to_string();
    for said in ["changed since: alice", "would lose theirs: bob", "--force"] {
        assert!(one_line(&refused).contains(said), "{refused}");
    }
    // Nothing has changed, and the daemon did not stop.
    let said = machine.succeed(["tfactl", "list", "--json"]);
    assert!(
        said.contains("\"bob\"") && said.contains("\"backup_codes_left\": 9"),
        "{said}"
    );

    let said = machine.succeed(["tfactl", "restore", FILE, "--force", "--json"]);
    for key in [
        "\"changed\": [\n    \"alice\"",
        "\"lost\": [\n    \"bob\"",
        "\"backup_codes\": [\n    \"alice\"",
    ] {
        assert!(said.contains(key), "{said}");
    }
    machine.expect_in_journal(
        "tfad",
        "1 records of this host were replaced, and 1 users lost",
    );
    // The backup code is valid again, unless all are made void.
    logs_in(&machine, &alice.backup_codes[0]);
    machine.succeed(["tfactl", "restore", FILE, "--force", "--void-backup-codes"]);
    let said = machine.succeed(["tfactl", "show", "alice", "--json"]);
    assert!(said.contains("\"backup_codes_left\": 0"), "{said}");
}

#[test]
fn wrong_files_passphrases_and_disks_change_nothing() {
    let (machine, _alice) = machine_with_alice_set_up();
    machine.write_file("/root/passphrase", PASSPHRASE);
    machine.succeed(["chmod", "600", "/root/passphrase"]);
    machine.write_file("/root/wrong", "twelve letters and less");
    machine.succeed(["chmod", "600", "/root/wrong"]);
    let with_key = ["--with-key", "--passphrase-file", "/root/passphrase"];
    machine.succeed(["tfactl", "backup", FILE].iter().chain(&with_key));
    // The daemon moves its log into the database meanwhile, so the file itself changes.
    const SUM: &str = "tfactl list --json; sha256sum /var/lib/tfa/key; \
        ls -A /var/lib/tfa | grep -v -e -wal -e -shm; systemctl show -p MainPID tfad";
    let before = machine.succeed(["sh", "-c", SUM]);
    const PREPARE: &str = "set -e; cd /root; f=tfa.backup
        head -c -1 $f >cut; cp $f changed; printf x | dd of=changed bs=1 seek=300 conv=notrunc 2>/dev/null
        head -c 5000 /dev/urandom >random; mkdir -p small; mount -t tmpfs -o size=4k tmpfs small; head -c 4096 /dev/zero >small/full
        ln -s nowhere link; mkfifo fifo; echo >>empty; chmod 600 empty; grep -c . $f >/dev/null || true
        cp $f longer; echo >>longer; ln -s $f linked; cp $f of-others; chmod 666 of-others";
    machine.succeed(["sh", "-c", PREPARE]);
    for (words, said) in [
        (&["backup", FILE][..], "A backup never replaces a file"),
        (&["backup", "/root/link"], "A backup never replaces a file"),
        (
            &["backup", "/root/nowhere/file"],
            "No such file or directory",
        ),
        (&["backup", "/root/small/file"], "No space left on device"),
        (
            &[
                "backup",
                "/root/new",
                "--with-key",
                "--passphrase-file",
                "/root/empty",
            ],
            "first line is empty",
        ),
        (
            &["restore", "/root/none", "--force"],
            "No such file or directory",
        ),
        (&["restore", "/root/cut", "--force"], "cut off"),
        (&["restore", "/root/changed", "--force"], "damaged"),
        (
            &["restore", "/root/longer", "--force"],
            "something follows its end",
        ),
        (&["restore", "/root/random", "--force"], "not a backup"),
        (&["restore", "/root/fifo", "--force"], "not a backup"),
        (&["restore", "/root", "--force"], "not a backup"),
        (
            &["restore", "/root/linked", "--force"],
            "is a symbolic link",
        ),
        (
            &["restore", "/root/of-others", "--force"],
            "than root can change /root/of-others",
        ),
    ] {
        let words = ["tfactl"].into_iter().chain(words.iter().copied());
        let refused = machine.fail(words).to_string();
        assert!(one_line(&refused).contains(said), "{said}: {refused}");
    }
    assert_eq!(machine.succeed(["ls", "-A", "/root/small"]), "full\n");
    assert_eq!(machine.succeed(["sh", "-c", SUM]), before);
    // The wrong passphrase, where it is needed.
    let other = Machine::boot();
    // The machines come from one image, and so does their key.
    const NEW: &str = "systemctl stop tfad; rm -rf /var/lib/tfa; systemctl start tfad";
    other.succeed(["sh", "-c", NEW]);
    copy(&machine, &other, FILE);
    other.write_file("/root/wrong", "twelve letters and less");
    other.succeed(["chmod", "600", "/root/wrong"]);
    let before = other.succeed(["sh", "-c", SUM]);
    let words = [
        "tfactl",
        "restore",
        FILE,
        "--passphrase-file",
        "/root/wrong",
    ];
    let refused = other.fail(words).to_string();
    assert!(refused.contains("rong passphrase"), "{refused}");
    assert_eq!(other.succeed(["sh", "-c", SUM]), before);
}
