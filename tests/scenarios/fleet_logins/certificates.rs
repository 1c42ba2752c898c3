//! Certificates that are not good.

use tfa_tests::Machine;

use super::machines::{
    Certificate, Fleet, LINES_OF_VERIFIER, certify, lines_of_member, start_fleet, write_certificate,
};
use super::{REFUSED, REQUIRED, after_password, logs_in};
use crate::users::{PASSWORD, set_policy, set_up};

const DAY: i64 = 24 * 3600;

/// What `tfa-fleet` has logged, in lines.
fn lines(machine: &Machine) -> usize {
    let log = machine.succeed(["journalctl", "-u", "tfa-fleet", "-o", "cat"]);
    log.lines().count()
}

/// After so many lines of its log, `tfa-fleet` says this.
fn says(machine: &Machine, lines: usize, text: &str) {
    const WAIT: &str =
        "until journalctl -u tfa-fleet -o cat | tail -n +$1 | grep -q \"$2\"; do sleep 0.1; done";
    let from = (lines + 1).to_string();
    let wait = machine.run(["timeout", "40", "sh", "-c", WAIT, "sh", &from, text]);
    assert!(wait.success(), "{text}: {}", machine.journal("tfa-fleet"));
}

/// With this certificate of a host, the first member cannot connect for this reason, and no user is let in there.
fn refuses(fleet: &Fleet, host: &Machine, certificate: &Certificate, of_host: &str, why: &str) {
    let [web1, _] = &fleet.members;
    let before = lines(web1);
    start_fleet(host, certificate, of_host);
    says(web1, before, why);
    after_password(web1).expect(REFUSED);
}

#[test]
fn hosts_with_certificates_that_are_not_good_log_no_user_in() {
    let fleet = Fleet::boot();
    let (verifier, [web1, _]) = (&fleet.verifier, &fleet.members);
    let alice = set_up(verifier, "alice", PASSWORD);
    set_policy(verifier, REQUIRED);
    logs_in(web1, &alice.phone.next_unused());

    // Of the member. It does not start with what others would refuse.
    let member = lines_of_member(1);
    let for_servers = certify(verifier, "web1.test", "serverAuth");
    let before = lines(web1);
    write_certificate(web1, &for_servers);
    web1.fail(["systemctl", "restart", "tfa-fleet"]);
    says(web1, before, "other hosts would refuse the certificate");
    after_password(web1).expect(REFUSED);
    let good = certify(verifier, "web1.test", "clientAuth");
    start_fleet(web1, &good, &member);
    logs_in(web1, &alice.backup_codes[0]);

    // Of the verifier: of another host, and one of a member that poses as the verifier.
    let both = "serverAuth,clientAuth";
    let of_other = certify(verifier, "v2.test", both);
    refuses(
        &fleet,
        verifier,
        &of_other,
        LINES_OF_VERIFIER,
        "not valid for name",
    );
    let good = certify(verifier, "v1.test", both);
    start_fleet(verifier, &good, LINES_OF_VERIFIER);

    // They have ended, by the clock of the other side: first that of the member, then that of the verifier.
    verifier.shift_clock_of("tfa-fleet.service", DAY + DAY / 2);
    let before = lines(web1);
    web1.succeed(["systemctl", "restart", "tfa-fleet"]);
    says(web1, before, "cannot connect to v1.test: .*[Ee]xpired");
    after_password(web1).expect(REFUSED);
    verifier.shift_clock_of("tfa-fleet.service", 0);
    web1.expect_in_journal("tfa-fleet", "connected to v1.test");
    web1.shift_clock_of("tfa-fleet.service", DAY + DAY / 2);
    let before = lines(web1);
    verifier.succeed(["systemctl", "restart", "tfa-fleet"]);
    says(web1, before, "cannot connect to v1.test: .*[Ee]xpired");
    after_password(web1).expect(REFUSED);
    web1.shift_clock_of("tfa-fleet.service", 0);
    let before = lines(web1);
    web1.succeed(["systemctl", "restart", "tfa-fleet"]);
    says(web1, before, "connected to v1.test");
    logs_in(web1, &alice.backup_codes[1]);
}
