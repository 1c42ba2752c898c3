//! Moving in: users of other programs keep their phones.

use tfa_tests::{Machine, Phone, Suite, Terminal};

use crate::users::{CODE, PASSWORD, authenticate, record_of, set_policy};

/// The question of the other modules.
const OTHER_CODE: &str = "Verification code: ";

/// A machine on which sshd asks alice and bob for a code of google-authenticator, after the password.
fn machine_with_google_authenticator() -> Machine {
    machine_with_google_authenticator_on(Suite::Bookworm)
}

pub(crate) fn machine_with_google_authenticator_on(suite: Suite) -> Machine {
    let machine = Machine::boot_on_with(suite, &["libpam-google-authenticator"]);
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
pub(crate) fn file_of(machine: &Machine, user: &str) -> Vec<String> {
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

/// The commands of docs/moving-in.md that begin so, one for each.
#[track_caller]
pub(crate) fn commands_of_the_page(beginnings: &[&str]) -> String {
    let page = include_str!("../../docs/moving-in.md");
    let command = |beginning: &&str| {
        let mut lines = page.lines().map(str::trim);
        lines
            .find(|line| line.starts_with(*beginning))
            .expect(beginning)
    };
    beginnings
        .iter()
        .map(command)
        .collect::<Vec<_>>()
        .join("\n")
}

pub(crate) fn import(machine: &Machine, options: &[&str]) -> tfa_tests::Output {
    let words = ["tfactl", "import", "google-authenticator"]
        .iter()
        .chain(options);
    machine.run(words)
}

#[test]
fn google_authenticator_is_replaced_and_the_same_phone_logs_in() {
    google_authenticator_is_replaced_on(Suite::Bookworm);
}

#[test]
fn google_authenticator_of_debian_13_is_replaced() {
    google_authenticator_is_replaced_on(Suite::Trixie);
}

fn google_authenticator_is_replaced_on(suite: Suite) {
    let machine = machine_with_google_authenticator_on(suite);
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

    // A line that goes on behind a backslash is removed as a whole. A file behind a link is kept as it was.
    let broken =
        "auth required \\\n  pam_google_authenticator.so \\\n  nullok\nauth required pam_deny.so\n";
    machine.write_file("/srv/broken", broken);
    machine.succeed(["ln", "-s", "/srv/broken", "/etc/pam.d/broken"]);

    // After: a repeated import changes nothing. The commands of the page can be run twice, and lead back.
    for _ in 0..2 {
        machine.succeed([
            "sh",
            "-ec",
            &commands_of_the_page(&["[ -e /root/pam.d.before ]", "grep -lZ"]),
        ]);
    }
    let old = "pam_google_authenticator";
    assert!(!machine.read_file("/etc/pam.d/sshd").contains(old));
    assert_eq!(
        machine.read_file("/srv/broken"),
        "auth required pam_deny.so\n"
    );
    machine.succeed([
        "sh",
        "-ec",
        &commands_of_the_page(&["cd /root/pam.d.before"]),
    ]);
    assert!(machine.read_file("/etc/pam.d/sshd").contains(old));
    assert_eq!(machine.read_file("/srv/broken"), broken);
    machine.succeed(["rm", "/etc/pam.d/broken"]);
    machine.succeed(["sh", "-ec", &commands_of_the_page(&["grep -lZ"])]);
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

/// The lines between two lines of docs/moving-in.md, without indentation.
#[track_caller]
fn lines_of_the_page(begin: &str, end: &str) -> String {
    let page = include_str!("../../docs/moving-in.md");
    let (_, rest) = page.split_once(begin).expect(begin);
    let (block, _) = rest.split_once(end).expect(end);
    let lines = block.lines().map(str::trim);
    lines.collect::<Vec<_>>().join("\n")
}

/// A user and a network that the old module skips are skipped after the move, and no other one is.
#[test]
fn exemptions_in_front_of_the_old_module_become_rules() {
    let machine = Machine::boot_with(&["libpam-google-authenticator"]);
    for user in ["alice", "carol"] {
        machine.add_user(user, PASSWORD);
        let options = [
            "-q", "-f", "-C", "-t", "-d", "-w", "3", "-r", "3", "-R", "30",
        ];
        enroll_elsewhere(&machine, user, &options);
    }
    machine.succeed(["groupadd", "nootp"]);
    machine.succeed(["usermod", "-aG", "nootp", "carol"]);
    machine.offer_questions();
    machine.write_file(
        "/etc/security/access-otp.conf",
        "+ : ALL : 192.0.2.0/24\n- : ALL : ALL\n",
    );
    let old = lines_of_the_page("or networks, as these do:\n\n", "\n\n");
    for line in old.lines().rev() {
        add_module(&machine, line);
    }
    // Before: the old module skips carol.
    let phone = Phone::from_secret(&file_of(&machine, "alice")[0]);
    logs_in(&machine, "alice", &[OTHER_CODE], &phone.next_unused());
    logs_in(&machine, "carol", &[], "");

    let rules = lines_of_the_page("```toml\n", "```");
    let rest = "[policy]\nmode = \"required\"\ngrace = \"0\"\n\n";
    machine.write_file("/etc/tfa/tfad.toml", format!("{rest}{rules}"));
    machine.succeed(["sh", "-c", "tfactl policy check && systemctl reload tfad"]);
    assert!(import(&machine, &["--homes", "--apply"]).success());
    let finding = "tfactl doctor --only moving-unfinished || :";
    let found = machine.succeed(["sh", "-c", finding]);
    let words: Vec<&str> = found.split_whitespace().collect();
    let text = "Each user with its file has enrolled here.";
    assert!(words.join(" ").contains(text), "{found}");
    for module in [
        "pam_succeed_if.so quiet user ingroup nootp",
        "pam_access.so accessfile",
        "pam_google_authenticator",
    ] {
        remove_module(&machine, module);
    }
    logs_in(&machine, "carol", &[], "");
    logs_in(&machine, "alice", &[CODE], &phone.next_unused());
    let outcome = |from: &str| machine.succeed(["tfactl", "explain", "alice", "--from", from]);
    let inside = outcome("192.0.2.7");
    assert!(inside.contains("a rule exempts such a login"), "{inside}");
    let outside = outcome("198.51.100.7");
    assert!(outside.contains("Outcome: asked for a code"), "{outside}");
}

/// Keys of pam_oath, in hex, and the codes of the first from counter 0 on (RFC 4226).
const HEX: &str = "3132333435363738393031323334353637383930";
const OTHER_HEX: &str = "3939393939393939393939393939393939393939";
const HOTP_CODES: [&str; 4] = ["755224", "287082", "359152", "969429"];
const OATH_CODE: &str = "One-time password (OATH) for";

#[test]
fn pam_oath_is_replaced_and_the_same_tokens_log_in() {
    pam_oath_is_replaced_on(Suite::Bookworm);
}

#[test]
fn pam_oath_of_debian_13_is_replaced() {
    pam_oath_is_replaced_on(Suite::Trixie);
}

fn pam_oath_is_replaced_on(suite: Suite) {
    let machine = Machine::boot_on_with(suite, &["libpam-oath"]);
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

    // carol is in the file and has not enrolled.
    let users = machine.read_file("/etc/users.oath");
    let carol = format!("HOTP carol - {HEX}\n");
    machine.write_file("/etc/users.oath", format!("{users}{carol}"));
    let finding = ["tfactl", "doctor", "--json", "--only", "moving-unfinished"];
    let left = machine.run(finding).stdout;
    assert!(left.contains("It alone guards 1 user: carol."), "{left}");
    machine.write_file("/etc/users.oath", users);
    let left = machine.run(finding).stdout;
    assert!(
        left.contains("Each user in its file has enrolled here."),
        "{left}"
    );

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

/// A list of one user in each format that is read from a file.
fn good_lists() -> [(&'static str, String); 4] {
    let uri = format!(
        "otpauth://totp/alice?secret={}",
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    );
    let container = "<KeyContainer xmlns='urn:ietf:params:xml:ns:keyprov:pskc' Version='1.0'>\n\
         <KeyPackage><Key Id='alice' Algorithm='urn:ietf:params:xml:ns:keyprov:pskc:hotp'>\n\
         <AlgorithmParameters><ResponseFormat Length='6' Encoding='DECIMAL'/></AlgorithmParameters>\n\
         <Data><Secret><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret>\n\
         <Counter><PlainValue>0</PlainValue></Counter></Data><UserId>alice</UserId></Key>\n\
         </KeyPackage>\n</KeyContainer>\n";
    [
        ("oath", format!("HOTP alice - {HEX}\n")),
        ("otpauth", format!("{uri}\n")),
        ("oath-csv", format!("alice,{HEX},HOTP,6,0\n")),
        ("pskc", container.to_owned()),
    ]
}

#[test]
fn wrong_lists_of_each_format_are_reported_and_change_nothing() {
    let machine = crate::users::machine_with_alice();
    let cases = [
        ("ln -s /root/good list", "it is a symbolic link"),
        ("mkfifo list", "it is not a regular file"),
        ("mkdir list", "it is not a regular file"),
        (":", "there is no such file"),
        ("cp good list; chown alice list", "it belongs to uid"),
        ("truncate -s 40M list", "it has more than 33554432 bytes"),
        ("truncate -s 1T list", "it has more than 33554432 bytes"),
        // The last byte, and half of the content.
        ("head -c -2 good >list", "line "),
        ("head -c $(($(stat -c %s good) / 2)) good >list", "line "),
        ("iconv -t UTF-16 good >list", "line 1: not "),
        ("cp /bin/true list", "line 1: not "),
        ("head -c 100000 /dev/zero >list", "line 1"),
        ("tr -d '\\n' </dev/urandom | head -c 100000 >list", "line 1"),
    ];
    for (format, good) in good_lists() {
        machine.write_file("/root/good", good);
        let dry = machine.succeed(["tfactl", "import", format, "/root/good"]);
        assert!(dry.contains("alice: would be imported"), "{format}: {dry}");
        for (make, expected) in cases {
            let script = format!("cd /root; rm -rf list; {make}");
            machine.succeed(["sh", "-ec", &script]);
            let output = machine.fail(["tfactl", "import", format, "/root/list", "--apply"]);
            let text = output.to_string();
            assert!(
                text.contains("/root/list") && text.contains(expected),
                "{format}: {make}: {output}"
            );
            assert!(
                text.contains("Nothing was changed.") && !text.contains(HEX),
                "{format}: {output}"
            );
        }
    }
    assert!(record_of(&machine, "alice").contains("\"state\": \"none\""));
}

/// The export of an app, with the key of a user `bb` (which this host does not have).
const MIGRATION: &str =
    "otpauth-migration://offline?data=CiAKFDEyMzQ1Njc4OTAxMjM0NTY3ODkwEgJiYiABKAEwAhAB";

#[test]
fn wrong_exports_of_an_app_are_reported_and_change_nothing() {
    let machine = crate::users::machine_with_alice();
    machine.add_user("bb", PASSWORD);
    machine.write_file("/root/good", format!("{MIGRATION}\n"));
    let import = "tfactl import otpauth-migration - --apply";
    for (make, expected) in [
        ("head -c -2 good", "the last line has no end"),
        ("head -c 70 good; echo", "line 1: "),
        ("iconv -t UTF-16 good", "line 1: not text"),
        ("cat /bin/true", "line 1: not text"),
        ("head -c 40M /dev/zero", "it has more than 33554432 bytes"),
        (
            "cat good; echo otpauth-migration://offline?data=AAAA",
            "line 2: ",
        ),
        ("sed 's/CiAK/!!!!/' good", "line 1: "),
    ] {
        let script = format!("cd /root; {{ {make}; }} | {import}");
        let output = machine.fail(["sh", "-c", &script]);
        let text = output.to_string();
        assert!(
            text.contains("the standard input") && text.contains(expected),
            "{make}: {output}"
        );
        assert!(
            text.contains("Nothing was changed.") && !text.contains("CiAK"),
            "{output}"
        );
    }
    assert!(record_of(&machine, "bb").contains("\"state\": \"none\""));
    machine.succeed(["sh", "-c", &format!("{import} </root/good")]);
    assert!(record_of(&machine, "bb").contains("\"state\": \"enabled\""));
}

#[test]
fn a_list_that_is_rewritten_meanwhile_is_imported_whole_or_not_at_all() {
    let machine = crate::users::machine_with_alice();
    machine.add_user("bob", PASSWORD);
    // As long as the writer runs, a read meets each state of the file.
    let line = |user: &str| format!("HOTP {user} - {HEX}\n");
    let users = ["alice", "bob"].map(line).concat();
    machine.write_file("/root/good", users);
    let script = "cd /root; cp good list
        while [ ! -e stop ]; do cat good >list; done &
        for time in $(seq 30); do tfactl import oath list; done >said 2>&1
        touch stop; wait; cat said";
    let said = machine.succeed(["sh", "-c", script]);
    for text in said.lines().filter(|line| !line.is_empty()) {
        let is_known = [
            "alice: would be imported",
            "bob: would be imported",
            "To import: 2,",
            "Nothing was changed.",
            "it changed while it was read",
            "the last line has no end",
            "there is nothing in it",
        ];
        assert!(
            is_known.iter().any(|known| text.contains(known)),
            "{text}: {said}"
        );
    }
    let imported = |user: &str| said.matches(&format!("{user}: would be")).count();
    assert_eq!(imported("alice"), imported("bob"), "{said}");
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
    terminal.expect("Your authenticator was taken over from\nanother program on");
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

/// The old file still has the key, and the codes that were used here.
#[test]
fn a_removed_enrollment_is_not_imported_again() {
    let machine = machine_with_google_authenticator();
    let phone = Phone::from_secret(&file_of(&machine, "alice")[0]);
    let scratch = scratch_code(&machine, "alice");
    assert!(import(&machine, &["--homes", "--apply"]).success());
    remove_module(&machine, "pam_google_authenticator");
    let code = phone.next_unused();
    logs_in(&machine, "alice", &[CODE], &code);
    let terminal = machine.terminal_as("alice", ["tfa-enroll", "remove"]);
    terminal.expect("To remove it, type yes.");
    terminal.type_line("yes");
    authenticate(&terminal, &scratch);
    assert!(terminal.wait_exit().success());
    for _ in 0..2 {
        let again = import(&machine, &["--homes", "--apply"]);
        assert!(!again.success(), "{again}");
        let text = "alice: refused: alice had enrolled here and has removed the enrollment.";
        assert!(again.to_string().contains(text), "{again}");
        assert!(record_of(&machine, "alice").contains("\"state\": \"none\""));
        machine.run(["tfactl", "reset", "alice", "--yes"]);
    }
}

#[test]
fn codes_that_nobody_is_known_to_have_used_are_void_and_no_alarm() {
    let machine = machine_with_google_authenticator();
    machine.add_user("dave", PASSWORD);
    let options = ["-q", "-f", "-C", "-t", "-D", "-w", "3"];
    enroll_elsewhere(&machine, "carol", &[&options[..], &["-u"]].concat());
    let limited = ["-r", "3", "-R", "30"];
    enroll_elsewhere(&machine, "dave", &[&options[..], &limited].concat());
    let [carol, dave] = ["carol", "dave"].map(|user| {
        let phone = Phone::from_secret(&file_of(&machine, user)[0]);
        phone.shift_clock(600);
        phone
    });
    machine.shift_clock(600);
    remove_module(&machine, "pam_google_authenticator");

    // Nothing is known of carol's file. That of dave was written ten minutes ago.
    let code = carol.code_at(1);
    let done = import(&machine, &["--homes", "--apply"]);
    assert!(done.success(), "{done}");
    let text = "This code may have been used before your account";
    let terminal = ssh_after_password(&machine, "carol");
    terminal.expect(CODE);
    terminal.type_secret(&code);
    terminal.expect(text);
    terminal.expect(CODE);
    machine.expect_in_journal(
        "tfad",
        "carol: a code that may be from before the account was moved",
    );
    logs_in(&machine, "dave", &[CODE], &dave.next_unused());
    let shown = machine.succeed(["tfactl", "show", "carol"]);
    assert!(shown.contains("a code that may be from before"), "{shown}");

    // In a later time step: in the same one, nothing more is made void.
    machine.shift_clock(660);
    let again = import(&machine, &["--homes", "--apply"]).to_string();
    assert!(
        again.contains("dave: unchanged") && !again.contains("carol: unchanged"),
        "{again}"
    );
    // The phone shows the code of the previous step first: all void steps are before it.
    machine.shift_clock(780);
    carol.shift_clock(780);
    let terminal = ssh_after_password(&machine, "carol");
    terminal.expect(CODE);
    terminal.type_secret(&carol.next_unused());
    terminal.expect("were\ntaken over from google-authenticator on");
    terminal.expect("carol@host:~$");
    assert!(
        !terminal.screen().contains("administrator"),
        "{}",
        terminal.screen()
    );
    assert!(
        !terminal.screen().contains("another person"),
        "{}",
        terminal.screen()
    );
    assert!(record_of(&machine, "carol").contains("\"wrong_codes\": 0"));
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
