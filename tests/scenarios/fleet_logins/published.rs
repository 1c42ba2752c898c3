//! A policy that is published on one verifier, and logins on the other one and on a member of both.

use std::time::Instant;

use super::machines::{ETCDCTL, two_verifiers_and_a_member};
use super::{SHELL, after_password};
use crate::users::{PASSWORD, console_on_tty1, enter_password, set_policy};

const DENY: &str = "[policy]\nmode = \"required\"\ngrace = \"0d\"\nafter_grace = \"deny\"\n";
const REFUSED: &str = "the time to set it up is over.";
const NOT_AVAILABLE: &str = "Two-factor login is not available right now.";
const OFFLINE: &str = "[policy]\nmode = \"optional\"\noffline = \"console\"\n";
const FILE: &str = "/root/fleet.toml";

#[test]
fn published_policy_is_in_force_from_the_next_login_on() {
    let ([v1, v2], member) = two_verifiers_and_a_member();
    for machine in [&v1, &v2, &member] {
        after_password(machine).expect(SHELL);
    }

    v1.write_file(FILE, DENY);
    let out = v1.succeed(["tfactl", "policy", "publish", FILE, "--yes"]);
    let published = Instant::now();
    assert!(out.contains("Must enroll now:"), "{out}");
    after_password(&v2).expect(REFUSED);
    let seen = published.elapsed();
    after_password(&member).expect(REFUSED);
    after_password(&v1).expect(REFUSED);
    println!(
        "refused on the other verifier {seen:?} after the publication, a whole login over SSH"
    );

    // It says so wherever an administrator looks.
    v2.expect_in_journal("tfad", "the published policy is in force: revision ");
    let shown = v2.succeed(["tfactl", "policy", "show"]);
    assert!(shown.ends_with(DENY), "{shown}");
    let explained = v2.succeed(["tfactl", "explain", "alice"]);
    assert!(
        explained.contains("Policy: the published policy, revision"),
        "{explained}"
    );
    assert!(
        explained.contains("Rule: the published policy line 2"),
        "{explained}"
    );
    let checked = v2.succeed(["sh", "-c", "tfad --check 2>&1"]);
    assert!(
        checked.contains("of the files are not in force"),
        "{checked}"
    );

    // One with a mistake is not published, and the one before stays.
    v2.write_file(FILE, "[policy]\nmode = \"of\"\n");
    let refused = v2
        .fail(["tfactl", "policy", "publish", FILE, "--yes"])
        .text();
    assert!(
        refused.contains("the published policy:2:8: mode"),
        "{refused}"
    );
    after_password(&v1).expect(REFUSED);

    // A policy that another version has published, and this one does not know.
    let break_it =
        format!("{ETCDCTL} put /tfa/d/policy/ broken && {ETCDCTL} put /tfa/policy broken");
    v2.succeed(["sh", "-c", &break_it]);
    after_password(&v1).expect(NOT_AVAILABLE);
    // The verifiers of the member are there: it is not cut off.
    member.set_password("root", PASSWORD);
    set_policy(&member, OFFLINE);
    let console = console_on_tty1(&member);
    enter_password(console, "root");
    console.expect(NOT_AVAILABLE);

    v2.succeed(["tfactl", "policy", "unpublish", "--yes"]);
    for machine in [&v1, &v2, &member] {
        after_password(machine).expect(SHELL);
    }
    let shown = v1.succeed(["tfactl", "policy", "show"]);
    assert!(shown.contains("No policy is published"), "{shown}");
}
