//! The files and rules of the policy on a machine: errors in them, changes during a login, and
//! which logins a rule matches.

use tfa_tests::{Machine, Phone, Terminal};

use crate::locks::ssh_with_messages;
use crate::users::{
    CODE, PASSWORD, console_on, enter_password, machine_with_alice, machine_with_alice_set_up,
    set_policy, set_up_in_login, ssh_to_code_prompt, uri_in,
};

/// Required for all users, at once.
const REQUIRED: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\n";
const FILE: &str = "/etc/tfa/tfad.toml";
const DROP_IN: &str = "/etc/tfa/tfad.toml.d/50-more.toml";

const BEGIN: &str = "Press Enter to begin, or no to stop:";
const NOT_AVAILABLE: &str = "Two-factor login is not available right now.";
const UNKNOWN: &str = "could not be determined";
const CHANGED: &str = "Your two-factor login was just changed. Log in again.";

/// A login over SSH that has entered the password.
#[track_caller]
fn after_password(machine: &Machine, user: &str) -> Terminal {
    let terminal = ssh_with_messages(machine, user);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal
}

/// A login over SSH from an address of the machine that has entered the password.
#[track_caller]
fn from(machine: &Machine, address: &str, user: &str) -> Terminal {
    let options = [
        "-oLogLevel=INFO",
        "-oNumberOfPasswordPrompts=1",
        "-oPreferredAuthentications=keyboard-interactive",
        "-b",
        address,
    ];
    let terminal = machine.ssh_with(user, &options);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal
}

#[track_caller]
fn is_logged_in(terminal: &Terminal, user: &str) {
    terminal.expect(&format!("{user}@host:~$"));
    let transcript = terminal.transcript();
    assert!(!transcript.contains("wo-factor"), "{transcript}");
    assert!(!transcript.contains(CODE), "{transcript}");
}

fn add_users(machine: &Machine, users: &[&str]) {
    for user in users {
        machine.add_user(user, PASSWORD);
    }
}

#[test]
fn a_failed_reload_names_the_position_and_keeps_the_policy() {
    let (machine, alice) = machine_with_alice_set_up();
    add_users(&machine, &["bob", "carol", "dave"]);
    set_policy(&machine, REQUIRED);
    let alices = [(); 2].map(|()| ssh_to_code_prompt(&machine, "alice"));
    let bobs = after_password(&machine, "bob");
    bobs.expect(BEGIN);
    bobs.type_line("");
    bobs.expect("Scan it with the app, then press Enter:");
    bobs.type_line("");
    bobs.expect("Code from your phone:");
    let carols = after_password(&machine, "carol");
    carols.expect(BEGIN);

    for (file, text, mistake) in [
        (
            FILE,
            "[policy]\nmode = \"requird\"\n",
            "tfad.toml:2:8: mode: ",
        ),
        (FILE, "[policy]\nmode = \"off\"\nmode", "tfad.toml:3:5: "),
        (
            FILE,
            "[policy]\nmode = \"off\"\naudti = true\n",
            "tfad.toml:3:1: ",
        ),
        (FILE, "", "tfad.toml: "),
        (FILE, "[policy]\n", "tfad.toml: "),
        (FILE, "[policy]\nmode = \"o", "tfad.toml:2:"),
        (DROP_IN, "", "50-more.toml: "),
        (DROP_IN, "# To be done\n", "50-more.toml: "),
        (
            DROP_IN,
            "[policy]\nmode = \"off\"\ngrace = 7\n",
            "50-more.toml:3:9: grace: ",
        ),
    ] {
        machine.succeed(["cp", FILE, "/root/kept"]);
        machine.write_file(file, text);
        let now = machine.succeed(["date", "+%s"]);
        let output = machine.fail(["systemctl", "reload", "tfad"]);
        assert!(output.stderr.contains("tfad.service failed"), "{output}");
        machine.succeed(["journalctl", "--sync"]);
        let since = format!("--since=@{}", now.trim());
        let said = machine.succeed(["journalctl", "--quiet", "-u", "tfad", &since]);
        assert!(said.contains(mistake), "{text:?}: {said}");
        let output = machine.fail(["tfad", "--check"]);
        assert!(output.stderr.contains(mistake), "{text:?}: {output}");
        let output = machine.fail(["tfactl", "policy", "check"]);
        assert!(output.text().contains(mistake), "{text:?}: {output}");
        // A reload that bypasses the check.
        machine.succeed(["systemctl", "kill", "--signal=HUP", "tfad"]);
        let stays = "reload failed, keeping the current configuration:";
        machine.expect_in_journal("tfad", stays);
        machine.succeed(["mv", "/root/kept", FILE]);
        machine.succeed(["rm", "-f", DROP_IN]);
    }
    // The last error is still in the file, and the old policy is in force for old logins and new
    // ones.
    machine.write_file(FILE, "[policy]\nmode = \"offf\"\n");
    machine.fail(["systemctl", "reload", "tfad"]);
    for terminal in alices {
        terminal.type_secret(&alice.phone.next_unused());
        terminal.expect("alice@host:~$");
    }
    let phone = Phone::from_uri(&uri_in(&bobs.transcript()));
    bobs.type_line(&phone.next_unused());
    bobs.expect("Press Enter when you have saved them:");
    bobs.type_line("");
    bobs.expect("bob@host:~$");
    carols.type_line("");
    carols.expect("Scan it with the app, then press Enter:");
    after_password(&machine, "dave").expect(BEGIN);
    set_policy(&machine, "[policy]\nmode = \"off\"\n");
    is_logged_in(&after_password(&machine, "dave"), "dave");
}

#[test]
fn a_truncated_policy_refuses_all_logins_until_reload() {
    let (machine, alice) = machine_with_alice_set_up();
    add_users(&machine, &["bob"]);
    for (number, half) in [
        "",
        "[policy]\n",
        "[policy]\nmode = \"",
        "[policy]\nmode = \"optional\"\n\n[[policy.rule]]\ngroups = [\"sudo\"]\n",
    ]
    .into_iter()
    .enumerate()
    {
        machine.write_file(FILE, half);
        machine.succeed(["systemctl", "restart", "tfad"]);
        for user in ["alice", "bob"] {
            let terminal = after_password(&machine, user);
            terminal.expect(NOT_AVAILABLE);
            terminal.expect("Password:");
            let transcript = terminal.transcript();
            assert!(!transcript.contains(CODE), "{half:?}: {transcript}");
        }
        machine.fail(["systemctl", "reload", "tfad"]);
        set_policy(&machine, "[policy]\nmode = \"optional\"\n");
        let terminal = ssh_to_code_prompt(&machine, "alice");
        terminal.type_secret(&alice.backup_codes[number]);
        terminal.expect("alice@host:~$");
        is_logged_in(&after_password(&machine, "bob"), "bob");
    }
}

/// A policy in two files in which each rule exempts one user, with the position of the rule.
const EXEMPT: &str = "\
[policy]
mode = \"required\"
grace = \"0\"

[[policy.rule]]
groups = [\"club200\"]
mode = \"off\"

[[policy.rule]]
groups = [4242]
mode = \"off\"

[[policy.rule]]
groups = [\"firstly\"]
mode = \"optional\"
";
const EXEMPT_MORE: &str = "\
[[policy.rule]]
uids = [\"4700-4799\", 5000]
mode = \"off\"

[[policy.rule]]
users = [\"named\"]
services = [\"sshd\"]
mode = \"optional\"
";

#[test]
fn rules_match_groups_uids_and_names_and_exemptions_are_logged() {
    let machine = machine_with_alice();
    let users = [
        "joiner", "numeric", "primary", "ranged", "edge", "beyond", "single", "named",
    ];
    add_users(&machine, &users);
    const CLUBS: &str =
        "for i in $(seq 200); do echo club$i:x:$((6000 + i)):joiner; done >>/etc/group";
    machine.succeed(["sh", "-c", CLUBS]);
    machine.succeed(["groupadd", "--gid", "4242", "answers"]);
    machine.add_to_group("numeric", "answers");
    machine.succeed(["groupadd", "firstly"]);
    machine.succeed(["usermod", "--gid", "firstly", "primary"]);
    for (user, uid) in [
        ("ranged", "4700"),
        ("edge", "4799"),
        ("beyond", "4800"),
        ("single", "5000"),
    ] {
        machine.succeed(["usermod", "--uid", uid, user]);
    }
    machine.write_file(DROP_IN, EXEMPT_MORE);
    set_policy(&machine, EXEMPT);

    let off = "the policy's mode is off";
    let need_not = "the user is not enrolled, and no second factor is required";
    for (user, why, file, rule) in [
        ("joiner", off, FILE, 5),
        ("numeric", off, FILE, 9),
        ("primary", need_not, FILE, 13),
        ("ranged", off, DROP_IN, 1),
        ("edge", off, DROP_IN, 1),
        ("single", off, DROP_IN, 1),
        ("named", need_not, DROP_IN, 5),
    ] {
        is_logged_in(&after_password(&machine, user), user);
        let line = format!("{user}: not asked: {why} ({file} line {rule}) (service sshd, from ");
        machine.expect_in_journal("tfad", &line);
    }
    for user in ["alice", "beyond"] {
        after_password(&machine, user).expect(BEGIN);
    }
    let terminal = machine.terminal_as("alice", ["su", "named"]);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(BEGIN);
}

#[test]
fn rules_match_ipv4_and_ipv6_networks_and_local_logins() {
    let (machine, alice) = machine_with_alice_set_up();
    add_users(&machine, &["bob"]);
    for address in ["10.7.0.2", "10.8.0.2", "fd00:7::2", "fd00:8::2"] {
        machine.add_address(address);
    }
    let origins = |list: &str| {
        set_policy(
            &machine,
            &format!("{REQUIRED}\n[[policy.rule]]\norigins = [{list}]\nmode = \"off\"\n"),
        );
    };
    origins("\"10.7.0.0/16\", \"fd00:7::/32\"");
    for inside in ["10.7.0.2", "fd00:7::2"] {
        for user in ["alice", "bob"] {
            is_logged_in(&from(&machine, inside, user), user);
            let line = format!(
                "{user}: not asked: the policy's mode is off ({FILE} line 5) \
                 (service sshd, from {inside})"
            );
            machine.expect_in_journal("tfad", &line);
        }
    }
    for outside in ["10.8.0.2", "fd00:8::2"] {
        from(&machine, outside, "bob").expect(BEGIN);
        from(&machine, outside, "alice").expect(CODE);
    }

    origins("\"local\"");
    let console = console_on(&machine, "tty1");
    enter_password(console, "bob");
    console.expect("bob@host:~$");
    // Inside a session it is not local, because the session may have been opened from anywhere.
    let terminal = machine.terminal_as("bob", ["su", "-", "alice"]);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    // A login over SSH from the machine to itself has an address like any other.
    after_password(&machine, "bob").expect(BEGIN);
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("alice@host:~$");
}

#[test]
fn a_service_without_origin_is_not_inside_a_session() {
    let machine = Machine::boot_with(&["pamtester"]);
    machine.add_user("bob", PASSWORD);
    for service in ["imap", "doas"] {
        let stack = "auth required pam_permit.so\n@include common-account\n";
        machine.write_file(&format!("/etc/pam.d/{service}"), stack);
    }
    set_policy(
        &machine,
        "[policy]\nmode = \"required\"\ngrace = \"0\"\nguard = [\"imap\", \"doas\"]\n\
         [[policy.rule]]\norigins = [\"local\", \"session\"]\nmode = \"off\"\n",
    );
    machine.succeed(["pamtester", "doas", "bob", "acct_mgmt"]);
    machine.fail(["pamtester", "imap", "bob", "acct_mgmt"]);
    let explain = |service: &str| {
        let words = ["tfactl", "explain", "bob", "--from", "session", "--service"];
        machine.succeed(words.into_iter().chain([service]))
    };
    assert!(explain("doas").contains("inside a session"));
    let imap = explain("imap");
    assert!(
        imap.contains("From: a place that PAM does not report"),
        "{imap}"
    );
}

#[test]
fn a_host_known_by_name_may_be_in_any_network() {
    let (machine, alice) = machine_with_alice_set_up();
    add_users(&machine, &["bob"]);
    machine.add_address("10.7.0.2");
    machine.write_file(
        "/etc/hosts",
        "127.0.0.1 localhost\n127.0.1.1 host\n::1 localhost\n10.7.0.2 desk.example desk\n",
    );
    machine.configure_sshd("20-dns", "UseDNS yes");
    set_policy(
        &machine,
        &format!("{REQUIRED}\n[[policy.rule]]\norigins = [\"10.7.0.0/16\"]\nmode = \"off\"\n"),
    );
    let terminal = from(&machine, "10.7.0.2", "bob");
    terminal.expect(UNKNOWN);
    terminal.wait_exit();
    machine.expect_in_journal("tfad", "(service sshd, from desk.example)");
    let terminal = from(&machine, "10.7.0.2", "alice");
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("alice@host:~$");
    machine.configure_sshd("20-dns", "UseDNS no");
    is_logged_in(&from(&machine, "10.7.0.2", "bob"), "bob");
}

#[test]
fn leaving_a_group_during_a_login_exempts_no_user() {
    let (machine, alice) = machine_with_alice_set_up();
    add_users(&machine, &["bob"]);
    machine.succeed(["groupadd", "exempt"]);
    set_policy(
        &machine,
        &format!("{REQUIRED}\n[[policy.rule]]\ngroups = [\"exempt\"]\nmode = \"off\"\n"),
    );
    let stack = machine.read_file("/etc/pam.d/sshd");
    // Between the question for the password and the account phase.
    let meanwhile = |command: &str| {
        let line = format!("@include common-auth\nauth required pam_exec.so quiet {command}");
        let stack = stack.replacen("@include common-auth", &line, 1);
        machine.write_file("/etc/pam.d/sshd", stack);
    };
    let everybody_is_in = || {
        for user in ["alice", "bob"] {
            machine.add_to_group(user, "exempt");
        }
    };

    everybody_is_in();
    meanwhile("/usr/bin/gpasswd --delete bob exempt");
    after_password(&machine, "bob").expect(BEGIN);
    meanwhile("/usr/bin/gpasswd --delete alice exempt");
    let terminal = after_password(&machine, "alice");
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.wrong_code());
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("alice@host:~$");

    for user in ["bob", "alice"] {
        everybody_is_in();
        meanwhile("/usr/sbin/groupdel exempt");
        let terminal = after_password(&machine, user);
        if user == "alice" {
            terminal.expect(CODE);
            terminal.type_secret(&alice.backup_codes[0]);
            terminal.expect("alice@host:~$");
        } else {
            terminal.expect(UNKNOWN);
            terminal.wait_exit();
            assert!(!terminal.transcript().contains("host:~$"));
        }
        machine.fail(["getent", "group", "exempt"]);
    }

    // A user who joins the group during the login is exempt.
    machine.succeed(["groupadd", "exempt"]);
    meanwhile("/usr/bin/gpasswd --add bob exempt");
    is_logged_in(&after_password(&machine, "bob"), "bob");
}

#[test]
fn with_mode_off_an_unreadable_record_does_not_matter() {
    let (machine, _alice) = machine_with_alice_set_up();
    let key = machine.authorize_key("alice");
    machine.succeed(["systemctl", "stop", "tfad"]);
    machine.succeed(["mv", "/var/lib/tfa/key", "/root/key"]);
    machine.succeed(["systemctl", "start", "tfad"]);
    let by_key = || machine.ssh_with("alice", &["-i", &key]);
    for mode in ["optional", "required"] {
        set_policy(&machine, &format!("[policy]\nmode = \"{mode}\"\n"));
        after_password(&machine, "alice").expect(NOT_AVAILABLE);
        let terminal = by_key();
        terminal.wait_exit();
        assert!(!terminal.transcript().contains("host:~$"), "{mode}");
    }
    set_policy(&machine, "[policy]\nmode = \"off\"\n");
    is_logged_in(&after_password(&machine, "alice"), "alice");
    is_logged_in(&by_key(), "alice");
    // The same by a rule that is alone.
    let rule = "\n[[policy.rule]]\nmethods = [\"publickey\"]\nmode = \"off\"\n";
    set_policy(&machine, &format!("{REQUIRED}{rule}"));
    is_logged_in(&by_key(), "alice");
    after_password(&machine, "alice").expect(NOT_AVAILABLE);
}

#[test]
fn a_policy_change_during_a_question_admits_no_login() {
    let (machine, alice) = machine_with_alice_set_up();
    add_users(&machine, &["bob"]);
    // The outcome of an answer to a question for a code after a change of the policy.
    for (number, (before, after, goes_on)) in [
        ("required", "off", false),
        ("optional", "off", false),
        ("required", "optional", true),
        ("optional", "required", true),
    ]
    .into_iter()
    .enumerate()
    {
        set_policy(&machine, &REQUIRED.replace("required", before));
        let [wrong, right] = [(); 2].map(|()| after_password(&machine, "alice"));
        wrong.expect(CODE);
        right.expect(CODE);
        set_policy(&machine, &REQUIRED.replace("required", after));
        wrong.type_secret(&alice.phone.wrong_code());
        right.type_secret(&alice.backup_codes[number]);
        if goes_on {
            wrong.expect("Wrong code.");
            right.expect("alice@host:~$");
        } else {
            // Even of a right code. The next login uses the new policy.
            for terminal in [wrong, right] {
                terminal.expect(CHANGED);
                terminal.expect("Password:");
                terminal.type_secret(PASSWORD);
                terminal.expect("alice@host:~$");
            }
        }
    }

    // The same with enrollment in progress.
    for after in ["off", "optional"] {
        set_policy(&machine, REQUIRED);
        let terminal = after_password(&machine, "bob");
        terminal.expect(BEGIN);
        set_policy(&machine, &REQUIRED.replace("required", after));
        terminal.type_line("");
        terminal.expect(CHANGED);
        assert!(!terminal.transcript().contains("host:~$"));
    }
    // The grace period is the one at the time of the answer.
    set_policy(&machine, "[policy]\nmode = \"required\"\n");
    let terminal = after_password(&machine, "bob");
    terminal.expect("Set it up now? yes, or Enter for later:");
    set_policy(&machine, REQUIRED);
    terminal.type_line("");
    terminal.expect("Scan it with the app, then press Enter:");
    terminal.type_line("no");
    terminal.expect("Nothing was set up.");
    terminal.wait_exit();
    assert!(!terminal.transcript().contains("host:~$"));
    let terminal = after_password(&machine, "bob");
    let _ = set_up_in_login(&terminal);
    terminal.expect("bob@host:~$");
}
