//! Moving in: users of other programs keep their phones.

use tfa_tests::{Machine, Phone, Terminal};

use crate::users::{CODE, PASSWORD, record_of, set_policy};

/// The question of the other modules.
const OTHER_CODE: &str = "Verification code: ";

/// A machine on which sshd asks alice and bob for a code of google-authenticator, after the password.
fn machine_with_google_authenticator() -> Machine {
    let machine = Machine::boot_with(&["libpam-google-authenticator"]);
    for user in ["alice", "bob", "carol"] {
        machine.add_user(user, PASSWORD);
    }
    machine.offer_questions();
    add_module(&machine, "auth required pam_google_authenticator.so nullok");
    let options = [
        "-q", "-f", "-C", "-t", "-d", "-w", "3", "-r", "3", "-R", "30",
    ];
    enroll_elsewhere(&machine, "alice", &options);
    enroll_elsewhere(&machine, "bob", &["-q", "-f", "-C", "-c", "-u", "-w", "3"]);
    machine
}

/// Adds a line to the end of sshd's auth stack.
fn add_module(machine: &Machine, line: &str) {
    let edit = format!("sed -i '/^@include common-auth/a {line}' /etc/pam.d/sshd");
    machine.succeed(["sh", "-c", &edit]);
}

fn remove_module(machine: &Machine, module: &str) {
    let edit = format!("sed -i '/{module}/d' /etc/pam.d/sshd");
    machine.succeed(["sh", "-c", &edit]);
}

#[track_caller]
fn enroll_elsewhere(machine: &Machine, user: &str, options: &[&str]) {
    let words = ["google-authenticator"].iter().chain(options);
    let output = machine.run_as(user, words);
    assert!(output.success(), "{output}");
}

/// The lines of a user's file.
fn file_of(machine: &Machine, user: &str) -> Vec<String> {
    let text = machine.succeed(["cat", &format!("/home/{user}/.google_authenticator")]);
    text.lines().map(str::to_owned).collect()
}

/// The first scratch code in a user's file.
fn scratch_code(machine: &Machine, user: &str) -> String {
    let lines = file_of(machine, user);
    let is_code =
        |line: &&String| line.len() == 8 && line.bytes().all(|byte| byte.is_ascii_digit());
    lines.iter().find(is_code).expect("a scratch code").clone()
}

#[track_caller]
fn ssh_after_password(machine: &Machine, user: &str) -> Terminal {
    let terminal = machine.ssh(user);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal
}

/// Logs in where these questions are asked, with the same code.
#[track_caller]
fn logs_in(machine: &Machine, user: &str, questions: &[&str], code: &str) {
    let terminal = ssh_after_password(machine, user);
    for question in questions {
        terminal.expect(question);
        terminal.type_secret(code);
    }
    terminal.expect(&format!("{user}@host:~$"));
}

#[track_caller]
fn is_told(machine: &Machine, user: &str, code: &str, text: &str) {
    let terminal = ssh_after_password(machine, user);
    terminal.expect(CODE);
    terminal.type_secret(code);
    terminal.expect(text);
}

fn import(machine: &Machine, options: &[&str]) -> tfa_tests::Output {
    let words = ["tfactl", "import", "google-authenticator"]
        .iter()
        .chain(options);
    machine.run(words)
}

#[test]
fn google_authenticator_is_replaced_and_the_same_phone_logs_in() {
    let machine = machine_with_google_authenticator();
    let phone = Phone::from_secret(&file_of(&machine, "alice")[0]);
    let token = file_of(&machine, "bob")[0].clone();
    let token = Phone::from_uri(&format!("otpauth://hotp/bob?secret={token}&counter=1"));

    // Before: only the other module asks.
    let before = phone.next_unused();
    logs_in(&machine, "alice", &[OTHER_CODE], &before);
    logs_in(&machine, "bob", &[OTHER_CODE], &token.code_of_counter(0));

    // The dry run changes nothing.
    let dry = import(&machine, &["--homes"]);
    assert!(dry.success(), "{dry}");
    let text = dry.to_string();
    for part in [
        "alice: would be imported: 1 time-based authenticator, 5 backup codes; ",
        "RATE_LIMIT is not carried over",
        "bob: would be imported: 1 counter-based authenticator, 5 backup codes",
        "To import: 2, updated: 0, unchanged: 0, not imported: 0.",
        "Nothing was changed. To import, add --apply.",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("carol"), "{text}");
    assert!(record_of(&machine, "alice").contains("\"state\": \"none\""));

    let scratch = scratch_code(&machine, "alice");
    let done = import(&machine, &["--homes", "--apply"]);
    assert!(
        done.success() && done.to_string().contains("Imported: 2, "),
        "{done}"
    );
    machine.expect_in_journal(
        "tfad",
        "alice: an administrator imported the enrollment of another program: authenticators: 1, \
         backup codes: 5",
    );
    assert!(record_of(&machine, "alice").contains("\"backup_codes_left\": 5"));

    // Side by side: both ask, and take the same code. The code from before is used in both.
    is_told(&machine, "alice", &before, "This code was already used.");
    let between = phone.next_unused();
    logs_in(&machine, "alice", &[CODE, OTHER_CODE], &between);
    logs_in(
        &machine,
        "bob",
        &[CODE, OTHER_CODE],
        &token.code_of_counter(1),
    );

    // After: a repeated import changes nothing.
    remove_module(&machine, "pam_google_authenticator");
    let again = import(&machine, &["--homes", "--apply"]);
    assert!(again.success(), "{again}");
    assert!(
        again
            .to_string()
            .contains("alice: unchanged, was imported before"),
        "{again}"
    );
    is_told(&machine, "alice", &between, "This code was already used.");
    logs_in(&machine, "alice", &[CODE], &phone.next_unused());
    logs_in(&machine, "bob", &[CODE], &token.code_of_counter(2));
    logs_in(&machine, "alice", &[CODE], &scratch);
    is_told(&machine, "alice", &scratch, "This code was already used.");

    // Keys and codes are in no log.
    let journal = machine.succeed(["journalctl", "-t", "tfad"]);
    assert!(!journal.contains(phone.secret()) && !journal.contains(&scratch));
}

/// Keys of pam_oath, in hex, and the codes of the first from counter 0 on (RFC 4226).
const HEX: &str = "3132333435363738393031323334353637383930";
const OTHER_HEX: &str = "3939393939393939393939393939393939393939";
const HOTP_CODES: [&str; 4] = ["755224", "287082", "359152", "969429"];
const OATH_CODE: &str = "One-time password (OATH) for";

#[test]
fn pam_oath_is_replaced_and_the_same_tokens_log_in() {
    let machine = Machine::boot_with(&["libpam-oath"]);
    for user in ["alice", "bob"] {
        machine.add_user(user, PASSWORD);
    }
    machine.offer_questions();
    let module = "auth required pam_oath.so usersfile=/etc/users.oath window=5";
    add_module(&machine, module);
    let file = format!("HOTP alice - {HEX}\nHOTP/T30/6 bob - {OTHER_HEX}\n");
    machine.write_file("/etc/users.oath", file);
    machine.succeed(["chmod", "600", "/etc/users.oath"]);
    let phone = Phone::from_secret("HE4TSOJZHE4TSOJZHE4TSOJZHE4TSOJZ");

    let before = phone.next_unused();
    logs_in(&machine, "alice", &[OATH_CODE], HOTP_CODES[0]);
    logs_in(&machine, "bob", &[OATH_CODE], &before);

    let oath = ["tfactl", "import", "oath", "/etc/users.oath"];
    let dry = machine.succeed(oath);
    assert!(dry.contains("To import: 2,"), "{dry}");
    let apply = oath.iter().chain(&["--apply"]).copied();
    let done = machine.succeed(apply.clone());
    assert!(
        done.contains("alice: imported: 1 counter-based authenticator"),
        "{done}"
    );

    // Side by side: the code from before is used in both.
    is_told(
        &machine,
        "alice",
        HOTP_CODES[0],
        "This code was already used.",
    );
    is_told(&machine, "bob", &before, "This code was already used.");
    logs_in(&machine, "alice", &[CODE, OATH_CODE], HOTP_CODES[1]);

    remove_module(&machine, "pam_oath");
    let again = machine.succeed(apply);
    assert!(again.contains("unchanged: 2,"), "{again}");
    is_told(
        &machine,
        "alice",
        HOTP_CODES[1],
        "This code was already used.",
    );
    logs_in(&machine, "alice", &[CODE], HOTP_CODES[2]);
    // No code until the import is accepted, and then the token is in step.
    machine.shift_clock(120);
    phone.shift_clock(120);
    logs_in(&machine, "bob", &[CODE], &phone.next_unused());
}

#[test]
fn lists_that_others_own_or_that_are_no_files_change_nothing() {
    let machine = crate::users::machine_with_alice();
    let good = format!("HOTP alice - {HEX}\n");
    machine.write_file("/root/good", good);
    for (format, make, expected) in [
        ("oath", "ln -s /root/good list", "it is a symbolic link"),
        ("otpauth", "mkfifo list", "it is not a regular file"),
        ("oath-csv", "mkdir list", "it is not a regular file"),
        (
            "oath",
            "cp good list; chown alice list",
            "it belongs to uid",
        ),
        (
            "oath-csv",
            "truncate -s 40M list",
            "it has more than 33554432 bytes",
        ),
        (
            "oath",
            "cat good good | head -c 80 >list",
            "line 2: the last line has no end",
        ),
        (
            "oath",
            "iconv -t UTF-16 good >list",
            "line 1: not text in UTF-8",
        ),
        ("otpauth", "cp /bin/true list", "line 1: not text in UTF-8"),
        ("pskc", "ln -s /root/good list", "it is a symbolic link"),
        ("pskc", "cp good list", "line 1: not well-formed XML"),
        (
            "pskc",
            "printf '<KeyContainer>\\n<KeyPackage>\\n' >list",
            "line 2: not well-formed XML",
        ),
    ] {
        let script = format!("cd /root; rm -rf list; {make}");
        machine.succeed(["sh", "-ec", &script]);
        let output = machine.fail(["tfactl", "import", format, "/root/list", "--apply"]);
        let text = output.to_string();
        assert!(
            text.contains("/root/list") && text.contains(expected),
            "{make}: {output}"
        );
        assert!(
            text.contains("Nothing was changed.") && !text.contains(HEX),
            "{output}"
        );
    }
    assert!(record_of(&machine, "alice").contains("\"state\": \"none\""));
}

#[test]
fn a_weak_key_of_a_uri_is_imported_and_marked() {
    let machine = crate::users::machine_with_alice();
    let key = "GEZDGNBVGY3TQOJQ";
    let uri = format!("otpauth://totp/host:alice@host?secret={key}&issuer=host\n");
    let words = ["tfactl", "import", "otpauth", "-", "--apply"];
    let output = machine.command(words).stdin(uri).run();
    assert!(output.success(), "{output}");
    let text = output.to_string();
    assert!(
        text.contains("alice: imported: 1 time-based authenticator; weak: "),
        "{text}"
    );
    let shown = machine.succeed(["tfactl", "show", "alice"]);
    assert!(
        shown.contains("phone (time-based, weak key, not used yet)"),
        "{shown}"
    );
    assert!(record_of(&machine, "alice").contains("\"weak\": true"));
    // The owner learns of it.
    let phone = Phone::from_secret(key);
    machine.shift_clock(120);
    phone.shift_clock(120);
    let terminal = ssh_after_password(&machine, "alice");
    terminal.expect(CODE);
    terminal.type_secret(&phone.next_unused());
    terminal.expect("An administrator added authenticator");
    terminal.expect("alice@host:~$");
}

#[test]
fn an_exported_key_is_told_to_its_owner_and_serves_another_host() {
    let (machine, alice) = crate::users::machine_with_alice_set_up();
    machine.write_file("/root/passphrase", "battery staple\n");
    machine.succeed(["chmod", "600", "/root/passphrase"]);
    let export = [
        "tfactl",
        "export",
        "pskc",
        "alice",
        "--output",
        "/root/keys",
    ];
    let words = export
        .iter()
        .chain(&["--passphrase-file", "/root/passphrase"]);
    let done = machine.succeed(words.copied());
    assert!(done.contains("1 key was exported to /root/keys."), "{done}");
    machine.expect_in_journal("tfad", "alice: root exported the keys of 1 authenticators");
    let alert = [
        "journalctl",
        "-t",
        "tfad",
        "--priority=alert",
        "TFA_EVENT=exported",
    ];
    assert!(machine.succeed(alert).contains("alice"));
    assert_eq!(
        machine
            .succeed(["stat", "-c", "%a %U", "/root/keys"])
            .trim(),
        "600 root"
    );
    let text = machine.succeed(["cat", "/root/keys"]);
    assert!(
        text.contains("EncryptedValue") && !text.contains("PlainValue>MT"),
        "{text}"
    );

    // Not by an administrator who is not root, and not over a file.
    let again = machine.fail(export);
    assert!(
        again.to_string().contains("never replaces a file"),
        "{again}"
    );
    let other = machine.run_as(
        "alice",
        ["tfactl", "export", "otpauth", "alice", "--output", "x"],
    );
    assert!(
        !other.success() && other.to_string().contains("only root"),
        "{other}"
    );

    let terminal = ssh_after_password(&machine, "alice");
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("An administrator exported the keys");
    terminal.expect("alice@host:~$");

    let other = crate::users::machine_with_alice();
    other.write_file("/root/keys", text);
    other.write_file("/root/passphrase", "battery staple\n");
    let import = [
        "tfactl",
        "import",
        "pskc",
        "/root/keys",
        "--apply",
        "--passphrase-file",
    ];
    let words = import.iter().chain(&["/root/passphrase"]).copied();
    let done = other.succeed(words);
    assert!(
        done.contains("alice: imported: 1 time-based authenticator"),
        "{done}"
    );
    other.shift_clock(120);
    alice.phone.shift_clock(120);
    logs_in(&other, "alice", &[CODE], &alice.phone.next_unused());
}

#[test]
fn a_code_used_between_two_imports_is_used_after_the_second() {
    let machine = machine_with_google_authenticator();
    let phone = Phone::from_secret(&file_of(&machine, "alice")[0]);
    assert!(import(&machine, &["--homes", "--apply"]).success());
    // A service that only asks the other module.
    machine.write_file(
        "/etc/pam.d/su-l",
        "auth requisite pam_google_authenticator.so\naccount required pam_permit.so\n\
         session required pam_permit.so\n",
    );
    let (code, scratch) = (phone.next_unused(), scratch_code(&machine, "alice"));
    for typed in [&code, &scratch] {
        let terminal = machine.terminal_as("carol", ["su", "-", "alice"]);
        terminal.expect(OTHER_CODE);
        terminal.type_secret(typed);
        terminal.expect("alice@host:~$");
    }
    let again = import(&machine, &["--homes", "--apply"]);
    assert!(
        again
            .to_string()
            .contains("alice: was imported before; codes that were used"),
        "{again}"
    );
    remove_module(&machine, "pam_google_authenticator");
    is_told(&machine, "alice", &code, "This code was already used.");
    is_told(&machine, "alice", &scratch, "This code was already used.");
    logs_in(&machine, "alice", &[CODE], &phone.next_unused());
}

/// Makes a file of carol, which she owns if root made it.
fn put_file(machine: &Machine, file: &str, make: &str) {
    let own = format!("chown -h --from=root carol {file}");
    let script = format!("umask 077; {make}; {own}");
    machine.succeed(["sh", "-ec", &script]);
}

#[test]
fn wrong_files_in_homes_are_reported_by_line_and_change_nothing() {
    let machine = machine_with_google_authenticator();
    let file = "/home/carol/.google_authenticator";
    let key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    let cases = [
        (
            format!("ln -s /home/alice/.google_authenticator {file}"),
            "it is a symbolic link",
        ),
        (format!("mkfifo -m 600 {file}"), "it is not a regular file"),
        (format!("mkdir {file}"), "it is not a regular file"),
        (
            format!(
                "cp /home/alice/.google_authenticator {file}; chown alice {file}; chmod 644 {file}"
            ),
            "belongs to uid",
        ),
        (
            format!("printf {key} >{file}"),
            "line 1: the last line has no end",
        ),
        (
            format!("printf '{key}\\n12345678\\n1234' >{file}"),
            "line 3: the last line has no end",
        ),
        (
            format!("printf '{key}\\n12345678\\n1234567\\n' >{file}"),
            "line 3: expected an option or",
        ),
        (format!("cp /bin/true {file}"), "line 1: "),
        (
            format!("printf '{key}\\n' | iconv -t UTF-16 >{file}"),
            "line 1: not text in UTF-8",
        ),
        (
            format!("head -c 70000 /dev/zero | tr '\\0' A >{file}"),
            "it has more than 65536 bytes",
        ),
        (
            format!("truncate -s 1T {file}"),
            "it has more than 65536 bytes",
        ),
        (format!("ln -s /dev/zero {file}"), "it is a symbolic link"),
    ];
    for (make, expected) in &cases {
        put_file(&machine, file, make);
        for options in [
            &["--homes", "--apply"][..],
            &["--apply", &format!("carol={file}")],
        ] {
            let output = import(&machine, options);
            let text = output.to_string();
            assert!(!output.success(), "{make}: {output}");
            assert!(
                text.contains(file) && text.contains(expected),
                "{make}: {output}"
            );
            assert!(!text.contains(key), "{output}");
        }
        assert!(
            record_of(&machine, "carol").contains("\"state\": \"none\""),
            "{make}"
        );
        machine.succeed(["rm", "-rf", file]);
    }
    // With the rights of the user, a file that the user may not read cannot be read.
    put_file(
        &machine,
        file,
        &format!("echo {key} >{file}; chmod 000 {file}"),
    );
    let output = import(&machine, &["--homes", "--apply"]);
    let text = output.to_string();
    assert!(
        !output.success() && text.contains("it cannot be read: Permission denied"),
        "{output}"
    );
    // The others are imported.
    assert!(record_of(&machine, "alice").contains("\"state\": \"enabled\""));
    // A home that is not mounted is no home without a file.
    machine.succeed(["mv", "/home/carol", "/home/carol.away"]);
    let output = import(&machine, &["--homes", "--apply"]);
    let text = output.to_string();
    assert!(
        !output.success() && text.contains("carol: the home /home/carol is not there"),
        "{output}"
    );
}

#[test]
fn neither_a_reset_nor_an_invitation_is_passed_by_a_file_of_the_user() {
    let machine = machine_with_google_authenticator();
    let policy = "[policy]\nmode = \"optional\"\ninvitation = true\n";
    set_policy(&machine, policy);
    let refused = import(&machine, &["--homes", "--apply"]);
    assert!(
        !refused.success()
            && refused
                .to_string()
                .contains("alice: refused: The policy wants"),
        "{refused}"
    );
    assert!(record_of(&machine, "alice").contains("\"state\": \"none\""));
    let options = ["--homes", "--apply", "--without-invitation"];
    let done = import(&machine, &options);
    assert!(done.success(), "{done}");
    assert!(record_of(&machine, "alice").contains("\"state\": \"enabled\""));

    machine.succeed(["tfactl", "reset", "alice", "--yes"]);
    let again = import(&machine, &options);
    assert!(
        !again.success()
            && again
                .to_string()
                .contains("alice: refused: The account of alice was reset"),
        "{again}"
    );
    assert!(!record_of(&machine, "alice").contains("\"state\": \"enabled\""));
}
