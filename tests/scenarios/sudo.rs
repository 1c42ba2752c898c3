//! sudo, su and polkit: logins within a login.

use crate::users::{
    CODE, PASSWORD, begin_a_time_step, machine_with_alice, machine_with_alice_set_up, record_of,
    set_policy, set_up, ssh_to_code_prompt,
};
use tfa_tests::Machine;

const WRONG: &str = "Wrong code. Enter the latest one.";
const USED: &str = "This code was already used. Each code works only once: enter a new one.";
const BOBS_PASSWORD: &str = "tractor";

/// Adds bob, who knows Alice's password and has no phone.
fn add_bob(machine: &Machine) {
    machine.add_user("bob", BOBS_PASSWORD);
}

#[test]
fn sudo_asks_the_calling_user_for_password_and_code() {
    let (machine, alice) = machine_with_alice_set_up();
    add_bob(&machine);
    machine.add_to_group("alice", "sudo");
    machine.add_to_group("bob", "sudo");

    let terminal = machine.terminal_as("alice", ["sudo", "-k", "id", "-un"]);
    terminal.expect("[sudo] password for alice:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    let code = alice.phone.next_unused();
    terminal.type_secret(&code);
    terminal.expect("root");
    assert!(terminal.wait_exit().success());
    machine.expect_in_journal(
        "tfad",
        "alice: verified by a code of phone (service sudo, from ",
    );

    let terminal = machine.terminal_as("alice", ["sudo", "-k", "-u", "bob", "id", "-un"]);
    terminal.expect("[sudo] password for alice:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret(&code);
    terminal.expect(USED);
    terminal.expect(CODE);
    terminal.type_secret(&alice.backup_codes[0]);
    terminal.expect("bob");
    assert!(terminal.wait_exit().success());

    let terminal = machine.terminal_as("bob", ["sudo", "-k", "-u", "alice", "id", "-un"]);
    terminal.expect("[sudo] password for bob:");
    terminal.type_secret(BOBS_PASSWORD);
    terminal.expect("alice");
    assert!(terminal.wait_exit().success());
    assert!(!terminal.transcript().contains("code"));
}

#[test]
fn sudo_refuses_wrong_codes_and_an_empty_answer() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_to_group("alice", "sudo");

    let terminal = machine.terminal_as("alice", ["sudo", "-k", "id", "-un"]);
    terminal.expect("[sudo] password for alice:");
    terminal.type_secret(PASSWORD);
    // sudo passes PAM_SILENT, so a reason is shown only together with the next question.
    for reason in [WRONG, WRONG, "Sorry, try again."] {
        terminal.expect(CODE);
        terminal.type_secret(&alice.phone.wrong_code());
        terminal.expect(reason);
    }
    terminal.expect("[sudo] password for alice:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret("");
    terminal.expect("Sorry, try again.");
    terminal.expect("[sudo] password for alice:");
    terminal.type_secret("battery staple");
    terminal.expect("sudo: 3 incorrect password attempts");
    assert_eq!(terminal.wait_exit().code(), Some(1));
    assert!(!terminal.transcript().contains("root"));
    let record = record_of(&machine, "alice");
    assert!(record.contains("\"session_failures\": 3"), "{record}");

    let terminal = machine.terminal_as("alice", ["sudo", "-k", "id", "-un"]);
    terminal.expect("[sudo] password for alice:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("root");
    assert!(terminal.wait_exit().success());
}

#[test]
fn su_asks_for_the_code_of_the_target_user() {
    let (machine, alice) = machine_with_alice_set_up();
    add_bob(&machine);
    machine.set_password("root", "very rooty");

    let terminal = machine.terminal_as("bob", ["su", "-", "alice"]);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.wrong_code());
    terminal.expect(WRONG);
    terminal.expect(CODE);
    let code = alice.phone.next_unused();
    terminal.type_secret(&code);
    terminal.expect("alice@host:~$");
    machine.expect_in_journal(
        "tfad",
        "alice: verified by a code of phone (service su-l, from ",
    );

    // The same rule applies to her own account from her own session.
    terminal.type_line("su - alice");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret(&code);
    terminal.expect(USED);
    terminal.expect(CODE);
    terminal.type_secret("");
    terminal.expect("su: Authentication failure");
    terminal.expect("alice@host:~$");

    // Bob and root have not enrolled. The enrollment of Alice does not matter.
    terminal.type_line("su - bob");
    terminal.expect("Password:");
    terminal.type_secret(BOBS_PASSWORD);
    terminal.expect("bob@host:~$");
    terminal.type_line("su -");
    terminal.expect("Password:");
    terminal.type_secret("very rooty");
    terminal.expect("root@host:~#");

    // Root is not asked.
    terminal.type_line("su - alice");
    terminal.expect("alice@host:~$");
}

#[test]
fn su_and_sudo_reveal_no_enrollment_to_a_wrong_password() {
    let (machine, _alice) = machine_with_alice_set_up();
    add_bob(&machine);
    machine.add_to_group("alice", "sudo");
    let journal = machine.journal("tfad");

    let stories = ["alice", "bob"].map(|user| {
        let terminal = machine.terminal_as("bob", ["su", "-", user]);
        terminal.expect("Password:");
        terminal.type_secret("battery staple");
        terminal.expect("su: Authentication failure");
        assert_eq!(terminal.wait_exit().code(), Some(1));
        terminal.transcript()
    });
    assert_eq!(stories[0], stories[1]);
    assert!(!stories[0].contains("code"), "{}", stories[0]);

    let terminal = machine.terminal_as("alice", ["sudo", "-k", "true"]);
    for _ in 0..3 {
        terminal.expect("[sudo] password for alice:");
        terminal.type_secret("battery staple");
    }
    terminal.expect("sudo: 3 incorrect password attempts");
    assert!(!terminal.transcript().contains("code"));
    assert_eq!(machine.journal("tfad"), journal);
}

#[test]
fn polkit_asks_the_administrator_for_password_and_code() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_to_group("alice", "sudo");
    machine.write_file(
        "/etc/systemd/system/bell.service",
        "[Service]\nExecStart=logger -t bell it rings\n",
    );
    machine.succeed(["systemctl", "daemon-reload"]);
    begin_a_time_step(&machine, &alice.phone, 5);
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("alice@host:~$");

    terminal.type_line("systemctl start bell");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    for _ in 0..3 {
        terminal.expect(CODE);
        terminal.type_secret(&alice.phone.wrong_code());
        terminal.expect(WRONG);
    }
    terminal.expect("AUTHENTICATION FAILED");
    terminal.expect("Access denied");
    terminal.expect("alice@host:~$");
    assert!(machine.journal("bell").is_empty());

    terminal.type_line("systemctl start bell");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.wrong_code());
    terminal.expect(WRONG);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("AUTHENTICATION COMPLETE");
    machine.expect_in_journal("bell", "it rings");
    machine.expect_in_journal(
        "tfad",
        "alice: verified by a code of phone (service polkit-1, from ",
    );
}

#[test]
fn a_users_own_bus_does_not_replace_the_daemon() {
    let (machine, alice) = machine_with_alice_set_up();
    add_bob(&machine);
    // Bob runs a daemon with his own policy, on a bus on which all calls are permitted.
    machine.write_file("/home/bob/tfad.toml", "[policy]\nmode = \"off\"\n");
    machine.write_file(
        "/tmp/bob/bus.conf",
        "<busconfig><type>session</type><auth>EXTERNAL</auth>\
         <listen>unix:path=/tmp/bob/bus</listen><policy context='default'>\
         <allow user='*'/><allow own='*'/><allow send_destination='*' eavesdrop='true'/>\
         <allow eavesdrop='true'/></policy></busconfig>",
    );
    machine.succeed(["chown", "-R", "bob:", "/tmp/bob"]);
    let _bus = machine.terminal_as("bob", ["dbus-daemon", "--config-file=/tmp/bob/bus.conf"]);
    let wait = "until [ -S /tmp/bob/bus ]; do sleep 0.05; done";
    machine.succeed(["timeout", "30", "sh", "-c", wait]);
    let bus = "unix:path=/tmp/bob/bus";
    let serve = "mkdir -p /tmp/bob/state && exec /usr/sbin/tfad --config /home/bob/tfad.toml \
                 --state /tmp/bob/state --bus unix:path=/tmp/bob/bus";
    let _daemon = machine.terminal_as("bob", ["sh", "-c", serve]);
    // It would reply to root that no code is required.
    let ask = "until busctl --address=unix:path=/tmp/bob/bus call org.tfad.Tfa1 \
               /org/tfad/Tfa1 org.tfad.Tfa1.Login Begin 'sa{sv}' bob 1 phase s auth |
               grep not-required; do sleep 0.05; done";
    machine.succeed(["timeout", "30", "sh", "-c", ask]);
    machine.expect_in_journal("tfad", "bob: not asked: the policy's mode is off");

    let terminal = machine
        .command(["su", "-", "alice"])
        .user("bob")
        .env("DBUS_SYSTEM_BUS_ADDRESS", bus)
        .env("DBUS_SESSION_BUS_ADDRESS", bus)
        .terminal();
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.wrong_code());
    terminal.expect(WRONG);
    terminal.expect(CODE);
    terminal.type_secret("");
    terminal.expect("su: Authentication failure");
    assert_eq!(terminal.wait_exit().code(), Some(1));
    assert!(!machine.journal("tfad").contains("alice: not asked"));
}

#[test]
fn cron_at_and_user_managers_work_while_the_daemon_is_down() {
    let machine = Machine::boot_bare_with(&["cron", "at"]);
    machine.install_package();
    machine.add_user("alice", PASSWORD);
    machine.offer_questions();
    let _alice = set_up(&machine, "alice", PASSWORD);
    machine.succeed(["loginctl", "terminate-user", "alice"]);
    machine.succeed(["systemctl", "mask", "--now", "--runtime", "tfad.service"]);

    // Logins are refused now, which shows that the daemon is down.
    let terminal = machine.ssh("alice");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("Password:");

    let wait_for = |file: &str| {
        let wait = format!("until [ -e {file} ]; do sleep 0.05; done");
        machine.succeed(["timeout", "30", "sh", "-c", &wait]);
    };
    machine
        .command(["crontab", "-u", "alice", "-"])
        .stdin("@reboot touch /home/alice/cron-was-here\n")
        .succeed();
    machine.succeed(["rm", "-f", "/run/crond.reboot"]);
    machine.succeed(["systemctl", "restart", "cron.service"]);
    wait_for("/home/alice/cron-was-here");

    machine
        .command(["at", "now"])
        .user("alice")
        .stdin("touch /home/alice/at-was-here\n")
        .succeed();
    wait_for("/home/alice/at-was-here");

    machine.succeed(["loginctl", "enable-linger", "alice"]);
    let uid = machine.succeed(["id", "-u", "alice"]);
    machine.succeed([
        "systemctl",
        "start",
        &format!("user@{}.service", uid.trim()),
    ]);
    let state = machine
        .command(["systemctl", "--user", "is-system-running", "--wait"])
        .user("alice")
        .env("XDG_RUNTIME_DIR", &format!("/run/user/{}", uid.trim()))
        .succeed();
    assert_eq!(state.trim(), "running");
}

#[test]
fn sudo_shows_the_end_of_the_grace_once_a_session() {
    const SHOWN: &str = "Two-factor login will be required on host";
    let machine = machine_with_alice();
    machine.add_to_group("alice", "sudo");
    set_policy(&machine, "[policy]\nmode = \"required\"\ngrace = \"7d\"\n");
    for session in ["first", "second"] {
        let terminal = machine.ssh("alice");
        terminal.expect("Password:");
        terminal.type_secret(PASSWORD);
        terminal.expect("Set it up now? yes, or Enter for later:");
        terminal.type_line("");
        terminal.expect("alice@host:~$");
        // On another terminal of the session too, as in tmux.
        for (words, tells) in [
            ("sudo -k whoami", true),
            ("sudo -k whoami", false),
            ("script -qc 'sudo -k whoami' /dev/null", false),
        ] {
            terminal.type_line(words);
            terminal.expect("password for alice:");
            terminal.type_secret(PASSWORD);
            let message = terminal.expect_any(&[SHOWN, "root"]) == 0;
            assert_eq!(message, tells, "{session}: {words}");
            if message {
                terminal.expect("To set it up in time: tfa-enroll");
                terminal.expect("root");
            }
            terminal.expect("alice@host:~$");
        }
    }
    let explained = machine.succeed(["tfactl", "explain", "alice", "--service", "sudo"]);
    assert!(
        explained.contains("let in without a code until"),
        "{explained}"
    );
    assert!(explained.contains("shown once in a login"), "{explained}");
    let explained = machine.succeed(["tfactl", "explain", "alice", "--service", "su"]);
    assert!(explained.contains("offered the setup"), "{explained}");
}
