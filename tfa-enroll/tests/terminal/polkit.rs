//! polkit's text agent: started for whoever is not root, for the time of the call alone.

use crate::double::{NEW_CODE, Place, Run};
use crate::setup::place;

/// Puts a `pkttyagent` of our own first in the search path. It tells what it was called with,
/// is ready once it closes its output, and then waits to be ended.
fn with_agent(place: &Place, before_ready: &str) -> String {
    let text = format!(
        "#!/bin/sh\necho \"$@\" > {folder}/called\necho $$ > {folder}/pid\n\
         trap 'echo ended > {folder}/ended; exit' TERM\n{before_ready}\nexec 1>&-\n\
         while :; do sleep 0.05; done\n",
        folder = place.bus.folder().display()
    );
    place.script("pkttyagent", &text);
    format!(
        "{}:/usr/sbin:/usr/bin:/sbin:/bin",
        place.bus.folder().display()
    )
}

fn read(place: &Place, name: &str) -> String {
    std::fs::read_to_string(place.file(name)).unwrap()
}

#[test]
fn the_agent_serves_the_call_and_is_gone_after_it() {
    let place = place();
    let path = with_agent(&place, "stty -echo < /dev/tty");
    let mut terminal = place.terminal(&Run {
        arguments: &["setup", "--qr", "none"],
        environment: &[("PATH", &path)],
        as_nobody: true,
        ..Run::default()
    });
    terminal.expect("Code from your phone:");
    let called = read(&place, "called");
    let process = called
        .trim()
        .strip_prefix("--notify-fd 1 --fallback --process ");
    let (pid, start) = process.expect(&called).split_once(',').unwrap();
    assert!(
        pid.parse::<u32>().is_ok() && start.parse::<u64>().is_ok(),
        "{called}"
    );
    assert_eq!(read(&place, "ended"), "ended\n");
    assert!(
        terminal.echoes(),
        "the terminal is as it was before the agent"
    );
    terminal.types(&format!("{NEW_CODE}\r"));
    terminal.answers("Press Enter once they are saved:", "");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn root_is_asked_for_nothing() {
    let place = place();
    let path = with_agent(&place, "");
    let terminal = place.terminal(&Run {
        arguments: &["setup", "--qr", "none"],
        environment: &[("PATH", &path)],
        ..Run::default()
    });
    terminal.expect("Code from your phone:");
    assert!(!place.file("called").exists());
}

#[test]
fn ctrl_c_at_the_password_ends_the_wait_and_the_agent() {
    let place = place();
    place.daemon().account(|account| account.silent = true);
    let path = with_agent(&place, "stty -echo < /dev/tty");
    let mut terminal = place.terminal(&Run {
        arguments: &["setup"],
        environment: &[("PATH", &path)],
        as_nobody: true,
        ..Run::default()
    });
    place.daemon().expect_call("Setup");
    place.daemon().account(|account| account.silent = false);
    terminal.types("\x03");
    terminal.expect("Cancelled. Nothing was changed.");
    assert_eq!(terminal.exit_code(), 1);
    assert!(terminal.echoes());
    assert_eq!(place.daemon().calls(), ["Setup", "Abandon"]);
}

#[test]
fn a_missing_agent_is_named_with_its_package_and_the_call_is_tried() {
    let place = place();
    let terminal = place.terminal(&Run {
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
    let place = place();
    place.daemon().account(|account| account.refusals = 2);
    let mut terminal = place.types(&["setup", "--qr", "none"]);
    terminal.expect("Not allowed: permission was not granted.");
    terminal.answers("Try again? [Y/n]", "");
    terminal.answers("Try again? [Y/n]", "n");
    terminal.expect("Cancelled. Nothing was changed.");
    assert_eq!(terminal.exit_code(), 1);
    assert_eq!(place.daemon().calls(), ["Setup", "Setup"]);
}
