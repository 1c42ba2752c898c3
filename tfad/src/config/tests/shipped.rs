//! The shipped file, `packaging/tfad.toml`: made from the table of keys.

use std::time::Duration;

use tfa_core::{Group, Mode, Rule, RuleEffect, Time};
use tfa_text::wrapped;

use super::super::Config;
use super::super::keys::{KEYS, Settings};
use super::super::schema::{Key, Section};
use super::{bare, one};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/tfad.toml");
const SHIPPED: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../packaging/tfad.toml"
));
/// If it is set, the test writes the shipped file.
const UPDATE: &str = "UPDATE_SHIPPED";

const HEAD: &str = "\
# The policy of two-factor login. See tfad.toml(5).
# To check it, run: tfad --check
# To apply a change, run: systemctl reload tfad
# A key that is commented out shows its default.

[policy]
";

const RULES: &str = "
# Each rule defines the requirement for some logins. The first rule that matches takes effect.
# Every key after the header of a rule belongs to the rule. A rule has a mode, can have since, grace,
# after_grace and offline, and has these keys of its own, most of which select logins:
";

const EXAMPLE: &str = "\
# In this example administrators are first, then staff. To see its effect before it is applied,
# run: tfactl policy impact FILE
#[[policy.rule]]
#groups = [\"sudo\"]
#mode = \"required\"
#since = 2026-12-01

#[[policy.rule]]
#groups = [\"staff\"]
#mode = \"required\"
#since = 2027-01-15
#grace = \"14d\"

[enrollment]
";

/// The keys of a section.
fn keys(section: Section) -> impl Iterator<Item = &'static Key<Settings>> {
    KEYS.iter()
        .filter(move |key| key.sections.contains(&section))
}

/// Each key of a section with its default. A key without one is described only.
fn defaults(section: Section) -> String {
    let key = |key: &Key<Settings>| {
        let name = key.name;
        let summary = wrapped(key.summary, 90).replace('\n', "\n# ");
        match (name, key.default) {
            ("mode", _) => format!("# {summary}\nmode = \"optional\"\n"),
            (_, Some(default)) => format!("# {summary}\n#{name} = {default}\n"),
            (_, None) => format!("# {summary}\n# {name} = ...\n"),
        }
    };
    keys(section).map(key).collect()
}

/// The shipped file as the table of keys has it.
fn from_table() -> String {
    let selectors = keys(Section::Rule).filter(|key| key.sections == [Section::Rule]);
    let selectors: String = selectors
        .map(|key| format!("#   {:<10}{}\n", key.name, key.summary))
        .collect();
    let policy = defaults(Section::Policy);
    let enrollment = defaults(Section::Enrollment);
    let authenticator = defaults(Section::Authenticator);
    let remember = defaults(Section::Remember);
    let recovery = defaults(Section::Recovery);
    let store = defaults(Section::Store);
    let fleet = defaults(Section::Fleet);
    format!(
        "{HEAD}{policy}{RULES}{selectors}{EXAMPLE}{enrollment}\n[authenticator]\n{authenticator}\n\
         [remember]\n{remember}\n[recovery]\n{recovery}\n[store]\n{store}\n\
         [fleet]\n{fleet}"
    )
}

#[test]
fn the_shipped_file_is_made_from_the_table_of_keys() {
    let expected = from_table();
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(PATH, &expected).unwrap();
        return;
    }
    assert_eq!(SHIPPED, expected, "to write it, set {UPDATE} and run this");
}

#[test]
fn the_shipped_file_and_the_defaults_in_its_comments_are_the_default() {
    assert_eq!(one(SHIPPED).map(bare), Ok(Config::default()));
    // A key or header behind a bare # is TOML. A # and a space begin a comment.
    let used: String = SHIPPED
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(key) if !key.starts_with(' ') => format!("{key}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let mut config = one(&used).map(bare).unwrap();
    let rules = std::mem::take(&mut config.policy.rules);
    assert_eq!(config, Config::default());
    let day = Duration::from_secs(24 * 3600);
    let phase = |group: &str, since, days| Rule {
        groups: vec![Group::Name(group.to_owned())],
        effect: RuleEffect {
            mode: Mode::Required,
            since: Some(Time::from_secs(since)),
            grace: day * days,
            ..RuleEffect::default()
        },
        ..Rule::default()
    };
    let wanted = [
        phase("sudo", 1_796_083_200, 7),
        phase("staff", 1_799_971_200, 14),
    ];
    assert_eq!(rules, wanted);
}

/// Without a default, `build` would refuse every configuration.
#[test]
fn every_key_outside_a_rule_has_a_default_or_may_be_unset() {
    let unset: Vec<_> = KEYS
        .iter()
        .filter(|key| key.default.is_none() && key.sections != [Section::Rule])
        .map(|key| key.name)
        .collect();
    assert_eq!(
        unset,
        ["mode", "since", "algorithm", "digits", "period", "role"]
    );
}
