//! Certificates of the fleet that are renewed, and one that has ended.

use tfa_tests::Machine;

use super::joining::{invite, verifier_and_members};
use super::{REFUSED, REQUIRED, after_password, logs_in};
use crate::users::{Owner, PASSWORD, set_policy, set_up};

const DAY: i64 = 24 * 3600;
const UNIT: &str = "tfa-fleet.service";
const CERTIFICATE: &str = "/var/lib/tfa-fleet/host.pem";
const RENEWED: &str = "host web1.test: got a certificate for a new key";

/// Waits until the log has a text so many times.
fn says_times(machine: &Machine, unit: &str, text: &str, times: usize) {
    const WAIT: &str = "until [ \"$(journalctl -u \"$1\" -o cat | grep -c \"$2\")\" -ge \"$3\" ]; do sleep 0.1; done";
    let times = times.to_string();
    let wait = machine.run(["timeout", "60", "sh", "-c", WAIT, "sh", unit, text, &times]);
    assert!(wait.success(), "{text}: {}", machine.journal(unit));
}

/// Has the member renew its certificate: by its clock, the last third of the time has begun.
fn renew(verifier: &Machine, member: &Machine, times: usize) {
    member.shift_clock_of(UNIT, 21 * DAY);
    member.succeed(["systemctl", "restart", UNIT]);
    says_times(verifier, "tfad", RENEWED, times);
    member.shift_clock_of(UNIT, 0);
}

/// Puts a certificate with its key in the place of the present one.
fn put_back(member: &Machine, file: &str) {
    member.succeed(["cp", "-p", file, CERTIFICATE]);
    member.succeed(["systemctl", "restart", UNIT]);
}

/// A verifier, a member that has joined it and lets alice in, and a host that has not joined.
fn member_with_alice() -> (Machine, Machine, Machine, Owner) {
    let (verifier, [web1, web2]) = verifier_and_members();
    let alice = set_up(&verifier, "alice", PASSWORD);
    set_policy(&verifier, REQUIRED);
    let token = invite(&verifier, "web1.test");
    web1.command(["tfactl", "join"]).stdin(token).succeed();
    logs_in(&web1, &alice.phone.next_unused());
    (verifier, web1, web2, alice)
}

#[test]
fn certificate_is_renewed_by_the_present_key_and_one_of_before_is_refused() {
    let (verifier, web1, _web2, alice) = member_with_alice();
    web1.succeed(["cp", "-p", CERTIFICATE, "/root/first.pem"]);

    renew(&verifier, &web1, 1);
    let differs = format!("! cmp -s {CERTIFICATE} /root/first.pem");
    web1.succeed(["sh", "-c", &format!("until {differs}; do sleep 0.1; done")]);
    logs_in(&web1, &alice.backup_codes[0]);
    // The former one is answered for an hour after the first use of the new one: connections from before use it.
    web1.succeed(["cp", "-p", CERTIFICATE, "/root/second.pem"]);
    put_back(&web1, "/root/first.pem");
    says_times(&web1, "tfa-fleet", "connected to v1.test", 4);
    logs_in(&web1, &alice.backup_codes[1]);
    put_back(&web1, "/root/second.pem");
    renew(&verifier, &web1, 2);
    logs_in(&web1, &alice.backup_codes[2]);

    web1.succeed(["cp", "-p", CERTIFICATE, "/root/third.pem"]);
    put_back(&web1, "/root/first.pem");
    after_password(&web1).expect(REFUSED);
    verifier.expect_in_journal(
        "tfad",
        "host web1.test: refused a call, because it has renewed its certificate or joined again",
    );
    // Nor does it renew itself.
    web1.shift_clock_of(UNIT, 21 * DAY);
    web1.succeed(["systemctl", "restart", UNIT]);
    web1.expect_in_journal("tfa-fleet", "cannot renew the certificate of this host");
    web1.shift_clock_of(UNIT, 0);
    put_back(&web1, "/root/third.pem");
    logs_in(&web1, &alice.backup_codes[3]);
}

#[test]
fn member_whose_certificate_has_ended_lets_no_user_in_until_it_joins_again() {
    let (verifier, web1, _web2, alice) = member_with_alice();

    // It was off for a month.
    web1.shift_clock_of(UNIT, 31 * DAY);
    let _ = web1.run(["systemctl", "restart", UNIT]);
    web1.expect_in_journal("tfa-fleet", "tfactl join");
    after_password(&web1).expect(REFUSED);
    // A clock that is set back makes no new certificate of it, and its users are not shut out for good.
    web1.shift_clock_of(UNIT, 0);
    let token = invite(&verifier, "web1.test");
    web1.command(["tfactl", "join"]).stdin(token).succeed();
    logs_in(&web1, &alice.backup_codes[0]);
}
