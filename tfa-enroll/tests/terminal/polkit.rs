//! polkit's text agent. It is started for users other than root, and only for the time of the call.

use tfa_testkit::daemon::{NEW_CODE, PROOF, Polkit, enabled};
use tfa_testkit::{NOBODY, Run, TestHost, skip_without_uid};

use crate::setup::host;

/// Puts a double of `pkttyagent` first in the search path. It records its arguments, closes its
/// output when it is ready, and then waits to be terminated.
fn with_agent(host: &TestHost, before_ready: &str) -> String {
    let text = format!(
        "#!/bin/sh\necho \"$@\" > {folder}/called\necho $$ > {folder}/pid\n\
         trap 'echo ended > {folder}/ended; exit' TERM\n{before_ready}\nexec 1>&-\n\
         while :; do sleep 0.05; done\n",
        folder = host.folder().display()
    );
    host.script("pkttyagent", &text);
    format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", host.folder().display())
}

fn enrolled_host() -> TestHost {
    TestHost::new(env!("CARGO_BIN_EXE_tfa-enroll"), enabled())
}

fn read(host: &TestHost, name: &str) -> String {
    std::fs::read_to_string(host.file(name)).unwrap()
}

#[test]
fn the_agent_runs_during_the_call_only() {
    if skip_without_uid(NOBODY) {
        return;
    }
    let host = host();
    let path = with_agent(&host, "stty -echo < /dev/tty");
    let mut terminal = host.terminal(&Run {
        arguments: &["setup", "--qr", "none"],
        environment: &[("PATH", &path)],
        as_nobody: true,
        ..Run::default()
    });
    terminal.expect("Code from your phone:");
    let called = read(&host, "called");
    let process = called.trim().strip_prefix("--notify-fd 1 --process ");
    let (pid, start) = process.expect(&called).split_once(',').unwrap();
    assert!(
        pid.parse::<u32>().is_ok() && start.parse::<u64>().is_ok(),
        "{called}"
    );
    assert_eq!(read(&host, "ended"), "ended\n");
    assert!(
        terminal.echoes(),
        "the terminal is as it was before the agent"
    );
    terminal.types(&format!("{NEW_CODE}\r"));
    terminal.answers("Press Enter when you have saved them:", "");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn root_is_not_asked_for_a_password() {
    let host = host();
    let path = with_agent(&host, "");
    let terminal = host.terminal(&Run {
        arguments: &["setup", "--qr", "none"],
        environment: &[("PATH", &path)],
        ..Run::default()
    });
    terminal.expect("Code from your phone:");
    assert!(!host.file("called").exists());
}

#[test]
fn ctrl_c_at_the_password_ends_the_wait_and_the_agent() {
    if skip_without_uid(NOBODY) {
        return;
    }
    let host = host();
    host.daemon().account(|account| account.silent = true);
    let path = with_agent(&host, "stty -echo < /dev/tty");
    let mut terminal = host.terminal(&Run {
        arguments: &["setup"],
        environment: &[("PATH", &path)],
        as_nobody: true,
        ..Run::default()
    });
    host.daemon().expect_call("Setup");
    host.daemon().account(|account| account.silent = false);
    terminal.types("\x03");
    terminal.expect("Cancelled. Nothing was changed.");
    assert_eq!(terminal.exit_code(), 1);
    assert!(terminal.echoes());
    assert_eq!(host.daemon().calls(), ["Setup", "Abandon"]);
}

#[test]
fn a_missing_agent_is_reported_and_the_call_is_made() {
    if skip_without_uid(NOBODY) {
        return;
    }
    let host = host();
    let terminal = host.terminal(&Run {
        arguments: &["setup", "--qr", "none"],
        environment: &[("PATH", "/sbin:/bin")],
        before: "mount -t tmpfs tmpfs /usr/local; mkdir -p /usr/local/bin; \
                 cp /usr/bin/setpriv /usr/local/bin/; PATH=/usr/local/bin",
        as_nobody: true,
        ..Run::default()
    });
    terminal.expect("package polkitd (Debian, Ubuntu)");
    terminal.expect("Code from your phone:");
}

#[test]
fn a_mistyped_password_can_be_typed_again() {
    for (command, call) in [("setup", "Setup"), ("move", "Move")] {
        let host = if command == "setup" {
            host()
        } else {
            enrolled_host()
        };
        host.daemon()
            .account(|account| account.polkit = Polkit::WrongPassword(2));
        let mut terminal = host.terminal_with(&[command, "--qr", "none"]);
        terminal.expect("Not allowed: the password, or a code after it, was wrong or missing.");
        terminal.answers("Try again? [Y/n]", "");
        terminal.answers("Try again? [Y/n]", "n");
        terminal.expect("Cancelled. Nothing was changed.");
        assert_eq!(terminal.exit_code(), 1);
        assert_eq!(host.daemon().calls(), [call, call]);
    }
}

#[test]
fn no_second_try_is_offered_if_it_cannot_help() {
    for (polkit, said) in [
        (|| Polkit::NoAgent, "polkit could not ask for your password"),
        (
            || Polkit::Never,
            "Not allowed: polkit's rules do not permit it.",
        ),
    ] as [(fn() -> Polkit, &str); 2]
    {
        for command in ["setup", "move", "codes", "pause"] {
            let host = if command == "setup" {
                host()
            } else {
                enrolled_host()
            };
            host.daemon().account(|account| account.polkit = polkit());
            let mut terminal = host.terminal_with(&[command]);
            terminal.expect(said);
            assert_eq!(terminal.exit_code(), 1, "{command}");
            let everything = terminal.everything();
            assert!(!everything.contains("Try again"), "{everything}");
            assert!(!everything.contains("Code from your phone"), "{everything}");
            assert_eq!(host.daemon().calls().len(), 1);
        }
    }
}

#[test]
fn a_change_asks_for_the_password_once_and_before_the_code() {
    if skip_without_uid(NOBODY) {
        return;
    }
    let host = enrolled_host();
    let path = with_agent(&host, "");
    let mut terminal = host.terminal(&Run {
        arguments: &["pause"],
        environment: &[("PATH", &path)],
        as_nobody: true,
        ..Run::default()
    });
    terminal.expect("or a backup code:");
    assert!(!host.file("ended").exists());
    assert_eq!(host.daemon().calls(), ["Pause"]);
    terminal.types("333333\r");
    terminal.answers("or a backup code:", PROOF);
    terminal.expect("Two-factor login is paused");
    assert_eq!(terminal.exit_code(), 0);
    assert_eq!(read(&host, "ended"), "ended\n");
    assert_eq!(
        host.daemon().calls(),
        ["Pause", "Pause 333333", "Pause 111111"]
    );
}

#[test]
fn a_code_given_to_polkit_is_not_asked_for_again() {
    let host = enrolled_host();
    host.daemon()
        .account(|account| account.polkit_takes_code = true);
    let mut terminal = host.terminal_with(&["pause"]);
    terminal.expect("Two-factor login is paused");
    assert_eq!(terminal.exit_code(), 0);
    assert_eq!(host.daemon().calls(), ["Pause"]);
}

#[test]
fn ctrl_c_at_the_password_of_a_change_changes_nothing() {
    let host = enrolled_host();
    host.daemon().account(|account| account.silent = true);
    let mut terminal = host.terminal_with(&["remove"]);
    terminal.answers("To remove it, type yes", "yes");
    host.daemon().expect_call("Remove");
    terminal.types("\x03");
    terminal.expect("Cancelled. Nothing was changed.");
    assert_eq!(terminal.exit_code(), 1);
}

#[test]
fn each_reason_why_the_agent_cannot_ask_has_its_own_message() {
    if skip_without_uid(NOBODY) {
        return;
    }
    let cases = [
        (
            "echo 'Error registering authentication agent: no such subject' >&2; exit 127",
            "",
            "polkit: Error registering authentication agent: no such subject",
        ),
        (
            "echo 'Error registering authentication agent: no user' >&2; exit 127",
            "mount -t proc -o hidepid=2 proc /proc;",
            "/proc is mounted",
        ),
    ];
    for (agent, before, said) in cases {
        let host = host();
        host.daemon()
            .account(|account| account.polkit = Polkit::NoAgent);
        let path = with_agent(&host, agent);
        let mut terminal = host.terminal(&Run {
            arguments: &["setup"],
            environment: &[("PATH", &path)],
            before,
            as_nobody: true,
            ..Run::default()
        });
        terminal.expect(said);
        terminal.expect("polkit could not ask for your password");
        assert_eq!(terminal.exit_code(), 1);
    }
}
