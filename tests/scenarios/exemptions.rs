//! Exemptions that end, of a user and of a rule, and the pause by an administrator.

use tfa_tests::{Machine, Terminal};

use crate::users::{
    CODE, PASSWORD, machine_with_alice_set_up, record_of, set_policy, set_up, ssh_to_code_prompt,
};

const REQUIRED: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\n";
const REASON: &str = "phone in repair, ticket 4711";
const TOLD: &str = "Your administrator has exempted you from two-factor login on host";
const DAY: i64 = 86_400;

/// Exempts alice for two days.
fn exempt_alice(machine: &Machine) {
    let said = machine.succeed([
        "tfactl", "exempt", "alice", "--for", "2d", "--reason", REASON,
    ]);
    assert!(
        said.starts_with("alice is not asked for codes until "),
        "{said}"
    );
}

/// Logs alice in over SSH with the password alone.
#[track_caller]
fn log_in_without_code(machine: &Machine) -> Terminal {
    let terminal = machine.ssh("alice");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    let seen = terminal.expect_any(&["alice@host:~$", CODE]);
    assert_eq!(seen, 0, "{}", terminal.transcript());
    terminal
}

/// What `tfactl explain` says about a login of alice over SSH.
fn explained(machine: &Machine, more: &[&str]) -> String {
    machine.succeed([&["tfactl", "explain", "alice"], more].concat())
}

#[test]
fn an_exempt_user_logs_in_without_a_code_and_is_told_why() {
    let (machine, _) = machine_with_alice_set_up();
    machine.add_user("bob", PASSWORD);
    let bob = set_up(&machine, "bob", PASSWORD);
    machine.add_to_group("alice", "sudo");
    set_policy(&machine, REQUIRED);
    exempt_alice(&machine);
    machine.expect_in_journal("tfad", "alice: exempted by an administrator until ");
    let said = explained(&machine, &[]);
    for line in [
        "Outcome: asked for nothing",
        "Reason: an administrator has exempted the user for a time",
        "Reason for the exemption: phone in repair, ticket 4711",
    ] {
        assert!(said.contains(&format!("\n{line}\n")), "{said}");
    }
    assert!(
        said.contains("Exempt until: ") && said.contains(TOLD),
        "{said}"
    );

    // SSH, and sudo in it, which suppresses messages.
    let terminal = log_in_without_code(&machine);
    let shown = terminal.transcript();
    assert!(shown.contains(TOLD), "{shown}");
    assert!(
        shown.contains("Reason: phone in repair, ticket 4711"),
        "{shown}"
    );
    terminal.type_line("sudo id -u");
    terminal.expect("password for alice:");
    terminal.type_secret(PASSWORD);
    assert_eq!(terminal.expect_any(&["\n0", CODE]), 0);
    let shown = terminal.transcript();
    assert_eq!(shown.matches(TOLD).count(), 1, "{shown}");
    for service in ["sshd", "sudo"] {
        let line =
            format!("; reason: \"{REASON}\" (/etc/tfa/tfad.toml line 2) (service {service},");
        machine.expect_in_journal("tfad", &line);
    }
    let entries = machine.succeed([
        "journalctl",
        "-t",
        "tfad",
        "TFA_EVENT=exempt",
        "TFA_USER=alice",
        "-o",
        "json",
        "--output-fields=TFA_REASON,TFA_UNTIL",
    ]);
    assert!(
        entries.contains(&format!("\"TFA_REASON\":\"{REASON}\"")),
        "{entries}"
    );
    assert!(entries.contains("\"TFA_UNTIL\":\"20"), "{entries}");

    // What is required of her stays required, and a change takes a code.
    terminal.type_line("tfa-enroll pause; tfa-enroll status");
    terminal.expect("Two-factor login is required on this host");
    terminal.expect("Required: yes");
    terminal.expect("Exempt: no code is asked for until ");
    terminal.expect(&format!("Reason: {REASON}"));

    // Another user is asked as before.
    let terminal = ssh_to_code_prompt(&machine, "bob");
    terminal.type_secret(&bob.backup_codes[0]);
    terminal.expect("bob@host:~$");
}

#[test]
fn an_exempt_login_by_key_copies_files() {
    let (machine, _) = machine_with_alice_set_up();
    set_policy(&machine, REQUIRED);
    let _ = machine.authorize_key("alice");
    let copy = "scp -oStrictHostKeyChecking=no -oUserKnownHostsFile=/root/known -oBatchMode=yes \
                -i /root/.ssh/alice /etc/hostname alice@localhost:copied";
    machine.fail(["sh", "-c", copy]);
    exempt_alice(&machine);
    machine.succeed(["sh", "-c", copy]);
    // Also where the session phase decides.
    let by_host = "\n[[policy.rule]]\nmethods = [\"hostbased\"]\nmode = \"off\"\n";
    set_policy(&machine, &format!("{REQUIRED}{by_host}"));
    let said = explained(&machine, &["--method", "publickey"]);
    assert!(said.contains("Decided in: the session phase"), "{said}");
    assert!(said.contains(TOLD), "{said}");
    machine.succeed(["sh", "-c", copy]);
}

#[test]
fn an_exemption_ends_by_itself() {
    let (machine, alice) = machine_with_alice_set_up();
    set_policy(&machine, REQUIRED);
    machine.attach_clock();
    exempt_alice(&machine);
    machine.shift_clock(2 * DAY - 300);
    log_in_without_code(&machine);
    let later = explained(&machine, &["--at", "+2d"]);
    assert!(later.contains("Outcome: asked for a code"), "{later}");
    machine.shift_clock(2 * DAY + 1);
    alice.phone.shift_clock(2 * DAY + 1);
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("alice@host:~$");
    assert!(!terminal.transcript().contains(TOLD));
    assert!(!machine.succeed(["tfactl", "exemptions"]).contains("alice"));
    // A clock that was set far back.
    machine.shift_clock(-DAY);
    ssh_to_code_prompt(&machine, "alice");
}

#[test]
fn an_administrator_ends_an_exemption() {
    let (machine, alice) = machine_with_alice_set_up();
    set_policy(&machine, REQUIRED);
    exempt_alice(&machine);
    let list = machine.succeed(["tfactl", "list"]);
    assert!(list.contains("alice             exempt "), "{list}");
    let said = machine.succeed(["tfactl", "exempt", "alice", "--end"]);
    assert_eq!(said, "The exemption of alice has ended.\n");
    machine.expect_in_journal(
        "tfad",
        "alice: an administrator ended the exemption (by uid 0)",
    );
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("alice@host:~$");
    let output = machine.fail(["tfactl", "exempt", "alice", "--end"]);
    assert_eq!(output.code(), Some(1));
    assert_eq!(output.stderr, "alice has no exemption.\n");

    // A reset ends one as well.
    exempt_alice(&machine);
    machine.succeed(["tfactl", "reset", "alice", "--yes"]);
    assert!(record_of(&machine, "alice").contains("\"exempt_until\": null"));
}

#[test]
fn an_exemption_is_at_most_90_days_long_and_has_a_reason() {
    let (machine, _) = machine_with_alice_set_up();
    let exempt = |length: &str, reason: &str| {
        machine.fail([
            "tfactl", "exempt", "alice", "--for", length, "--reason", reason,
        ])
    };
    let output = exempt("91d", REASON);
    assert_eq!(output.code(), Some(2));
    assert!(output.stderr.contains("1 minute to 90 days"), "{output}");
    for reason in ["", " x", "a\nb", "a\u{202e}b", &"x".repeat(201)] {
        let output = exempt("2d", reason);
        assert_eq!(output.code(), Some(1), "{reason:?}");
        assert!(
            output.stderr.contains("1 to 200 visible characters"),
            "{output}"
        );
    }
    let call =
        "busctl call org.tfad.Tfa1 /org/tfad/Tfa1 org.tfad.Tfa1.Admin Exempt \"stsa{sv}\" alice";
    let output = machine.fail(["sh", "-c", &format!("{call} 7776001 x 0")]);
    assert!(
        output.stderr.contains("for a minute to 90 days"),
        "{output}"
    );
    let output = machine.fail([
        "tfactl",
        "exempt",
        "nobody-here",
        "--for",
        "2d",
        "--reason",
        "x",
    ]);
    assert_eq!(output.code(), Some(1));
    assert!(record_of(&machine, "alice").contains("\"exempt_until\": null"));
    // Only administrators may call.
    let output = machine.run_as(
        "alice",
        ["tfactl", "exempt", "alice", "--for", "2d", "--reason", "x"],
    );
    assert_ne!(output.code(), Some(0), "{output}");
    machine.expect_in_journal(
        "tfad",
        "alice: an administrator's call was refused (by uid 1000)",
    );
}

#[test]
fn a_user_without_a_record_can_be_exempt_and_enrolls_afterwards() {
    let (machine, _) = machine_with_alice_set_up();
    machine.add_user("bob", PASSWORD);
    set_policy(&machine, REQUIRED);
    machine.succeed(["tfactl", "exempt", "bob", "--for", "1h", "--reason", REASON]);
    let terminal = machine.ssh("bob");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("bob@host:~$");
    assert!(terminal.transcript().contains(TOLD));
    machine.succeed(["tfactl", "enable", "bob"]);
    assert!(!machine.succeed(["tfactl", "list"]).contains("bob"));
    let terminal = machine.ssh("bob");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("Press Enter to begin, or no to stop:");
}

#[test]
fn an_administrator_pauses_who_need_not_and_resumes() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("bob", PASSWORD);
    let said = machine.succeed(["tfactl", "disable", "alice"]);
    assert!(
        said.starts_with("Two-factor login of alice is paused."),
        "{said}"
    );
    machine.expect_in_journal("tfad", "alice: paused by an administrator (by uid 0)");
    log_in_without_code(&machine);
    let output = machine.fail(["tfactl", "disable", "alice"]);
    assert_eq!(
        output.stderr,
        "Two-factor login of alice is already paused.\n"
    );
    let output = machine.fail(["tfactl", "disable", "bob"]);
    assert_eq!(output.stderr, "bob has not set up two-factor login.\n");
    // A pause has no effect where a second factor is required.
    set_policy(&machine, REQUIRED);
    drop(ssh_to_code_prompt(&machine, "alice"));
    set_policy(&machine, "[policy]\nmode = \"optional\"\n");
    let said = machine.succeed(["tfactl", "enable", "alice"]);
    assert!(said.contains("neither paused nor exempt now"), "{said}");
    machine.expect_in_journal("tfad", "alice: resumed by an administrator (by uid 0)");
    let output = machine.fail(["tfactl", "enable", "alice"]);
    assert_eq!(output.stderr, "alice is neither paused nor exempt.\n");
    // The next login tells her of both.
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&alice.backup_codes[1]);
    terminal.expect("An administrator paused two-factor login");
    terminal.expect("An administrator resumed two-factor");
    terminal.expect("alice@host:~$");
    // She ends a pause by an administrator herself.
    machine.succeed(["tfactl", "disable", "alice"]);
    let terminal = machine.terminal_as("alice", ["tfa-enroll", "resume"]);
    authenticate_in_pause(&terminal, &alice.backup_codes[0]);
    assert!(terminal.wait_exit().success());
    assert!(record_of(&machine, "alice").contains("\"state\": \"enabled\""));
}

/// polkit asks a paused user for the password alone; the command asks for the code.
fn authenticate_in_pause(terminal: &Terminal, code: &str) {
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("Code from your phone, or a backup code:");
    terminal.type_line(code);
}

#[test]
fn whom_it_is_required_of_is_disabled_for_a_time_only() {
    let (machine, alice) = machine_with_alice_set_up();
    set_policy(&machine, REQUIRED);
    machine.attach_clock();
    let output = machine.fail(["tfactl", "disable", "alice"]);
    assert_eq!(output.code(), Some(1));
    assert!(
        output
            .stderr
            .contains("is required of alice, so it cannot be paused"),
        "{output}"
    );
    assert!(
        output
            .stderr
            .contains("tfactl disable alice --for 2d --reason TEXT"),
        "{output}"
    );
    drop(ssh_to_code_prompt(&machine, "alice"));
    let words = [
        "tfactl", "disable", "alice", "--for", "2h", "--reason", REASON,
    ];
    machine.succeed(words);
    drop(log_in_without_code(&machine));
    // It does not outlast its end, also where nothing is required.
    machine.shift_clock(7300);
    alice.phone.shift_clock(7300);
    set_policy(&machine, "[policy]\nmode = \"optional\"\n");
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("alice@host:~$");
}

#[test]
fn a_rule_ends_and_the_next_one_decides() {
    let (machine, alice) = machine_with_alice_set_up();
    let date = machine.succeed(["date", "-d", "+2 days", "+%F"]);
    let rule = format!(
        "\n[[policy.rule]]\nusers = [\"alice\"]\nmode = \"off\"\nuntil = {}\nreason = \"{REASON}\"\n",
        date.trim()
    );
    machine.attach_clock();
    set_policy(&machine, &format!("{REQUIRED}{rule}"));
    let check = machine.run(["tfad", "--check"]);
    assert!(
        check.stderr.ends_with("no errors, no warnings\n"),
        "{check}"
    );
    drop(log_in_without_code(&machine));
    let line = format!("; reason: \"{REASON}\" (/etc/tfa/tfad.toml line 5)");
    machine.expect_in_journal("tfad", &line);
    let said = explained(&machine, &[]);
    assert!(said.contains("Rule: /etc/tfa/tfad.toml line 5"), "{said}");
    assert!(
        said.contains(&format!("Reason for the exemption: {REASON}")),
        "{said}"
    );
    // The date is included.
    let at = |time: &str| explained(&machine, &["--at", &format!("{} {time}", date.trim())]);
    assert!(at("23:59:59").contains("Outcome: asked for nothing"));
    let after = explained(&machine, &["--at", "+4d"]);
    assert!(after.contains("Outcome: asked for a code"), "{after}");
    // It is exempt from the question, not from the requirement.
    let terminal = machine.terminal_as("alice", ["tfa-enroll", "pause"]);
    terminal.expect("Two-factor login is required on this host");
    let impact = machine.succeed(["tfactl", "policy", "impact", "--json"]);
    let later = impact.split("\"later\"").nth(1).unwrap_or_default();
    let code = later.split("\"code\": [").nth(1).unwrap_or_default();
    assert!(code.trim_start().starts_with("\"alice\""), "{impact}");

    machine.shift_clock(4 * DAY);
    alice.phone.shift_clock(4 * DAY);
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("alice@host:~$");
    assert!(!machine.succeed(["tfactl", "exemptions"]).contains("line 5"));

    // The check reads the clock of the machine.
    set_policy(
        &machine,
        &format!("{REQUIRED}{}", rule.replace(date.trim(), "2020-01-01")),
    );
    let check = machine.run(["tfad", "--check"]);
    let warning = "/etc/tfa/tfad.toml line 5: the exemption has ended on 2020-01-02 00:00";
    assert!(check.stderr.contains(warning), "{check}");
    machine.fail(["tfad", "--check", "--strict"]);
}

#[test]
fn exemptions_lists_rules_and_users_with_and_without_an_end() {
    let (machine, _) = machine_with_alice_set_up();
    machine.add_user("bob", PASSWORD);
    let _ = set_up(&machine, "bob", PASSWORD);
    machine.succeed(["tfactl", "disable", "bob"]);
    exempt_alice(&machine);
    set_policy(
        &machine,
        "[policy]\nmode = \"required\"\nguard = []\n\n\
         [[policy.rule]]\nusers = [\"vendor\"]\nmode = \"off\"\nuntil = 2100-01-01\nreason = \"x\"\n\n\
         [[policy.rule]]\ngroups = [\"staff\"]\nmode = \"optional\"\n",
    );
    let list = machine.succeed(["tfactl", "exemptions"]);
    for text in [
        "Rule at /etc/tfa/tfad.toml line 5: no code is asked for\n  End: 2100-01-02 00:00\n  Reason: x\n",
        "line 11: only users who have enrolled are asked\n  End: none\n  Reason: none\n",
        "Service sshd: not guarded",
        "User alice: exempt\n  End: ",
        "User bob: paused, not asked where it is not required\n  End: none\n",
    ] {
        assert!(list.contains(text), "{text}\nin\n{list}");
    }
    assert!(!list.contains("Policy at"), "{list}");
    let json = machine.succeed(["tfactl", "exemptions", "--json"]);
    assert!(
        json.contains("\"until\": \"2100-01-02T00:00:00Z\""),
        "{json}"
    );
    assert!(!list.contains("Remembered devices"), "{list}");
    set_policy(&machine, &format!("{REQUIRED}[remember]\nminutes = 5\n"));
    let list = machine.succeed(["tfactl", "exemptions"]);
    assert!(list.contains("Remembered devices: logins"), "{list}");
    // Where each rule requires it or is off, a pause has no effect.
    set_policy(&machine, REQUIRED);
    let list = machine.succeed(["tfactl", "exemptions"]);
    assert!(
        !list.contains("bob") && list.contains("User alice: exempt"),
        "{list}"
    );
    // Without a policy in force there is no list.
    machine.write_file("/etc/tfa/tfad.toml", "[policy]\nmode = \"requird\"\n");
    machine.succeed(["systemctl", "restart", "tfad"]);
    let output = machine.fail(["tfactl", "exemptions"]);
    assert_eq!(
        (output.code(), output.stdout.as_str()),
        (Some(1), ""),
        "{output}"
    );
}

#[test]
fn an_exemption_neither_needs_nor_removes_a_lock() {
    let (machine, alice) = machine_with_alice_set_up();
    set_policy(&machine, REQUIRED);
    crate::bus::try_codes(&machine, "", &alice.phone.wrong_code(), 5);
    let failures = record_of(&machine, "alice");
    assert!(failures.contains("\"failures\": 5"), "{failures}");
    exempt_alice(&machine);
    drop(log_in_without_code(&machine));
    machine.succeed(["tfactl", "exempt", "alice", "--end"]);
    let failures = record_of(&machine, "alice");
    assert!(failures.contains("\"failures\": 5"), "{failures}");
    let locked = explained(&machine, &[]);
    assert!(locked.contains("Locked: until "), "{locked}");
}
