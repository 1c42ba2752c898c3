//! Names that others have chosen, in commands for an administrator.

use tfa_core::{DenyReason, Refusal, Time};

use super::*;

const NAME: &str = "x y;$(reboot)";
const WORD: &str = "'x y;$(reboot)'";

/// The texts with commands that name a user, and how often they do.
fn texts(name: &str) -> Vec<(String, usize)> {
    let now = Time::from_secs(10);
    let administrator = |refusal| refusal_for_administrator(refusal, name, now).to_string();
    let import = |refusal| import_refused(refusal, name, now).to_string();
    vec![
        (damaged_record(name, &"damaged"), 1),
        (damaged_record_may_be_of(name, "bob"), 1),
        (uid_changed(name, 1, 2), 4),
        (uid_differs_in_fleet(name, 1, 2), 3),
        (record_under_name_of_other(name, 1, name, 2), 5),
        (record_of_other_uid(name, name, 1), 4),
        (in_the_way("bob", "eve", 1, name), 1),
        (user_gone(name), 1),
        (moved(name, name, 1), 3),
        (left_over(name, "bob"), 1),
        (unknown_in_fleet(name), 1),
        (record_has_other_uid(name, 1, 2), 3),
        (uid_has_other_record(name, 1, name), 5),
        (administrator(Refusal::NoSuchAuthenticator), 1),
        (administrator(Refusal::KeyTaken), 1),
        (administrator(Refusal::TooManyAuthenticators), 1),
        (administrator(Refusal::LastAuthenticator), 1),
        (administrator(Refusal::NoSuchDevice), 1),
        (import_needs_invitation(name).to_string(), 1),
        (import(Refusal::AlreadySetUp), 1),
        (import(Refusal::CounterTooHigh), 1),
        (invited_is_set_up(name).to_string(), 1),
        (disable_required(name).to_string(), 1),
    ]
}

#[test]
fn name_is_one_word_in_the_command_of_each_text() {
    for (text, words) in texts(NAME) {
        assert_eq!(text.matches(WORD).count(), words, "{text}");
        for command in text.split("tfactl ").skip(1) {
            let command = command.split(". ").next().unwrap_or_default();
            assert!(!command.replace(WORD, "").contains(NAME), "{text}");
        }
    }
}

#[test]
fn name_with_a_dash_in_front_is_no_option_of_a_command() {
    for (text, _) in texts("-d") {
        for command in text.split("tfactl ").skip(1) {
            let command = command.split(['.', ')']).next().unwrap_or_default();
            if let Some((before, after)) = command.split_once("'-d'") {
                assert!(before.ends_with(" -- "), "{text}");
                assert!(!after.contains(" --"), "{text}");
            }
        }
    }
    let text = unknown_in_fleet("-d");
    assert!(text.contains("id -u -- '-d' prints"), "{text}");
    let text = disable_required("-d").to_string();
    let expected = "tfactl disable --for 2d --reason TEXT -- '-d'";
    assert!(text.ends_with(expected), "{text}");
    let text = record_has_other_uid("-d", 1, 2);
    let expected = "tfactl rename --uid 1 -- '-d' '-d'. ";
    assert!(text.contains(expected), "{text}");
    let text = denial(
        DenyReason::NotVerified,
        "web1",
        "-oProxyCommand=x",
        DeniedLogin::SshKey,
    );
    assert!(text.ends_with(" -l '-oProxyCommand=x' web1"), "{text}");
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
