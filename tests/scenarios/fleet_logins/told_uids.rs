//! Users whom members alone know, and for whom an administrator makes a record on a verifier.

use tfa_tests::{Machine, Terminal};

use super::after_password_of;
use super::machines::Fleet;
use crate::users::{CODE, PASSWORD, record_of, set_policy, set_up_invited_in_login};

const INVITED: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\ninvitation = true\n";
const DENIED: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\nafter_grace = \"deny\"\n";
const SHELL: &str = "bob@host:~$";

/// A fleet, and the uid of bob, who exists on the first member alone.
fn fleet_with_bob() -> (Fleet, String) {
    let fleet = Fleet::boot();
    let [web1, _] = &fleet.members;
    web1.add_user("bob", PASSWORD);
    let uid = web1.succeed(["id", "-u", "bob"]);
    (fleet, uid.trim().to_owned())
}

fn bob_logs_in(machine: &Machine) -> Terminal {
    after_password_of(machine, "bob")
}

#[test]
fn user_of_a_member_is_invited_by_uid_and_enrolls_there() {
    let (fleet, uid) = fleet_with_bob();
    let (verifier, [web1, _]) = (&fleet.verifier, &fleet.members);
    set_policy(verifier, INVITED);
    bob_logs_in(web1).expect("You need an invitation code");

    // The command says what is missing, and the number is compared with what is known here.
    let refused = verifier.fail(["tfactl", "invite", "bob"]).text();
    let unknown = "this verifier knows no user \"bob\"";
    assert!(refused.contains(unknown), "{refused}");
    assert!(refused.contains("id -u bob"), "{refused}");
    let alice = verifier.succeed(["id", "-u", "alice"]);
    let of_alice = ["tfactl", "invite", "bob", "--uid", alice.trim()];
    let refused = verifier.fail(of_alice).text();
    assert!(refused.contains("is alice"), "{refused}");

    let explain = [
        "tfactl",
        "explain",
        "bob",
        "--host",
        "web1.test",
        "--uid",
        &uid,
    ];
    let explained = verifier.succeed(explain);
    let no_invitation = "Outcome: refused";
    assert!(explained.contains(no_invitation), "{explained}");
    let cut_off = "While web1.test reaches no verifier:";
    assert!(explained.contains(cut_off), "{explained}");

    // A typing error shows, refuses the login, and is corrected. The invitation stays.
    let wrong = format!("{uid}0");
    let invited = verifier.succeed(["tfactl", "invite", "bob", "--uid", &wrong]);
    let told = format!("for bob with the uid {wrong}, whom this verifier does not know");
    assert!(invited.contains(&told), "{invited}");
    let logged = format!("bob: an administrator told its uid, {wrong}; this host does not know");
    verifier.expect_in_journal("tfad", &logged);
    bob_logs_in(web1).expect("Two-factor login is not available right now");
    let again = verifier.fail(["tfactl", "invite", "bob", "--uid", &uid]);
    let way_out = format!("tfactl rename bob bob --uid {uid}");
    assert!(again.text().contains(&way_out), "{}", again.text());
    verifier.succeed(way_out.split(' '));
    let code = invited.lines().next().unwrap();
    let terminal = bob_logs_in(web1);
    let bob = set_up_invited_in_login(&terminal, code);
    terminal.expect(SHELL);
    let record = record_of(verifier, "bob");
    assert!(record.contains("\"state\": \"enabled\""), "{record}");
    assert!(record.contains(&format!("\"uid\": {uid}")), "{record}");
    let terminal = bob_logs_in(web1);
    terminal.expect(CODE);
    terminal.type_secret(&bob.phone.next_unused());
    terminal.expect(SHELL);
}

#[test]
fn user_of_a_member_is_exempted_by_uid_for_a_time() {
    let (fleet, uid) = fleet_with_bob();
    let (verifier, [web1, _]) = (&fleet.verifier, &fleet.members);
    set_policy(verifier, DENIED);
    let too_late = "the time to set it up is over";
    bob_logs_in(web1).expect(too_late);
    let exempt = ["exempt", "bob", "--for", "1h", "--reason", "a new phone"];
    let exempted = verifier.succeed([&["tfactl"], &exempt[..], &["--uid", &uid]].concat());
    assert!(exempted.contains(&format!("uid {uid}")), "{exempted}");
    let terminal = bob_logs_in(web1);
    terminal.expect("a new phone");
    terminal.expect(SHELL);
    verifier.succeed(["tfactl", "exempt", "bob", "--end"]);
    bob_logs_in(web1).expect(too_late);
}
