//! The daemon is down: which logins continue without it.

use tfa_tests::{Machine, Output};

use crate::users::{PASSWORD, console_on_tty1, enter_password, set_policy, set_up};

/// Required for all users, at once.
const REQUIRED: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\n";
/// The log line of a program in which root continues without the daemon.
const ROOT_ALONE: &str = "root changes to another user without tfad";
/// The log line of every other login.
const REFUSED: &str = "refusing. See: systemctl status tfad";

#[test]
fn without_the_daemon_only_roots_own_su_and_sudo_continue() {
    let machine = Machine::boot_with(&["cron"]);
    for user in ["alice", "bob"] {
        machine.add_user(user, PASSWORD);
        let _ = machine.authorize_key(user);
    }
    machine.offer_questions();
    let _alice = set_up(&machine, "alice", PASSWORD);
    machine.add_to_group("alice", "sudo");
    machine.write_file("/etc/sudoers.d/bob", "bob ALL=(ALL) NOPASSWD: ALL\n");
    set_policy(&machine, REQUIRED);
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
    // su and sudo of a user, also without a password, or with a claim to be root.
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
    let console = console_on_tty1(&machine);
    enter_password(console, "alice");
    console.expect("Two-factor login is not available right now.");
    console.expect("Login incorrect");
    machine.expect_in_journal("login", REFUSED);

    // With the daemon, logins work as before.
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
