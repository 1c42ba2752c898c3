//! Names that others have chosen, in commands for an administrator.

use std::path::Path;

use tfa_proto::{
    Device, Explanation, HypotheticalLogin, OpenEnum, Renamed, State, Status, UserFacts,
};

use super::*;

const NAME: &str = "x y;$(reboot)";
const WORD: &str = "'x y;$(reboot)'";

fn account() -> Status {
    Status {
        user: NAME.to_owned(),
        state: Some(OpenEnum::from(State::Enabled)),
        devices: vec![Device::default()],
        locked_until: Some(20),
        ..Status::default()
    }
}

#[test]
fn name_is_one_word_in_the_command_of_each_text() {
    let unusable = Status {
        problem: Some("damaged".to_owned()),
        ..account()
    };
    let locked = Explanation {
        user: NAME.to_owned(),
        locked_until: Some(20),
        ..Explanation::default()
    };
    let for_ever = Explanation {
        permanently_locked: true,
        ..locked.clone()
    };
    let explained = |of| explanation(of, &HypotheticalLogin::default(), false, 10, MAX_WIDTH);
    let user = UserFacts {
        uid: Some(1),
        known: Some(false),
    };
    let texts = [
        (status(&account(), 10), 3),
        (status(&unusable, 10), 1),
        (explained(&locked), 1),
        (explained(&for_ever), 1),
        (confirmation_needed(NAME), 1),
        (user_of_members(NAME, user).unwrap(), 1),
        (exempted(NAME, 20, 10), 1),
        (disabled(NAME), 1),
        (map_blocked(&Renamed::default(), NAME), 1),
        (backup_made(NAME, 1, "", true), 1),
        (
            impact_of_publication(Path::new(NAME), &[], false, MAX_WIDTH),
            1,
        ),
    ];
    for (text, commands) in texts {
        assert_eq!(text.matches(WORD).count(), commands, "{text}");
        for command in text.split("tfactl ").skip(1) {
            let command = command.lines().next().unwrap_or_default();
            assert!(!command.replace(WORD, "").contains(NAME), "{text}");
        }
    }
}

#[test]
fn name_with_a_dash_in_front_is_no_option_of_a_command() {
    let account = Status {
        user: "-d".to_owned(),
        ..account()
    };
    let locked = Explanation {
        user: "-d".to_owned(),
        locked_until: Some(20),
        ..Explanation::default()
    };
    let user = UserFacts {
        uid: Some(1),
        known: Some(false),
    };
    for (text, command) in [
        (status(&account, 10), "tfactl unlock -- '-d'"),
        (
            explanation(&locked, &HypotheticalLogin::default(), false, 10, MAX_WIDTH),
            "unlock -- '-d'",
        ),
        (confirmation_needed("-d"), "tfactl reset --yes -- '-d'"),
        (user_of_members("-d", user).unwrap(), "id -u -- '-d' prints"),
        (exempted("-d", 20, 10), "tfactl exempt --end -- '-d'"),
        (disabled("-d"), "tfactl enable -- '-d'"),
        (
            map_blocked(&Renamed::default(), "-d"),
            "tfactl show -- '-d'",
        ),
    ] {
        assert!(text.contains(command), "{text}");
    }
}

#[test]
fn plain_name_stands_as_it_is() {
    let text = confirmation_needed("alice@example.org");
    assert!(
        text.ends_with("tfactl reset alice@example.org --yes"),
        "{text}"
    );
}

#[test]
fn name_with_unseen_characters_is_the_same_name_in_a_command() {
    let unseen = Status {
        user: "root\u{200b}".to_owned(),
        ..account()
    };
    let text = status(&unseen, 10);
    assert!(text.starts_with(r"User: root\u{200b}"), "{text}");
    assert!(
        text.contains(r"tfactl unlock $'root\xe2\x80\x8b'"),
        "{text}"
    );
}
