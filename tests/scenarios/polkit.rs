//! The password for polkit: asked for before every change, wherever there is a terminal.

use tfa_tests::{Machine, Terminal};

use crate::users::{
    CODE, PASSWORD, machine_with_alice, machine_with_alice_set_up, record_of, set_policy,
    ssh_to_code_prompt,
};

#[test]
fn a_code_without_the_password_changes_nothing_and_is_not_used_up() {
    let (machine, alice) = machine_with_alice_set_up();
    let before = record_of(&machine, "alice");
    let code = alice.phone.next_unused();
    const ACCOUNT: &[&str] = &[
        "busctl",
        "call",
        "org.tfad.Tfa1",
        "/org/tfad/Tfa1",
        "org.tfad.Tfa1.Account",
    ];
    for asks in ["yes", "no"] {
        let flag = format!("--allow-interactive-authorization={asks}");
        for call in [
            &["Move", "sa{sv}", &code, "0"][..],
            &["Add", "sa{sv}", &code, "0"],
            &["RenameAuthenticator", "uss", "1", "tablet", &code],
            &["RemoveAuthenticator", "us", "1", &code],
            &["NewBackupCodes", "s", &code],
            &["Pause", "s", &code],
            &["Resume", "s", &code],
            &["Remove", "s", &code],
        ] {
            let words = [&ACCOUNT[..1], &[&flag], &ACCOUNT[1..], call].concat();
            let output = machine.run_as("alice", words);
            assert!(!output.success(), "{call:?}: {output}");
            assert!(output.stderr.contains("polkit has to ask"), "{output}");
        }
    }
    assert_eq!(record_of(&machine, "alice"), before);

    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&code);
    terminal.expect("alice@host:~$");
    // The password permits one run of one program.
    terminal.type_line("tfa-enroll pause");
    terminal.expect("Password:");
    terminal.type_secret("battery staple");
    terminal.expect("Try again? [Y/n]");
    terminal.type_line("");
    crate::users::authenticate(&terminal, &alice.backup_codes[0]);
    terminal.expect("is paused");
    terminal.type_line("tfa-enroll resume");
    terminal.expect("Password:");
    terminal.type_secret("battery staple");
    terminal.expect("Try again? [Y/n]");
    terminal.type_line("n");
    terminal.expect("Cancelled. Nothing was changed.");
}

#[test]
fn a_policy_that_changes_while_polkit_asks_is_applied() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("bob", PASSWORD);
    let pausing = machine.terminal_as("alice", ["tfa-enroll", "pause"]);
    let setting_up = machine.terminal_as("bob", ["tfa-enroll", "setup"]);
    pausing.expect("Password:");
    setting_up.expect("Password:");
    set_policy(
        &machine,
        "[policy]\nmode = \"optional\"\ninvitation = true\n",
    );
    setting_up.type_secret(PASSWORD);
    setting_up.expect("This host requires an invitation code");
    set_policy(&machine, "[policy]\nmode = \"required\"\n");
    pausing.type_secret(PASSWORD);
    pausing.expect(CODE);
    pausing.type_secret(&alice.phone.next_unused());
    pausing.expect("is required on this host");
}

#[test]
fn without_a_login_session_a_user_can_enroll() {
    let machine = machine_with_alice();
    machine.succeed(["useradd", "--badname", "-m", "-s", "/bin/bash", "4711"]);
    machine.set_password("4711", PASSWORD);
    // As with `docker exec` and similar programs.
    set_up_and_leave(&machine.terminal_as("alice", ["tfa-enroll", "setup"]));
    machine.succeed(["tfactl", "reset", "alice", "--yes"]);
    let uid = machine.succeed(["id", "-u", "alice"]);
    let uid = format!("--uid={}", uid.trim());
    let run = [
        "systemd-run",
        "--pty",
        "--quiet",
        &uid,
        "tfa-enroll",
        "setup",
    ];
    set_up_and_leave(&machine.terminal(run));
    machine.succeed(["tfactl", "reset", "alice", "--yes"]);

    // logind has no session for a name of digits, and none without pam_systemd.
    let terminal = at_the_shell(&machine, "4711");
    terminal.type_line("tfa-enroll setup");
    set_up_and_leave(&terminal);
    machine.succeed(["pam-auth-update", "--package", "--remove", "systemd"]);
    let terminal = at_the_shell(&machine, "alice");
    terminal.type_line("tfa-enroll setup");
    set_up_and_leave(&terminal);
}

#[test]
fn without_an_agent_the_reason_and_the_remedy_are_shown() {
    let machine = machine_with_alice();
    let says = |words: &[&str]| {
        let terminal = at_the_shell(&machine, "alice");
        terminal.type_line("tfa-enroll setup; echo ended with $?");
        for word in words {
            terminal.expect(word);
        }
        terminal.expect("ended with 1");
        let transcript = terminal.transcript();
        assert!(!transcript.contains("Try again"), "{transcript}");
    };
    // The processes of polkit cannot see those of other users.
    machine.succeed(["mount", "-o", "remount,hidepid=2", "/proc"]);
    machine.succeed(["systemctl", "restart", "polkit"]);
    says(&[
        "/proc is mounted with hidepid",
        "tfad(8)",
        "could not ask for your password",
    ]);
    // The remedy in tfad(8).
    machine.succeed(["groupadd", "--system", "procadmin"]);
    machine.succeed(["gpasswd", "--add", "polkitd", "procadmin"]);
    let gid = machine.succeed(["sh", "-c", "getent group procadmin | cut -d: -f3"]);
    let options = format!("remount,hidepid=2,gid={}", gid.trim());
    machine.succeed(["mount", "-o", &options, "/proc"]);
    machine.succeed(["systemctl", "restart", "polkit"]);
    let terminal = at_the_shell(&machine, "alice");
    terminal.type_line("tfa-enroll setup");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("Press Enter to show the QR code");
    terminal.send(b"\x03");

    machine.write_file(
        "/etc/polkit-1/rules.d/10-no.rules",
        "polkit.addRule(function(action, subject) {\n\
         if (action.id == 'org.tfad.tfa1.enroll') return polkit.Result.NO;\n});\n",
    );
    machine.succeed(["systemctl", "restart", "polkit"]);
    says(&["the polkit rules of this host do not allow it"]);
    machine.succeed(["rm", "/etc/polkit-1/rules.d/10-no.rules"]);

    machine.succeed(["mv", "/usr/bin/pkttyagent", "/usr/bin/away"]);
    says(&[
        "pkttyagent",
        "is not installed",
        "could not ask for your password",
    ]);
    machine.succeed(["mv", "/usr/bin/away", "/usr/bin/pkttyagent"]);

    machine.succeed(["systemctl", "mask", "--now", "polkit"]);
    says(&["systemctl status polkit"]);
}

#[track_caller]
fn at_the_shell(machine: &Machine, user: &str) -> Terminal {
    let terminal = machine.ssh(user);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    assert_eq!(terminal.expect_any(&["host:~$", CODE]), 0);
    terminal
}

#[track_caller]
fn set_up_and_leave(terminal: &Terminal) {
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("Press Enter to show the QR code");
    terminal.send(b"\r");
    terminal.expect("Scan it with the app");
    terminal.send(b"\r");
    terminal.expect("Code from your phone:");
    let uri = crate::users::uri_in(&terminal.transcript());
    let phone = tfa_tests::Phone::from_uri(&uri);
    terminal.type_line(&phone.next_unused());
    terminal.expect("Press Enter when you have saved them:");
    terminal.send(b"\r");
}
