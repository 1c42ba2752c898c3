//! Names that others have chosen, in commands for an administrator.

use tfa_core::{DenyReason, Refusal, Time};

use super::*;

const NAME: &str = "x y;$(reboot)";
const WORD: &str = "'x y;$(reboot)'";

#[test]
fn name_is_one_word_in_the_command_of_each_text() {
    let now = Time::from_secs(10);
    let administrator = |refusal| refusal_for_administrator(refusal, NAME, now).to_string();
    let import = |refusal| import_refused(refusal, NAME, now).to_string();
    let texts = [
        (damaged_record(NAME, &"damaged"), 1),
        (damaged_record_may_be_of(NAME, "bob"), 1),
        (uid_changed(NAME, 1, 2), 4),
        (uid_differs_in_fleet(NAME, 1, 2), 3),
        (record_under_name_of_other(NAME, 1, NAME, 2), 5),
        (record_of_other_uid(NAME, NAME, 1), 4),
        (in_the_way("bob", "eve", 1, NAME), 1),
        (user_gone(NAME), 1),
        (moved(NAME, NAME, 1), 3),
        (left_over(NAME, "bob"), 1),
        (unknown_in_fleet(NAME), 1),
        (record_has_other_uid(NAME, 1, 2), 3),
        (uid_has_other_record(NAME, 1, NAME), 5),
        (administrator(Refusal::NoSuchAuthenticator), 1),
        (administrator(Refusal::KeyTaken), 1),
        (administrator(Refusal::TooManyAuthenticators), 1),
        (administrator(Refusal::LastAuthenticator), 1),
        (administrator(Refusal::NoSuchDevice), 1),
        (import_needs_invitation(NAME).to_string(), 1),
        (import(Refusal::AlreadySetUp), 1),
        (import(Refusal::CounterTooHigh), 1),
        (invited_is_set_up(NAME).to_string(), 1),
        (disable_required(NAME).to_string(), 1),
    ];
    for (text, words) in texts {
        assert_eq!(text.matches(WORD).count(), words, "{text}");
        for command in text.split("tfactl ").skip(1) {
            let command = command.split(". ").next().unwrap_or_default();
            assert!(!command.replace(WORD, "").contains(NAME), "{text}");
        }
    }
}

#[test]
fn account_and_host_are_one_word_for_ssh() {
    for login in [DeniedLogin::SshKey, DeniedLogin::SshMethod] {
        let text = denial(DenyReason::NotVerified, "web1", NAME, login);
        assert!(text.ends_with(" 'x y;$(reboot)@web1'"), "{text}");
        let text = denial(DenyReason::NotVerified, "web1", "alice", login);
        assert!(text.ends_with(" alice@web1"), "{text}");
    }
}
