//! `tfa-enroll` and `tfactl` on members.

use crate::users::{
    CODE, PASSWORD, authenticate, backup_codes_in, record_of, set_policy, set_up, set_up_in,
    ssh_to_code_prompt,
};

use super::machines::Fleet;
use super::{SHELL, after_password, logs_in};

const RUN_ON_VERIFIER: &str = "Run this on a verifier: v1.test";

#[test]
fn user_enrolls_and_makes_backup_codes_with_tfa_enroll_on_a_member() {
    let fleet = Fleet::boot();
    let [web1, web2] = &fleet.members;
    set_policy(
        &fleet.verifier,
        "[policy]\nmode = \"optional\"\nchanges_on = [\"web1.*\"]\n",
    );
    let terminal = after_password(web1);
    terminal.expect(SHELL);
    let alice = set_up_in(&terminal, PASSWORD, "tfa-enroll setup");
    let record = record_of(&fleet.verifier, "alice");
    assert!(record.contains("\"state\": \"enabled\""), "{record}");
    fleet.verifier.expect_in_journal(
        "tfad",
        "alice: a first authenticator waits for its first code",
    );

    terminal.type_line("tfa-enroll status");
    terminal.expect("10");
    terminal.expect(SHELL);
    logs_in(web2, &alice.phone.next_unused());

    // The code that polkit's login asks for is the code of the change.
    terminal.type_line("tfa-enroll codes");
    authenticate(&terminal, &alice.phone.next_unused());
    terminal.expect("The new backup codes are valid. The old ones are invalid.");
    terminal.expect("Press Enter when you have saved them:");
    let shown = terminal.transcript();
    let (_, shown) = shown.split_once("The old ones are invalid.").unwrap();
    let new = backup_codes_in(shown);
    assert_eq!(new.len(), 10);
    terminal.send(b"\r");
    terminal.expect(SHELL);
    let login = ssh_to_code_prompt(web2, "alice");
    login.type_secret(&new[0]);
    login.expect("Backup code used, 9 left.");
    login.expect(SHELL);
    let login = ssh_to_code_prompt(web1, "alice");
    login.type_secret(&alice.backup_codes[0]);
    login.expect(CODE);

    // On another member, no password and no code is asked for.
    let terminal = ssh_to_code_prompt(web2, "alice");
    terminal.type_secret(&new[1]);
    terminal.expect(SHELL);
    let before = record_of(&fleet.verifier, "alice");
    terminal.type_line("tfa-enroll codes");
    terminal.expect("cannot be changed on web2.test");
    terminal.expect(SHELL);
    assert_eq!(record_of(&fleet.verifier, "alice"), before);

    // Without a verifier nothing is changed.
    fleet.verifier.succeed(["systemctl", "stop", "tfad"]);
    terminal.type_line("tfa-enroll status");
    terminal.expect("no verifier");
    terminal.expect(SHELL);
}

#[test]
fn root_of_a_member_reads_and_changes_no_account_of_the_fleet() {
    let fleet = Fleet::boot();
    let [web1, web2] = &fleet.members;
    set_policy(&fleet.verifier, "[policy]\nmode = \"optional\"\n");
    let alice = set_up(&fleet.verifier, "alice", PASSWORD);
    for command in [
        &["list"][..],
        &["show", "alice"],
        &["reset", "alice", "--yes"],
        &["unlock", "alice"],
        &["disable", "alice"],
        &["invite", "alice"],
        &["explain", "alice"],
        &["devices", "list", "alice"],
    ] {
        let refused = web1.fail(["tfactl"].iter().chain(command)).text();
        assert!(refused.contains(RUN_ON_VERIFIER), "{command:?}: {refused}");
    }
    // Root there calls for itself alone.
    let status = web1.succeed(["tfa-enroll", "status", "--json"]);
    assert!(!status.contains("alice"), "{status}");
    logs_in(web2, &alice.phone.next_unused());
}

#[test]
fn administrator_on_a_verifier_acts_on_users_of_members_alone() {
    let fleet = Fleet::boot();
    let [web1, _] = &fleet.members;
    web1.add_user("bob", PASSWORD);
    set_up(web1, "bob", PASSWORD);
    let record = record_of(&fleet.verifier, "bob");
    assert!(record.contains("\"state\": \"enabled\""), "{record}");
    fleet.verifier.succeed(["tfactl", "unlock", "bob"]);
    fleet.verifier.succeed(["tfactl", "reset", "bob", "--yes"]);
    let record = record_of(&fleet.verifier, "bob");
    assert!(record.contains("\"state\": \"none\""), "{record}");
    let terminal = web1.ssh("bob");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("bob@host:~$");
}
