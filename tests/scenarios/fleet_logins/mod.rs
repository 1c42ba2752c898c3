//! Logins on members of a fleet, which a verifier answers: real sshd, real networks, real certificates.

mod account_calls;
mod certificates;
mod grpc;
pub(crate) mod joining;
mod locks;
mod lying_member;
pub(crate) mod machines;
mod offline;
mod published;
mod put_back;
mod renewal;
mod told_uids;
mod versions;

use std::time::{Duration, Instant};

use tfa_tests::{Machine, Terminal};

use self::machines::{
    Fleet, certify, host, make_authority, start_fleet, take_role, two_verifiers_and_a_member,
};
use crate::locks::ssh_with_messages;
use crate::users::{
    CODE, PASSWORD, console_on_tty1, enter_password, record_of, set_policy, set_up,
    set_up_in_login, ssh_to_code_prompt,
};

const SHELL: &str = "alice@host:~$";
const USED: &str = "This code was already used.";
const REFUSED: &str =
    "Two-factor login is not available right now. Please tell your administrator.";
const REQUIRED: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\n";

/// A login over SSH with this code succeeds.
#[track_caller]
fn logs_in(machine: &Machine, code: &str) {
    let terminal = ssh_to_code_prompt(machine, "alice");
    terminal.type_secret(code);
    terminal.expect(SHELL);
}

/// A login of alice over SSH that has entered the password.
#[track_caller]
fn after_password(machine: &Machine) -> Terminal {
    after_password_of(machine, "alice")
}

/// The same of a user.
#[track_caller]
fn after_password_of(machine: &Machine, user: &str) -> Terminal {
    let terminal = ssh_with_messages(machine, user);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal
}

/// Waits until the daemon serves.
pub(crate) fn is_served(machine: &Machine) {
    let wait =
        "until systemctl show -p StatusText --value tfad | grep -q '^Serving'; do sleep 0.1; done";
    machine.succeed(["sh", "-c", wait]);
}

#[test]
fn code_is_good_once_in_the_whole_fleet() {
    let fleet = Fleet::boot();
    let [web1, web2] = &fleet.members;
    let alice = set_up(&fleet.verifier, "alice", PASSWORD);

    let code = alice.phone.next_unused();
    logs_in(web1, &code);
    let terminal = ssh_to_code_prompt(web2, "alice");
    terminal.type_secret(&code);
    terminal.expect(USED);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(SHELL);
    let terminal = ssh_to_code_prompt(&fleet.verifier, "alice");
    terminal.type_secret(&code);
    terminal.expect(USED);

    // The verifier says on which host that was, and a member has kept nothing.
    let verified = "alice: verified by a code of";
    let line = fleet.verifier.expect_in_journal("tfad", verified);
    assert!(
        line.contains("(on web1.test, service sshd, from "),
        "{line}"
    );
    fleet
        .verifier
        .expect_in_journal("tfad", "alice: a code that was used before (on web2.test");
    for member in [web1, web2] {
        assert!(!member.has_file("/var/lib/tfa/etcd.id"));
        assert!(member.has_file("/var/lib/tfa/fleet.member"));
        let refused = member.fail(["tfactl", "show", "alice"]).text();
        assert!(
            refused.contains("the verifiers keep its accounts"),
            "{refused}"
        );
    }

    let doctor = web1.run(["tfactl", "doctor"]).text();
    assert!(
        !doctor.contains("nobody") && !doctor.contains("sealing key"),
        "{doctor}"
    );
    assert!(!web1.succeed(["tfad", "--check"]).contains("error:"));

    let terminal = ssh_to_code_prompt(web2, "alice");
    for _ in 0..3 {
        terminal.type_secret(&alice.phone.wrong_code());
    }
    terminal.expect("Password:");
    fleet
        .verifier
        .expect_in_journal("tfad", "alice: denied: no right code (on web2.test");
    logs_in(web1, &alice.phone.next_unused());
}

#[test]
fn login_waits_out_a_killed_daemon_and_is_refused_without_a_verifier() {
    let fleet = Fleet::boot();
    let [web1, _] = &fleet.members;
    let alice = set_up(&fleet.verifier, "alice", PASSWORD);

    // The dialog is lost with the daemon: the login begins again with the same answer.
    let terminal = ssh_to_code_prompt(web1, "alice");
    let killed = fleet
        .verifier
        .succeed(["systemctl", "show", "-p", "MainPID", "--value", "tfad"]);
    fleet.verifier.succeed(["kill", "-KILL", killed.trim()]);
    let restarted = format!(
        "until [ \"$(systemctl show -p MainPID --value tfad)\" != {} ] && systemctl is-active -q tfad; \
         do sleep 0.1; done",
        killed.trim()
    );
    fleet.verifier.succeed(["sh", "-c", &restarted]);
    is_served(&fleet.verifier);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(SHELL);

    fleet.verifier.succeed(["systemctl", "stop", "tfa-fleet"]);
    let terminal = after_password(web1);
    terminal.expect(REFUSED);
    web1.expect_in_journal("tfad", "no verifier answers");
    let console = console_on_tty1(web1);
    web1.set_password("root", PASSWORD);
    enter_password(console, "root");
    console.expect("Login incorrect");

    fleet.verifier.succeed(["systemctl", "start", "tfa-fleet"]);
    web1.expect_in_journal("tfa-fleet", "connected to v1.test");
    logs_in(web1, &alice.phone.next_unused());
}

#[test]
fn user_enrolls_in_a_login_on_a_member() {
    let fleet = Fleet::boot();
    let [web1, web2] = &fleet.members;
    set_policy(&fleet.verifier, REQUIRED);
    let terminal = after_password(web1);
    let alice = set_up_in_login(&terminal);
    terminal.expect(SHELL);
    let record = record_of(&fleet.verifier, "alice");
    assert!(record.contains("\"state\": \"enabled\""), "{record}");
    logs_in(web2, &alice.phone.next_unused());
    let terminal = ssh_to_code_prompt(web1, "alice");
    terminal.type_secret(&alice.backup_codes[0]);
    terminal.expect("Backup code used, 9 left.");
    terminal.expect(SHELL);
}

#[test]
fn policy_of_a_member_can_only_be_stricter() {
    let fleet = Fleet::boot();
    let [web1, web2] = &fleet.members;
    set_policy(&fleet.verifier, "[policy]\nmode = \"off\"\n");
    let terminal = after_password(web1);
    terminal.expect(SHELL);
    let strict = "[policy]\nmode = \"required\"\ngrace = \"0\"\nafter_grace = \"deny\"\n";
    set_policy(web1, strict);
    let terminal = after_password(web1);
    terminal
        .expect("Two-factor login is required on web1.test, and the time to set it up is over.");
    let terminal = after_password(web2);
    terminal.expect(SHELL);
    fleet.verifier.expect_in_journal(
        "tfad",
        "(the policy of web1.test) (on web1.test, service sshd",
    );
}

#[test]
fn host_with_a_forged_certificate_logs_nobody_in() {
    let fleet = Fleet::boot();
    set_policy(&fleet.verifier, REQUIRED);
    let forger = host(&["openssl"]);
    make_authority(&forger);
    let mut forged = certify(&forger, "web1.test", "clientAuth");
    // It trusts the verifier, which does not trust it.
    forged
        .ca
        .push_str(&fleet.verifier.read_file("/root/ca/ca.pem"));
    fleet.verifier.connect("10.9.3.1", &forger, "10.9.3.2");
    let lines = "verifiers = ['v1.test:7443']\naddresses = { 'v1.test' = '10.9.3.1' }";
    start_fleet(&forger, &forged, lines);
    take_role(&forger, "member");
    let terminal = after_password(&forger);
    terminal.expect(REFUSED);
    forger.expect_in_journal("tfad", "no verifier answers");
    assert!(!forger.journal("tfa-fleet").contains("connected to v1.test"));
}

#[test]
fn login_survives_the_loss_of_its_verifier() {
    let (verifiers, member) = two_verifiers_and_a_member();
    let [v1, v2] = &verifiers;
    let alice = set_up(v1, "alice", PASSWORD);
    let start = Instant::now();
    logs_in(&member, &alice.phone.next_unused());
    let usual = start.elapsed();

    let terminal = at_the_first_verifier(v2, &member);
    let code = alice.phone.next_unused();
    v1.succeed(["systemctl", "kill", "--signal=KILL", "tfa-fleet", "tfad"]);
    let start = Instant::now();
    terminal.type_secret(&code);
    terminal.expect(SHELL);
    let taken = start.elapsed();
    assert!(
        taken < usual + Duration::from_secs(2),
        "{taken:?}, {usual:?}"
    );
    let terminal = ssh_to_code_prompt(v2, "alice");
    terminal.type_secret(&code);
    terminal.expect(USED);
}

/// A login on a member up to the question for the code. The first verifier has the dialog, and the second one is
/// connected.
fn at_the_first_verifier(second: &Machine, member: &Machine) -> Terminal {
    second.succeed(["systemctl", "stop", "tfa-fleet"]);
    let terminal = ssh_to_code_prompt(member, "alice");
    second.succeed(["systemctl", "start", "tfa-fleet"]);
    let connected = "until journalctl -u tfa-fleet -o cat | grep -c 'connected to v2.test' | grep -qx 2; \
                     do sleep 0.1; done";
    member.succeed(["sh", "-c", connected]);
    terminal
}

#[test]
fn code_whose_answer_is_lost_after_the_put_lets_one_login_in() {
    let (verifiers, member) = two_verifiers_and_a_member();
    let [v1, v2] = &verifiers;
    let alice = set_up(v1, "alice", PASSWORD);
    let terminal = at_the_first_verifier(v2, &member);
    // What the first verifier sends to the member is lost: it judges the code, and its answer does not arrive.
    let cut = "nft 'add table ip cut; add chain ip cut out { type filter hook output priority 0; }; \
               add rule ip cut out ip daddr 10.9.1.2 drop'";
    v1.succeed(["sh", "-c", cut]);
    let code = alice.phone.next_unused();
    terminal.type_secret(&code);
    terminal.expect(SHELL);
    v1.expect_in_journal("tfad", "alice: verified by a code of");
    v1.succeed(["systemctl", "kill", "--signal=KILL", "tfa-fleet", "tfad"]);
    v2.expect_in_journal("tfad", "alice: verified by a code of");
    for machine in [v2, &member] {
        let terminal = ssh_to_code_prompt(machine, "alice");
        terminal.type_secret(&code);
        terminal.expect(USED);
    }
}
