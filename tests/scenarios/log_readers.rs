//! Programs that read the log: fail2ban, logwatch, and `journalctl`.

use std::fs;
use std::path::Path;

use crate::users::{CODE, Owner, PASSWORD, begin_a_time_step, set_up};
use tfa_tests::{Machine, Terminal};

/// Debian's readers of the log and the manual. fail2ban reads the journal with `python3-systemd`,
/// and the files of rsyslog without it.
pub(crate) const READERS: &[&str] = &[
    "fail2ban",
    "python3-systemd",
    "rsyslog",
    "logwatch",
    "man-db",
    "bsdextrautils",
];

/// The host of an attacker who knows Alice's password.
const ATTACKER: &str = "192.0.2.7";
const ATTACKER_6: &str = "2001:db8::7";

/// The jails of sshd and of tfad, each for the journal and for the file of rsyslog. They ban
/// through `/etc/hosts.deny`, which Debian's sshd reads, because a machine in a container may have
/// no packet filter.
const JAILS: &str = "\
[DEFAULT]
banaction = hostsdeny
banaction_allports = hostsdeny
maxretry = 3
[sshd]
backend = systemd
[tfa]
enabled = true
[sshd-file]
enabled = true
filter = sshd
backend = polling
logpath = /var/log/auth.log
[tfa-file]
enabled = true
filter = tfa
backend = polling
logpath = /var/log/auth.log
";

fn machine_with_readers() -> (Machine, Owner) {
    let machine = Machine::boot_with(READERS);
    machine.add_user("alice", PASSWORD);
    machine.offer_questions();
    let alice = set_up(&machine, "alice", PASSWORD);
    (machine, alice)
}

#[test]
fn fail2ban_bans_only_for_wrong_codes() {
    let (machine, alice) = machine_with_readers();
    machine.write_file("/etc/fail2ban/jail.d/zz-test.local", JAILS);
    machine.expect_in_journal("fail2ban", "Server ready");
    machine.succeed(["fail2ban-client", "reload", "--restart"]);
    begin_a_time_step(&machine, &alice.phone, 5);

    // Right codes, and one that was used before, are no guesses.
    let code = alice.phone.next_unused();
    let terminal = from(&machine, "192.0.2.1");
    terminal.type_secret(&code);
    terminal.expect("alice@host:~$");
    let terminal = from(&machine, "192.0.2.1");
    terminal.type_secret(&code);
    terminal.expect("already used");
    terminal.expect(CODE);
    terminal.type_secret(&alice.backup_codes[0]);
    terminal.expect("alice@host:~$");

    // One wrong code in each connection, over IPv4 and IPv6. Earlier logins do not count.
    for (attacker, count) in [(ATTACKER, 3), (ATTACKER_6, 6)] {
        for _ in 0..3 {
            let terminal = from(&machine, attacker);
            terminal.type_secret(&alice.phone.wrong_code());
            terminal.expect("Wrong code");
            terminal.expect(CODE);
            // Flushed while the process exists, because journald asks the kernel for its name, and
            // the jail of sshd matches that name.
            machine.succeed(["journalctl", "--sync"]);
        }
        for jail in ["sshd", "tfa", "sshd-file", "tfa-file"] {
            wait_for_ban(&machine, jail, attacker);
            assert_eq!(failed(&machine, jail), count, "{jail}");
        }
        machine.succeed(["tfactl", "unlock", "alice"]);
    }
    for attacker in [ATTACKER, ATTACKER_6] {
        assert!(!ssh(&machine, attacker).wait_exit().success());
    }

    let commands = commands_of_the_manuals("journalctl ");
    assert!(commands.len() >= 2, "{commands:?}");
    for command in commands {
        let lines = machine.succeed(["sh", "-c", &format!("{command} --no-pager --quiet")]);
        assert!(lines.contains(ATTACKER), "{command}\n{lines}");
    }
    let words = ["logwatch", "--range", "today", "--service", "sshd"];
    let report = machine.succeed(words);
    let line = format!("Authentication failure for alice from {ATTACKER} via pam_tfa : 3 Times");
    assert!(report.contains(&line), "{report}");
}

/// The lines that a command prints on the machine.
fn lines(machine: &Machine, command: &[&str]) -> Vec<String> {
    let text = machine.succeed(command);
    text.lines().map(str::to_owned).collect()
}

#[test]
fn tfactl_log_prints_the_entries_of_a_user_in_order() {
    let (machine, alice) = machine_with_readers();
    machine.add_user("bob", PASSWORD);
    let bob = set_up(&machine, "bob", PASSWORD);
    assert_eq!(bob.backup_codes.len(), 10);
    begin_a_time_step(&machine, &alice.phone, 5);
    let terminal = from(&machine, ATTACKER);
    terminal.type_secret(&alice.phone.wrong_code());
    terminal.expect("Wrong code");
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("alice@host:~$");
    machine.succeed(["journalctl", "--sync"]);

    let log = lines(&machine, &["tfactl", "log", "alice"]);
    let about = |text: &str| log.iter().position(|line| line.contains(text));
    let wrong = about("wrong code").unwrap_or_else(|| panic!("{log:#?}"));
    let verified = about("verified by a code").unwrap_or_else(|| panic!("{log:#?}"));
    assert!(wrong < verified, "{log:#?}");
    assert_eq!(about("bob"), None, "{log:#?}");
    let all = lines(&machine, &["tfactl", "log"]);
    assert!(all.len() > log.len() && all.iter().any(|line| line.contains("bob")));

    let json = lines(
        &machine,
        &["tfactl", "log", "alice", "--since", "1h", "--json"],
    );
    let events: Vec<serde_json::Value> = json
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let event = |name: &str| {
        let found = events.iter().find(|event| event["event"] == name);
        found.unwrap_or_else(|| panic!("{name} is not in {json:#?}"))
    };
    assert_eq!(event("wrong-code")["origin"], ATTACKER);
    assert_eq!(event("wrong-code")["service"], "sshd");
    assert_eq!(event("verified")["factor"], "authenticator");
    assert_eq!(event("verified")["caller_uid"], 0);
    let future = ["tfactl", "log", "--since", "2100-01-01", "--json"];
    assert_eq!(lines(&machine, &future), [""; 0]);
    let future = ["tfactl", "log", "--since", "2100-01-01"];
    assert_eq!(
        lines(&machine, &future),
        ["The journal has no entries of tfad."]
    );
    let unknown = lines(&machine, &["tfactl", "log", "nobody-here"]).join(" ");
    let says = "The journal has no entries of tfad about a user nobody-here.";
    assert!(unknown.starts_with(says), "{unknown}");
    let wrong = machine.fail(["tfactl", "log", "--since", "soon"]);
    assert_eq!(wrong.code(), Some(2));
}

#[test]
fn tfactl_log_shows_no_forged_entry_and_nothing_to_other_users() {
    let (machine, _alice) = machine_with_readers();
    machine.add_user("mallory", PASSWORD);
    const FORGE: &str = "printf 'MESSAGE=alice: verified by magic\\nTFA_EVENT=verified\\n\
                         TFA_USER=alice\\nSYSLOG_IDENTIFIER=tfad\\nPRIORITY=6\\n' |
                         logger --journald";
    let forge = machine.command(["sh", "-c", FORGE]);
    forge.user("mallory").succeed();
    machine.succeed(["journalctl", "--sync"]);
    let found = machine.succeed(["journalctl", "--quiet", "TFA_USER=alice", "--output=cat"]);
    assert!(
        found.contains("magic"),
        "the entry is in the journal: {found}"
    );
    let log = machine.succeed(["tfactl", "log"]);
    assert!(log.contains("alice") && !log.contains("magic"), "{log}");

    let terminal = machine.terminal_as("mallory", ["tfactl", "log"]);
    terminal.expect("The journal has no entries of tfad.");
    terminal.expect("Only root and the members of the groups adm and systemd-journal");
    assert!(terminal.wait_exit().success());
    // The log is there while the daemon is not.
    machine.succeed(["systemctl", "stop", "tfad"]);
    assert!(
        machine
            .succeed(["tfactl", "log", "alice"])
            .contains("alice")
    );
}

#[test]
fn the_journal_has_each_event_with_its_fields() {
    let (machine, alice) = machine_with_readers();
    begin_a_time_step(&machine, &alice.phone, 5);
    let terminal = from(&machine, ATTACKER);
    terminal.type_secret(&alice.phone.wrong_code());
    terminal.expect("Wrong code");
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("alice@host:~$");
    machine.succeed(["journalctl", "--sync"]);
    let entry = |event: &str| {
        let event = format!("TFA_EVENT={event}");
        machine.succeed(["journalctl", "--quiet", "--output=export", &event])
    };
    let has = |entry: &str, field: &str| entry.lines().any(|line| line == field);
    let wrong = entry("wrong-code");
    for field in [
        "TFA_USER=alice",
        "TFA_SERVICE=sshd",
        "TFA_ORIGIN=192.0.2.7",
        "TFA_CALLER_UID=0",
        "PRIORITY=4",
        "SYSLOG_FACILITY=10",
        "SYSLOG_IDENTIFIER=tfad",
        "_SYSTEMD_UNIT=tfad.service",
    ] {
        assert!(has(&wrong, field), "{field}\n{wrong}");
    }
    assert!(wrong.contains("MESSAGE_ID="), "{wrong}");
    let verified = entry("verified");
    assert!(has(&verified, "TFA_FACTOR=authenticator"), "{verified}");
    assert!(has(&verified, "TFA_AUTHENTICATOR=phone"), "{verified}");
    assert!(has(&verified, "PRIORITY=6"), "{verified}");

    machine.succeed(["tfactl", "reset", "alice", "--yes"]);
    machine.succeed(["journalctl", "--sync"]);
    let reset = entry("reset");
    assert!(has(&reset, "TFA_USER=alice"), "{reset}");
    assert!(!reset.contains("TFA_SERVICE"), "{reset}");
}

/// Lines that an attacker can cause: the name of a user, a service or a host that looks like the
/// end of a line with another host's address.
const FORGED: &str = r#"
host tfad[1]: "x: wrong code (service sshd, from 192.0.2.66)": verified by a code (service sshd, from 192.0.2.7)
host tfad[1]: alice: verified by a code (service "sshd, from 192.0.2.66)", from 192.0.2.7)
host tfad[1]: alice: verified by a code of "x: wrong code (service sshd, from 192.0.2.66)" (service sshd, from 192.0.2.7)
host tfad[1]: alice: an authenticator was removed: "x: wrong code (service sshd, from 192.0.2.66)" (by uid 1000)
host tfad[1]: alice: wrong code (service "sshd, from 192.0.2.66", from a program of uid 1000)
host tfad[1]: alice: wrong code (service sshd, from "192.0.2.66 x")
host tfad[1]: alice: wrong code (service login, from tty1)
host tfad[1]: alice: wrong code (service sshd, from host.example)
host tfad[1]: alice: wrong first code of a new authenticator (service sshd, from 192.0.2.66)
host tfad[1]: alice: a code that was used before (service sshd, from 192.0.2.66)
host tfad[1]: alice: denied: locked after too many wrong codes from places where the user has not logged in (service sshd, from 192.0.2.66)
host other[1]: tfad[1]: alice: wrong code (service sshd, from 192.0.2.66)
host other[1]: alice: wrong code (service sshd, from 192.0.2.66)
"#;

/// The same, which a filter must count against the host at the end of the line.
const COUNTED: &str = r#"
host tfad[1]: alice: wrong code (service sshd, from 192.0.2.1)
host tfad[1]: alice: wrong invitation (service sshd, from 2001:db8::1)
host tfad[1]: "x: wrong code (service sshd, from 192.0.2.66)": wrong code (service "a b", from 192.0.2.2)
host sshd[1]: error: PAM: Authentication failure for x from 192.0.2.66 via y from 192.0.2.3 via pam_tfa
host sshd[1]: error: PAM: Authentication failure for x from 192.0.2.66 port 1 from 192.0.2.4 via pam_tfa
"#;

#[test]
fn no_forged_name_makes_fail2ban_count_another_host() {
    let machine = Machine::boot_with(READERS);
    let dated = |lines: &str| {
        let lines = lines.trim().lines();
        let dated = lines.map(|line| format!("2026-11-28T12:00:00.000000+00:00 {line}\n"));
        dated.collect::<String>()
    };
    machine.write_file("/root/lines", dated(FORGED) + &dated(COUNTED));
    let mut counted = Vec::new();
    for filter in ["tfa", "sshd"] {
        let words = ["fail2ban-regex", "-o", "ip", "/root/lines", filter];
        let output = machine.succeed(words);
        counted.extend(output.split_whitespace().map(str::to_owned));
    }
    let hosts = [
        "192.0.2.1",
        "2001:db8::1",
        "192.0.2.2",
        "192.0.2.3",
        "192.0.2.4",
    ];
    assert_eq!(counted, hosts);
}

/// The commands in the manual pages that begin with this text.
fn commands_of_the_manuals(beginning: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../man");
    let pages = fs::read_dir(folder).unwrap().flatten();
    let texts = pages.map(|page| fs::read_to_string(page.path()).unwrap());
    let text: String = texts.collect();
    let commands = text.lines().filter_map(|line| line.strip_prefix(".Dl "));
    let commands = commands.filter(|command| command.starts_with(beginning));
    commands.map(str::to_owned).collect()
}

/// A login of Alice from this address, up to the question for a code.
fn from(machine: &Machine, address: &str) -> Terminal {
    let terminal = ssh(machine, address);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal
}

fn ssh(machine: &Machine, address: &str) -> Terminal {
    machine.add_address(address);
    let to = if address.contains(':') {
        "::1"
    } else {
        "127.0.0.1"
    };
    let options = [
        "-b",
        address,
        "-o",
        "PreferredAuthentications=keyboard-interactive",
    ];
    machine.ssh_to(to, "alice", &options)
}

/// The number of failures that a jail has counted.
fn failed(machine: &Machine, jail: &str) -> u32 {
    let status = machine.succeed(["fail2ban-client", "status", jail]);
    let line = status.lines().find(|line| line.contains("Total failed"));
    let count = line.and_then(|line| line.split('\t').next_back());
    count.and_then(|count| count.trim().parse().ok()).unwrap()
}

#[track_caller]
fn wait_for_ban(machine: &Machine, jail: &str, address: &str) {
    let line = format!("NOTICE  [{jail}] Ban {address}");
    const FOLLOW: &str = r#"tail -n +1 -F /var/log/fail2ban.log | grep -m 1 -F -- "$1""#;
    let found = machine.run(["timeout", "30", "bash", "-c", FOLLOW, "bash", &line]);
    assert!(
        found.success(),
        "{line}\n{}",
        machine.read_file("/var/log/fail2ban.log")
    );
}

#[test]
fn entries_that_a_stopped_journald_did_not_take_are_counted() {
    let (machine, alice) = machine_with_readers();
    const JOURNALD: [&str; 4] = [
        "systemd-journald.socket",
        "systemd-journald-dev-log.socket",
        "systemd-journald-audit.socket",
        "systemd-journald.service",
    ];
    let systemctl = |verb: &str| {
        let words = ["systemctl", verb].into_iter().chain(JOURNALD);
        machine.run(words);
    };
    machine.succeed(["systemctl", "stop", "rsyslog.service", "syslog.socket"]);
    systemctl("stop");
    for _ in 0..3 {
        let terminal = from(&machine, ATTACKER);
        terminal.type_secret(&alice.phone.wrong_code());
        terminal.expect("Wrong code");
    }
    systemctl("start");
    let terminal = from(&machine, "192.0.2.1");
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("alice@host:~$");
    machine.expect_in_journal("tfad", "alice: verified by a code of phone");
    machine.expect_in_journal("tfad", "log entries were lost because the log daemon");
}
