//! The daemon is down: who goes on without it.

use tfa_tests::{Machine, Output};

use crate::people::{PASSWORD, decree, give_password, screen, set_up};

/// Everybody, at once.
const REQUIRED: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\n";
/// What the log of a program says of root that goes on without the daemon.
const ROOT_ALONE: &str = "root changes to another user without tfad";
/// What its log says of everybody else.
const AWAY: &str = "refusing. See: systemctl status tfad";

#[test]
fn while_the_daemon_is_down_roots_own_su_and_sudo_go_on_and_nothing_else() {
    let machine = Machine::boot_with(&["cron"]);
    for user in ["alice", "bob"] {
        machine.add_user(user, PASSWORD);
        let _ = machine.authorize_key(user);
    }
    machine.offer_questions();
    let _alice = set_up(&machine, "alice", PASSWORD);
    machine.add_to_group("alice", "sudo");
    machine.write_file("/etc/sudoers.d/bob", "bob ALL=(ALL) NOPASSWD: ALL\n");
    decree(&machine, REQUIRED);
    machine.succeed(["systemctl", "mask", "--now", "--runtime", "tfad.service"]);

    for words in [
        &["su", "-", "alice", "-c", "id -un"][..],
        &["su", "-s", "/bin/sh", "-c", "id -un", "alice"],
        &["sudo", "-u", "alice", "id", "-un"],
        &["sudo", "-i", "-u", "alice", "id", "-un"],
    ] {
        assert_eq!(machine.succeed(words).trim(), "alice", "{words:?}");
    }
    machine.expect_in_journal("su", ROOT_ALONE);
    machine.expect_in_journal("sudo", ROOT_ALONE);
    let job = "@reboot su -s /bin/sh -c 'id -un >/home/alice/was-here' alice\n";
    machine
        .command(["crontab", "-u", "root", "-"])
        .stdin(job)
        .succeed();
    machine.succeed(["rm", "-f", "/run/crond.reboot"]);
    machine.succeed(["systemctl", "restart", "cron.service"]);
    let wait = "until [ -s /home/alice/was-here ]; do sleep 0.05; done";
    machine.succeed(["timeout", "30", "sh", "-c", wait]);

    let refused = |output: &Output| {
        assert!(!output.success() && output.stdout.is_empty(), "{output}");
    };
    // A user's su and sudo, be it without a password, or claiming to be root.
    for ruser in ["root", "bob"] {
        let su = machine.command(["su", "alice", "-c", "id -un"]).user("bob");
        let su = su
            .env("PAM_RUSER", ruser)
            .env("LOGNAME", ruser)
            .env("USER", ruser);
        refused(&su.stdin(format!("{PASSWORD}\n")).run());
    }
    refused(&machine.run_as("bob", ["sudo", "-n", "id", "-un"]));
    let sudo = machine.command(["sudo", "-S", "id", "-un"]).user("alice");
    refused(&sudo.stdin(format!("{PASSWORD}\n")).run());
    for user in ["alice", "bob"] {
        let key = format!("-i/root/.ssh/{user}");
        let at = format!("{user}@localhost");
        let no_questions = "-oStrictHostKeyChecking=no";
        refused(&machine.run(["ssh", &key, "-oBatchMode=yes", no_questions, &at, "id"]));
    }
    refused(&machine.run(["login", "-f", "alice"]));
    let console = screen(&machine);
    give_password(console, "alice");
    console.expect("Two-factor login is not available right now.");
    console.expect("Login incorrect");
    machine.expect_in_journal("login", AWAY);

    // With the daemon, everything is as before.
    machine.succeed(["systemctl", "unmask", "--runtime", "tfad.service"]);
    machine.succeed(["systemctl", "start", "tfad.service"]);
    assert_eq!(
        machine.run_as("bob", ["sudo", "-n", "id", "-un"]).stdout,
        "root\n"
    );
    let before = machine.journal("su").matches(ROOT_ALONE).count();
    assert_eq!(
        machine.succeed(["su", "alice", "-c", "id -un"]).trim(),
        "alice"
    );
    assert_eq!(machine.journal("su").matches(ROOT_ALONE).count(), before);
}
