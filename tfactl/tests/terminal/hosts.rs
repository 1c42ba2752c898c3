//! `tfactl host remove`.

use tfa_proto::{FleetHost, FleetHostState};
use tfa_testkit::{TestHost, finished};

use crate::host_with;

/// A verifier of a fleet with these hosts.
fn verifier(hosts: &[(&str, FleetHostState)]) -> TestHost {
    let hosts = hosts.iter().map(|(name, state)| FleetHost {
        name: (*name).to_owned(),
        state: (*state).into(),
        ..FleetHost::default()
    });
    let verifier = host_with(Vec::new());
    verifier
        .daemon()
        .account(|account| account.hosts = hosts.collect());
    verifier
}

fn fleet() -> TestHost {
    verifier(&[
        ("v1.test", FleetHostState::Joined),
        ("web1.test", FleetHostState::Joined),
        ("web2.test", FleetHostState::Removed),
        ("web3.test", FleetHostState::Invited),
    ])
}

fn removed(host: &TestHost, name: &str) -> bool {
    host.daemon()
        .calls()
        .contains(&format!("RemoveHost {name}"))
}

#[test]
fn host_of_the_list_is_removed_without_a_question() {
    for name in ["web1.test", "web2.test", "web3.test"] {
        let host = fleet();
        let (code, out, _) = finished(&host.output_with(&["host", "remove", name]));
        let text = format!("{name} was removed from the fleet, and is refused from now on.\n");
        assert_eq!((code, out), (0, text));
        assert!(removed(&host, name));
    }
}

#[test]
fn misspelled_host_is_refused_without_a_terminal_unless_yes_is_given() {
    let host = fleet();
    let (code, _, error) = finished(&host.output_with(&["host", "remove", "wbe1.test"]));
    assert_eq!(code, 1);
    assert!(
        error.contains("No host of this fleet has the name wbe1.test"),
        "{error}"
    );
    assert!(
        error.contains("tfactl host remove wbe1.test --yes"),
        "{error}"
    );
    assert!(!removed(&host, "wbe1.test"));
    let (code, out, _) = finished(&host.output_with(&["host", "remove", "wbe1.test", "--yes"]));
    assert_eq!(code, 0);
    assert!(
        out.contains("certificate for wbe1.test is refused"),
        "{out}"
    );
    assert!(removed(&host, "wbe1.test"));
}

#[test]
fn misspelled_host_is_refused_after_a_question() {
    for (answer, is_removed) in [("y", true), ("", false)] {
        let host = fleet();
        let mut terminal = host.terminal_with(&["host", "remove", "wbe1.test"]);
        terminal.expect("No host of this fleet has the name wbe1.test");
        terminal.answers("anyway? [y/N]", answer);
        terminal.expect(match is_removed {
            true => "is refused from now on",
            false => "Nothing was changed",
        });
        assert_eq!(terminal.exit_code() == 0, is_removed);
        assert_eq!(removed(&host, "wbe1.test"), is_removed);
    }
}

/// Its list has no hosts but those that were removed.
#[test]
fn fleet_with_certificates_of_the_organisation_asks_nothing() {
    for hosts in [&[][..], &[("web2.test", FleetHostState::Removed)]] {
        let host = verifier(hosts);
        let (code, out, _) = finished(&host.output_with(&["host", "remove", "web1.test"]));
        assert_eq!(code, 0);
        assert!(out.contains("check the spelling"), "{out}");
        assert!(removed(&host, "web1.test"));
    }
}

#[test]
fn own_host_is_removed_after_a_question_that_names_the_command_to_leave() {
    let own = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let own = own.trim().to_ascii_lowercase();
    let fleet = || {
        verifier(&[
            (&own, FleetHostState::Joined),
            ("v2.test", FleetHostState::Joined),
        ])
    };
    let host = fleet();
    let (code, _, error) = finished(&host.output_with(&["host", "remove", &own]));
    assert_eq!(code, 1);
    assert!(
        error.contains("tfactl fleet leave") && error.contains("--yes"),
        "{error}"
    );
    assert!(!removed(&host, &own));
    for (answer, is_removed) in [("", false), ("y", true)] {
        let host = fleet();
        let mut terminal = host.terminal_with(&["host", "remove", &own]);
        terminal.expect("tfactl fleet leave");
        terminal.answers("anyway? [y/N]", answer);
        assert_eq!(terminal.exit_code() == 0, is_removed);
        assert_eq!(removed(&host, &own), is_removed);
    }
    let host = fleet();
    let (code, _, _) = finished(&host.output_with(&["host", "remove", &own, "--yes"]));
    assert_eq!((code, removed(&host, &own)), (0, true));
}

#[test]
fn removal_of_a_verifier_with_a_long_name_fits_a_terminal() {
    let name = format!("{}.example.org", "v".repeat(60));
    let host = verifier(&[]);
    host.daemon().account(|account| {
        account.hosts = vec![FleetHost {
            name: name.clone(),
            state: FleetHostState::Joined.into(),
            joined: Some(1),
            port: Some(7443),
            ..FleetHost::default()
        }];
    });
    let (_, out, _) = finished(&host.output_with(&["host", "remove", &name]));
    let (_, told) = out.split_once('\n').unwrap();
    assert!(told.contains("The removed host was a verifier"), "{out}");
    crate::fits(told);
}
