//! The doctor on accounts of users who cannot log in.

use tfa_tests::Suite;

use crate::doctor::{finding, host_of_the_readme, is_silent, mend};
use crate::identity::{after_password, after_the_last_process, is_refused};
use crate::locks::lock_the_console_permanently;
use crate::users::{CODE, PASSWORD};

#[test]
fn a_user_whose_uid_has_changed_is_found_until_the_record_is_renamed() {
    let (machine, _alice) = host_of_the_readme(Suite::Bookworm);
    after_the_last_process(&machine, "alice", "usermod -u 3000 alice");
    is_refused(&machine, "alice");
    let found = finding(&machine, "lock-out", "record-unusable");
    assert_eq!(found["names"], serde_json::json!(["alice"]));
    let remedy = found["remedy"].as_str().unwrap();
    let rename = "tfactl rename alice alice";
    assert!(remedy.contains(rename), "{remedy}");
    mend(&machine, &found);
    machine.succeed(["sh", "-c", rename]);
    is_silent(&machine);
    after_password(&machine, "alice").expect(CODE);
}

#[test]
fn a_new_user_with_the_uid_of_another_record_is_found_until_the_reset() {
    let (machine, _alice) = host_of_the_readme(Suite::Bookworm);
    after_the_last_process(&machine, "alice", "userdel --remove alice");
    is_silent(&machine);
    machine.succeed(["useradd", "-u", "1000", "-m", "-s", "/bin/bash", "bob"]);
    machine.set_password("bob", PASSWORD);
    after_password(&machine, "bob").expect(CODE);
    let found = finding(&machine, "risk", "record-renamed");
    assert_eq!(found["names"], serde_json::json!(["bob"]));
    let remedy = found["remedy"].as_str().unwrap();
    assert!(remedy.contains("tfactl reset bob"), "{remedy}");
    machine.succeed(["tfactl", "reset", "bob", "--yes"]);
    is_silent(&machine);
    after_password(&machine, "bob").expect("bob@host:");
}

#[test]
fn a_lock_that_does_not_end_is_found_and_the_printed_commands_remove_it() {
    let (machine, alice) = host_of_the_readme(Suite::Bookworm);
    lock_the_console_permanently(&machine, &alice.phone);
    let found = finding(&machine, "lock-out", "account-locked");
    assert_eq!(found["names"], serde_json::json!(["alice"]));
    mend(&machine, &found);
    is_silent(&machine);
}
