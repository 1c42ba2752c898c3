//! Administrators: who is one, what they see and change, and what the commands report to scripts.

use tfa_tests::Machine;

use crate::bus::try_codes;
use crate::users::{
    CODE, PASSWORD, machine_with_alice, machine_with_alice_set_up, set_up, ssh_to_code_prompt,
};

#[test]
fn root_lists_shows_unlocks_and_resets() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("bob", "tractor");

    let list = machine.succeed(["tfactl", "list"]);
    let rows: Vec<Vec<&str>> = list
        .lines()
        .map(|row| row.split_whitespace().collect())
        .collect();
    let [head, row] = rows.as_slice() else {
        panic!("{list}");
    };
    assert_eq!(
        head.join(" "),
        "USER STATE BACKUP REQUIRED LOCKED LAST-LOGIN"
    );
    assert_eq!(row[..5].join(" "), "alice on 10 no no");
    for (filter, users) in [
        ("--enabled", &["alice"][..]),
        ("--disabled", &["bob"]),
        ("--paused", &[]),
        ("--locked", &[]),
    ] {
        assert_eq!(listed(&machine, filter), users, "{filter}");
    }

    let shown = machine.succeed(["tfactl", "show", "alice"]);
    for line in [
        "User: alice (uid 1000)",
        "Two-factor login: on",
        "Backup codes left: 10",
        "Logins from unknown places: not locked (wrong codes in a row: 0)",
        "Console logins: not locked (wrong codes in a row: 0)",
    ] {
        assert!(
            shown.lines().any(|message| message == line),
            "{line} in {shown}"
        );
    }

    // The first code, which confirmed it, is a use.
    let used = "\nAuthenticator: phone (time-based, last used ";
    assert!(shown.contains(used), "{shown}");

    // Locked, and unlocked before the lock ends.
    try_codes(&machine, "", &alice.phone.wrong_code(), 5);
    assert_eq!(listed(&machine, "--locked"), ["alice"]);
    let shown = machine.succeed(["tfactl", "show", "alice"]);
    assert!(
        shown.contains("Logins from unknown places: locked until"),
        "{shown}"
    );
    assert!(
        shown.contains("To remove the lock: tfactl unlock alice"),
        "{shown}"
    );
    let said = machine.succeed(["tfactl", "unlock", "alice"]);
    assert!(said.contains("alice is unlocked"), "{said}");
    assert_eq!(listed(&machine, "--locked"), [""; 0]);
    let login = ssh_to_code_prompt(&machine, "alice");
    login.type_secret(&alice.phone.next_unused());
    login.expect("alice@host:~$");

    // A reset needs the user's name, and cannot be undone.
    let output = machine.fail(["tfactl", "reset", "alice"]);
    assert_eq!(output.code(), Some(1));
    assert!(
        output.stderr.contains("tfactl reset alice --yes"),
        "{output}"
    );
    let terminal = machine.terminal(["tfactl", "reset", "alice"]);
    terminal.expect("Make sure that the request comes from alice.");
    terminal.expect("To confirm, type the user name:");
    terminal.type_line("yes");
    terminal.expect("Not reset. Nothing was changed.");
    assert_eq!(terminal.wait_exit().code(), Some(1));
    let terminal = machine.terminal(["tfactl", "reset", "alice"]);
    terminal.expect("To confirm, type the user name:");
    terminal.type_line("alice");
    terminal.expect("Two-factor login of alice was reset.");
    assert!(terminal.wait_exit().success());
    machine.expect_in_journal("tfad", "alice: reset by an administrator (by uid 0)");
    let login = machine.ssh("alice");
    login.expect("Password:");
    login.type_secret(PASSWORD);
    assert_eq!(login.expect_any(&["alice@host:~$", CODE]), 0);
    // The mark of the reset stays.
    assert_eq!(listed(&machine, "--enabled"), [""; 0]);
}

#[test]
fn an_administrator_over_ssh_gives_password_and_code_in_the_text_agent() {
    let (machine, _) = machine_with_alice_set_up();
    machine.add_user("carol", PASSWORD);
    machine.add_to_group("carol", "sudo");

    // Without a phone, the password of the administrator suffices.
    let terminal = machine.ssh("carol");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("carol@host:~$");
    terminal.type_line("tfactl show alice");
    terminal.expect("Authentication is required to manage the two-factor login of other users");
    terminal.expect("Authenticating as: carol");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("Two-factor login: on");
    terminal.expect("carol@host:~$");
    terminal.type_line("exit");
    terminal.wait_exit();

    // With a phone, the code is required here too.
    let carol = set_up(&machine, "carol", PASSWORD);
    let terminal = ssh_to_code_prompt(&machine, "carol");
    terminal.type_secret(&carol.phone.next_unused());
    terminal.expect("carol@host:~$");
    terminal.type_line("tfactl reset alice --yes");
    terminal.expect("Authenticating as: carol");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret(&carol.backup_codes[0]);
    terminal.expect("Two-factor login of alice was reset.");
    terminal.expect("carol@host:~$");
    let uid = machine.succeed(["id", "-u", "carol"]);
    let by = format!("alice: reset by an administrator (by uid {})", uid.trim());
    machine.expect_in_journal("tfad", &by);
    machine.expect_in_journal("tfad", "carol: verified by a backup code (service polkit-1");
}

#[test]
fn an_administrator_without_a_right_code_changes_nothing() {
    let machine = machine_with_alice();
    machine.add_user("carol", PASSWORD);
    machine.add_to_group("carol", "sudo");
    let carol = set_up(&machine, "carol", PASSWORD);
    let terminal = ssh_to_code_prompt(&machine, "carol");
    terminal.type_secret(&carol.backup_codes[0]);
    terminal.expect("carol@host:~$");
    terminal.type_line("tfactl reset carol --yes; echo ended with $?");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    for _ in 0..3 {
        terminal.expect(CODE);
        terminal.type_secret(&carol.phone.wrong_code());
    }
    terminal.expect("Not allowed:");
    terminal.expect("ended with 1");
    assert_eq!(listed(&machine, "--enabled"), ["carol"]);
    machine.expect_in_journal("tfad", "carol: an administrator's call was refused");
}

#[test]
fn an_ordinary_user_is_not_an_administrator() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("carol", "admin's own");
    machine.add_to_group("carol", "sudo");

    // Without a terminal no password is asked for.
    for command in [
        &["list"][..],
        &["show", "alice"],
        &["reset", "alice", "--yes"],
        &["unlock", "alice"],
    ] {
        let words = ["tfactl"].iter().chain(command).copied();
        let output = machine.run_as("alice", words);
        assert_eq!(output.code(), Some(1), "{output}");
        assert!(output.stderr.contains("Not allowed:"), "{output}");
        assert_eq!(output.stdout, "");
    }

    for call in [
        &["Users", "bs", "true", ""][..],
        &["Members", "ss", "sudo", ""],
    ] {
        let object = ["org.tfad.Tfa1", "/org/tfad/Tfa1", "org.tfad.Tfa1.Admin"];
        let words = ["busctl", "call"].iter().chain(&object).chain(call);
        let output = machine.run_as("alice", words.copied());
        assert_eq!((output.code(), output.stdout.as_str()), (Some(1), ""));
        assert!(
            output.stderr.contains("polkit has to ask for a password"),
            "{output}"
        );
    }

    // On a terminal an administrator's password is required. The user's own password is not
    // accepted.
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("alice@host:~$");
    terminal.type_line("tfactl list; echo ended with $?");
    terminal.expect("Authenticating as: carol");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("Not allowed:");
    terminal.expect("ended with 1");
    assert!(!terminal.transcript().contains("LAST-LOGIN"));
    assert_eq!(listed(&machine, "--enabled"), ["alice"]);
}

#[test]
fn each_kind_of_failure_has_its_own_exit_code() {
    let machine = machine_with_alice();
    let code = |words: &[&str]| machine.run(words.iter().copied()).code();
    assert_eq!(code(&["tfactl", "list"]), Some(0));
    assert_eq!(code(&["tfactl", "--help"]), Some(0));
    assert_eq!(code(&["tfactl", "show", "nobody-here"]), Some(1));
    assert_eq!(code(&["tfactl", "reset", "alice", "--yes"]), Some(1));
    for wrong in [
        &["tfactl"][..],
        &["tfactl", "frobnicate"],
        &["tfactl", "show"],
    ] {
        assert_eq!(code(wrong), Some(2), "{wrong:?}");
    }
    assert_eq!(code(&["tfactl", "list", "--paused", "--locked"]), Some(2));
    assert_eq!(code(&["tfa-enroll", "--qr", "gif:x", "status"]), Some(2));

    machine.succeed(["systemctl", "mask", "--now", "tfad"]);
    for words in [
        &["tfactl", "list"][..],
        &["tfactl", "show", "alice", "--json"],
        &["tfactl", "unlock", "alice"],
        &["tfactl", "reset", "alice", "--yes"],
        &["tfa-enroll", "status"],
    ] {
        let output = machine.run(words.iter().copied());
        assert_eq!(output.code(), Some(3), "{words:?}: {output}");
        assert!(output.stderr.contains("systemctl status tfad"), "{output}");
        assert_eq!(output.stdout, "", "{words:?}");
    }
    let terminal = machine.ssh("alice");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    // Without the policy every login is refused.
    terminal.expect("Password:");
    machine.succeed(["systemctl", "unmask", "tfad"]);
    assert_eq!(code(&["tfactl", "list"]), Some(0));
}

#[test]
fn the_installed_interface_xml_equals_the_one_on_the_bus() {
    let machine = Machine::boot();
    let live = machine.succeed([
        "busctl",
        "introspect",
        "--xml-interface",
        "org.tfad.Tfa1",
        "/org/tfad/Tfa1",
    ]);
    let installed = machine.read_file("/usr/share/dbus-1/interfaces/org.tfad.Tfa1.xml");
    let (live, installed) = (members(&live), members(&installed));
    assert!(installed.len() > 30, "{installed:#?}");
    assert_eq!(live, installed);
    let methods = installed.iter().filter(|member| member.ends_with(' '));
    assert_eq!(methods.count(), 60, "{installed:#?}");
}

/// The project's interfaces in the XML of an introspection: one line for each member or argument,
/// sorted by name, with each argument after its method.
fn members(xml: &str) -> Vec<String> {
    let mut text = String::new();
    for part in xml.split("<!--") {
        text.push_str(part.split_once("-->").map_or(part, |(_, rest)| rest));
    }
    let (mut interface, mut member, mut argument) = (String::new(), String::new(), 0);
    let mut lines = Vec::new();
    for tag in text.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').unwrap();
        let value = |name: &str| -> String {
            let start = format!(" {name}=\"");
            let found = tag
                .split_once(&start)
                .and_then(|(_, rest)| rest.split_once('"'));
            found.map(|(value, _)| value.to_owned()).unwrap_or_default()
        };
        match tag.split_whitespace().next() {
            Some("interface") => interface = value("name"),
            Some(kind @ ("method" | "signal" | "property")) => {
                let (name, types, access) = (value("name"), value("type"), value("access"));
                member = format!("{interface} {kind} {name} {types}{access}");
                argument = 0;
                lines.push(member.clone());
            }
            Some("arg") => {
                argument += 1;
                let direction = Some(value("direction")).filter(|direction| !direction.is_empty());
                let direction = direction.unwrap_or_else(|| "in".to_owned());
                let (name, types) = (value("name"), value("type"));
                lines.push(format!("{member} {argument}: {direction} {name} {types}"));
            }
            _ => {}
        }
    }
    lines.retain(|line| line.starts_with("org.tfad."));
    lines.sort();
    lines
}

/// The users in a list.
fn listed(machine: &Machine, filter: &str) -> Vec<String> {
    let words = ["tfactl", "list", filter];
    let list = machine.succeed(words.into_iter().filter(|word| !word.is_empty()));
    let rows = list.lines().skip(1);
    rows.filter_map(|row| row.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}
