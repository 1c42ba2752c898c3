//! A fleet that makes its certificates itself: init, invite, join, remove.

use tfa_tests::Machine;

use super::machines::host;
use super::{REFUSED, after_password, logs_in};
use crate::users::{PASSWORD, set_up, ssh_to_code_prompt};

/// Two machines with a cable. The second one knows the address of v1.test.
pub(crate) fn verifier_and_members() -> (Machine, [Machine; 2]) {
    let verifier = host(&[]);
    let made = verifier.succeed(["tfactl", "fleet", "init", "--name", "v1.test"]);
    assert!(made.contains("v1.test is its first verifier"), "{made}");
    verifier.expect_in_journal("tfad", "the authority of the fleet was made");
    verifier.expect_in_journal("tfa-fleet", "listening at");
    let members = [1, 2].map(|number| {
        let member = host(&[]);
        let address = format!("10.9.{number}.1");
        verifier.connect(&address, &member, &format!("10.9.{number}.2"));
        let name = format!("{address} v1.test\n");
        member
            .command(["sh", "-c", "cat >>/etc/hosts"])
            .stdin(name)
            .succeed();
        member
    });
    (verifier, members)
}

/// The token of a host: the first line.
pub(crate) fn invite(verifier: &Machine, name: &str) -> String {
    let invited = verifier.succeed(["tfactl", "host", "invite", name]);
    invited.lines().next().unwrap().to_owned()
}

#[test]
fn host_joins_with_one_command_and_is_removed_with_one() {
    let (verifier, [web1, web2]) = verifier_and_members();
    let alice = set_up(&verifier, "alice", PASSWORD);
    let token = invite(&verifier, "web1.test");
    web1.command(["tfactl", "join"])
        .stdin(token.clone())
        .succeed();
    verifier.expect_in_journal("tfad", "host web1.test: joined the fleet (from 10.9.1.2)");
    logs_in(&web1, &alice.phone.next_unused());
    let hosts = verifier.succeed(["tfactl", "host", "list"]);
    assert!(hosts.contains("web1.test  member"), "{hosts}");
    let files = web1.succeed(["stat", "-c", "%U %a", "/var/lib/tfa-fleet/host.pem"]);
    assert_eq!(files.trim(), "tfa-fleet 600");

    // The token was copied: nothing is left on the second host, and the log has an alert.
    let refused = web2.command(["tfactl", "join"]).stdin(token).fail().text();
    assert!(
        refused.contains("another host has joined with it"),
        "{refused}"
    );
    let line = verifier.expect_in_journal("tfad", "a second host tried to join with its token");
    assert!(line.contains("from 10.9.2.2"), "{line}");
    assert!(!web2.has_file("/etc/tfa/tfa-fleet.toml"));
    assert!(!web2.has_file("/etc/tfa/tfad.toml.d/fleet.toml"));

    // Within a login.
    let terminal = ssh_to_code_prompt(&web1, "alice");
    verifier.succeed(["tfactl", "host", "remove", "web1.test"]);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("Password:");
    verifier.expect_in_journal(
        "tfad",
        "host web1.test: refused a call, because it was removed",
    );
    let again = after_password(&web1);
    again.expect(REFUSED);

    // And back, with a new token.
    let token = invite(&verifier, "web1.test");
    web1.command(["tfactl", "join"]).stdin(token).succeed();
    web1.expect_in_journal("tfa-fleet", "connected to v1.test");
    logs_in(&web1, &alice.phone.next_unused());
}

#[test]
fn join_refuses_a_host_with_accounts_and_leaves_nothing_after_an_error() {
    let (verifier, [web1, _web2]) = verifier_and_members();
    let token = invite(&verifier, "web1.test");
    // The verifier cannot be reached.
    verifier.succeed(["systemctl", "stop", "tfa-fleet"]);
    let refused = web1
        .command(["tfactl", "join"])
        .stdin(token.clone())
        .fail()
        .text();
    assert!(
        refused.contains("v1.test:7443 does not answer"),
        "{refused}"
    );
    assert!(!web1.has_file("/etc/tfa/tfa-fleet.toml"));
    verifier.succeed(["systemctl", "start", "tfa-fleet"]);
    verifier.expect_in_journal("tfa-fleet", "ready");

    let alice = set_up(&web1, "alice", PASSWORD);
    let refused = web1
        .command(["tfactl", "join"])
        .stdin(token.clone())
        .fail()
        .text();
    assert!(refused.contains("this host has accounts"), "{refused}");
    logs_in(&web1, &alice.phone.next_unused());
    let aside = refused.lines().filter(|line| line.starts_with("  "));
    let aside: Vec<&str> = aside.collect();
    assert_eq!(aside.len(), 3, "{refused}");
    web1.succeed(["sh", "-ec", &aside.join("\n")]);
    web1.command(["tfactl", "join"]).stdin(token).succeed();
    let twice = verifier.fail(["tfactl", "join", "tfa-join-X"]).text();
    assert!(twice.contains("this host is a verifier"), "{twice}");
}

#[test]
fn token_that_has_ended_joins_no_host() {
    let (verifier, [web1, _web2]) = verifier_and_members();
    let token = invite(&verifier, "web1.test");
    // A token lasts a day.
    verifier.shift_clock(25 * 3600);
    let join = web1.command(["tfactl", "join"]).stdin(token.clone());
    let refused = join.fail().text();
    assert!(
        refused.contains("Make a new one: tfactl host invite"),
        "{refused}"
    );
    assert!(!web1.has_file("/etc/tfa/tfa-fleet.toml"));
    assert!(!web1.has_file("/etc/tfa/tfad.toml.d/fleet.toml"));
    let hosts = verifier.succeed(["tfactl", "host", "list"]);
    assert!(!hosts.contains("web1.test  member"), "{hosts}");
    verifier.shift_clock(0);
    join.succeed();
    web1.expect_in_journal("tfa-fleet", "connected to v1.test");
}

/// The unit of tfa-fleet cannot be started here, until this is undone.
fn mask(machine: &Machine) {
    machine.succeed(["systemctl", "mask", "tfa-fleet"]);
}

fn unmask(machine: &Machine) {
    machine.succeed(["systemctl", "unmask", "tfa-fleet"]);
}

#[test]
fn token_is_good_again_after_an_error_of_the_host_that_has_used_it() {
    let (verifier, [web1, _web2]) = verifier_and_members();
    let alice = set_up(&verifier, "alice", PASSWORD);
    let token = invite(&verifier, "web1.test");
    let join = |token: &str| web1.command(["tfactl", "join"]).stdin(token.to_owned());
    mask(&web1);
    let failed = join(&token).fail().text();
    assert!(
        failed.contains("The token can be used again here"),
        "{failed}"
    );
    verifier.expect_in_journal("tfad", "host web1.test: joined the fleet");
    assert!(!web1.has_file("/etc/tfa/tfa-fleet.toml"));
    unmask(&web1);
    join(&token).succeed();
    logs_in(&web1, &alice.phone.next_unused());
    let journal = verifier.journal("tfad");
    assert!(
        !journal.contains("a second host tried to join"),
        "{journal}"
    );

    // A member that joins again keeps its new certificate: the verifiers know no other one.
    let token = invite(&verifier, "web1.test");
    mask(&web1);
    let failed = join(&token).fail().text();
    assert!(
        failed.contains("web1.test has a new certificate"),
        "{failed}"
    );
    unmask(&web1);
    web1.succeed(["systemctl", "restart", "tfa-fleet"]);
    logs_in(&web1, &alice.phone.next_unused());
}

#[test]
fn token_of_another_host_renames_a_member_only_with_consent() {
    let (verifier, [web1, _web2]) = verifier_and_members();
    let alice = set_up(&verifier, "alice", PASSWORD);
    let token = invite(&verifier, "web1.test");
    web1.command(["tfactl", "join"]).stdin(token).succeed();
    logs_in(&web1, &alice.phone.next_unused());
    let other = invite(&verifier, "web2.test");
    let join = web1.command(["tfactl", "join"]).stdin(other.clone());
    let refused = join.fail().text();
    assert!(
        refused.contains(
            "this host has joined its fleet as web1.test, and the token is for web2.test"
        ),
        "{refused}"
    );
    let terminal = web1.terminal(["tfactl", "join", &other]);
    terminal.expect("This host has joined its fleet as web1.test, and the token is for web2.test.");
    terminal.expect("[y/N]");
    terminal.type_line("");
    terminal.expect("The invitation was not used.");
    assert!(!terminal.wait_exit().success());
    let is_member = |name: &str| {
        let hosts = verifier.succeed(["tfactl", "host", "list"]);
        let mut rows = hosts.lines().filter(|row| row.starts_with(name));
        rows.any(|row| row.contains("certified until"))
    };
    assert!(is_member("web1.test") && !is_member("web2.test"));
    logs_in(&web1, &alice.backup_codes[0]);
    let join = web1.command(["tfactl", "join", "--yes"]).stdin(other);
    let joined = join.succeed();
    assert!(
        joined.contains("web2.test has a new certificate"),
        "{joined}"
    );
    assert!(is_member("web2.test"));
    logs_in(&web1, &alice.backup_codes[1]);
}

#[test]
fn interrupted_join_leaves_no_program_and_the_token_is_good() {
    let (verifier, [web1, _web2]) = verifier_and_members();
    let alice = set_up(&verifier, "alice", PASSWORD);
    let token = invite(&verifier, "web1.test");
    let is_joining = "pgrep -f '^/usr/sbin/tfa-fleet --join' >/dev/null";
    let wait_for = |condition: &str| {
        let wait = format!("timeout 20 sh -c \"until {condition}; do sleep 0.1; done\"");
        web1.succeed(["sh", "-c", &wait]);
    };
    for signal in ["INT", "KILL"] {
        // It accepts the connection, and says nothing.
        verifier.succeed(["systemctl", "kill", "-s", "STOP", "tfa-fleet"]);
        let terminal = web1.terminal(["tfactl", "join"]);
        terminal.expect("Token:");
        terminal.type_line(&token);
        // The machine has another name.
        terminal.expect("[y/N]");
        terminal.type_line("y");
        wait_for(is_joining);
        // Meanwhile no other command joins or makes a fleet.
        let join = web1.command(["tfactl", "join"]).stdin(token.clone());
        let init = web1.command(["tfactl", "fleet", "init"]);
        for second in [join, init] {
            let refused = second.fail().text();
            assert!(refused.contains("another tfactl on this host"), "{refused}");
        }
        web1.succeed(["pkill", &format!("-{signal}"), "-x", "tfactl"]);
        assert!(!terminal.wait_exit().success());
        wait_for(&format!("! {is_joining}"));
        verifier.succeed(["systemctl", "kill", "-s", "CONT", "tfa-fleet"]);
        assert!(!web1.has_file("/etc/tfa/tfa-fleet.toml"), "{signal}");
    }
    web1.command(["tfactl", "join"]).stdin(token).succeed();
    logs_in(&web1, &alice.phone.next_unused());
}

#[test]
fn role_of_a_killed_join_is_taken_back_by_the_next_one() {
    let (verifier, [web1, _web2]) = verifier_and_members();
    let alice = set_up(&verifier, "alice", PASSWORD);
    // The command was killed before it started the daemon again.
    let lines = "# Written by tfactl.\n[fleet]\nrole = \"member\"\n";
    web1.succeed(["mkdir", "-p", "/etc/tfa/tfad.toml.d"]);
    web1.write_file("/etc/tfa/tfad.toml.d/fleet.toml", lines);
    let join = web1.command(["tfactl", "join"]);
    join.stdin(invite(&verifier, "web1.test")).succeed();
    logs_in(&web1, &alice.phone.next_unused());

    // The package stays as long as the host is a member, and says how to take it out.
    let refused = web1.fail(["apt-get", "remove", "-y", "tfa-fleet"]).text();
    assert!(
        refused.contains("this host is a member of a fleet"),
        "{refused}"
    );
    web1.expect_in_journal("tfa-fleet", "connected to v1.test");
    logs_in(&web1, &alice.phone.next_unused());
    assert!(
        refused.contains("run here: tfactl fleet leave"),
        "{refused}"
    );
    web1.succeed(["tfactl", "fleet", "leave", "--yes"]);
    web1.succeed(["apt-get", "remove", "-y", "tfa-fleet"]);
    // The password alone, as on each host whose users have not enrolled.
    after_password(&web1).expect("alice@host:~$");
}
