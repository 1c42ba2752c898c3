//! Errors: the configuration cannot be used.

use std::fmt::Display;
use std::io;
use std::net::IpAddr;
use std::path::Path;

use ipnet::IpNet;
use tfa_core::Source;
use toml::de::DeValue;

use super::quoted;
use crate::config::problem::Problem;

// The report.

/// Follows the errors that are listed.
pub(in crate::config) fn more(count: usize) -> String {
    match count {
        1 => "and 1 more error".to_owned(),
        _ => format!("and {count} more errors"),
    }
}

/// The first of several errors, in one line.
pub(in crate::config) fn first_of(error: &str, count: usize) -> String {
    format!("{error} (the first of {count} errors; to list them, run: tfad --check)")
}

// Files.

pub(in crate::config) fn unreadable(error: &io::Error) -> Problem {
    Problem::new(format!("cannot be read: {error}"))
}

pub(in crate::config) fn not_utf8() -> Problem {
    Problem::new("the text is not UTF-8 from here on")
}

/// What of a path others can change.
#[derive(Clone, Copy)]
pub(in crate::config) enum Writable {
    File,
    Directory,
}

impl Writable {
    fn can_change(self) -> &'static str {
        match self {
            Self::File => "can change it",
            Self::Directory => "can change the files in it",
        }
    }

    /// A new mode does not close a file that a process has open for writing.
    fn help(self, path: &Path, repair: &str) -> String {
        let path = path.display();
        match self {
            Self::File => format!(
                "a process may still have it open for writing, so copy it: cp {path} {path}.new; \
                 check the content of the copy; then run: mv {path}.new {path} && {repair}"
            ),
            Self::Directory => format!("check the files in it, then run: {repair}"),
        }
    }
}

pub(in crate::config) fn wrong_owner(
    path: &Path,
    what: Writable,
    uid: u32,
    mode: u32,
    wanted: u32,
) -> Problem {
    Problem::new(format!(
        "belongs to uid {uid} (mode {mode:04o}), who {}; the owner must be uid {wanted}",
        what.can_change()
    ))
    .help(what.help(path, &format!("chown {wanted} {}", path.display())))
}

pub(in crate::config) fn writable_by_others(
    path: &Path,
    what: Writable,
    uid: u32,
    mode: u32,
) -> Problem {
    Problem::new(format!(
        "can be written by users other than its owner (uid {uid}, mode {mode:04o}), who {}",
        what.can_change()
    ))
    .help(what.help(path, &format!("chmod go-w {}", path.display())))
}

// TOML and keys.

/// What the TOML parser says.
pub(in crate::config) fn syntax(message: &str) -> Problem {
    Problem::new(message)
}

pub(in crate::config) fn duplicate(key: &str) -> Problem {
    Problem::new(format!("{} is defined twice", quoted(key))).help("remove one of the two")
}

pub(in crate::config) fn empty_file() -> Problem {
    Problem::new("the file sets no key, and may have been truncated")
        .help("restore it, or remove it if it is a drop-in")
}

fn unknown_key(key: &str, header: &str) -> Problem {
    Problem::new(format!("unknown key {} in {header}", quoted(key)))
}

pub(in crate::config) fn unknown_key_among(key: &str, header: &str, known: &[&str]) -> Problem {
    unknown_key(key, header).help(format!("known keys are {}", known.join(", ")))
}

pub(in crate::config) fn misspelled_key(key: &str, header: &str, near: &str) -> Problem {
    unknown_key(key, header).help(did_you_mean(near))
}

pub(in crate::config) fn key_of_another_section(key: &str, header: &str, other: &str) -> Problem {
    unknown_key(key, header).help(format!("it belongs to {other}"))
}

/// Every key after the header of a rule belongs to the rule.
pub(in crate::config) fn policy_key_in_rule(key: &str, header: &str) -> Problem {
    unknown_key(key, header).help("it belongs to [policy], above the first [[policy.rule]]")
}

pub(in crate::config) fn rule_header(key: &str, header: &str) -> Problem {
    unknown_key(key, header).help("write [[policy.rule]]")
}

pub(in crate::config) fn no_mode_in_policy() -> Problem {
    Problem::new("[policy] has no mode").help(MODES)
}

pub(in crate::config) fn no_mode_in_rule() -> Problem {
    Problem::new("the rule has no mode").help(MODES)
}

const MODES: &str = "write mode = \"off\", \"optional\" or \"required\"";

pub(in crate::config) fn not_set(key: &str) -> Problem {
    Problem::new(format!("{key} is not set and has no default"))
}

pub(in crate::config) fn needs_required(key: &str) -> Problem {
    Problem::new(format!(
        "{key} has no effect unless the mode is \"required\""
    ))
    .help("remove it, or change the mode")
}

pub(in crate::config) fn unreachable_rule(earlier: &Source) -> Problem {
    Problem::new(format!(
        "the rule never takes effect: the rule at {earlier} comes first and matches every login \
         that this rule matches"
    ))
    .help("put the more specific rule first")
}

// Kinds of values.

/// What a key takes.
#[derive(Clone, Copy)]
pub(in crate::config) enum Expected {
    Text,
    Boolean,
    List,
    Table,
    ListOfTables,
    TimeSpan,
    Date,
    Uids,
    Group,
}

impl Expected {
    fn noun(self) -> &'static str {
        match self {
            Self::Text => "a text in quotes",
            Self::Boolean => "true or false",
            Self::List => "a list",
            Self::Table => "a table",
            Self::ListOfTables => "a list of tables",
            Self::TimeSpan => "a time span such as \"7d\"",
            Self::Date => "a date such as 2026-12-01",
            Self::Uids => "a number or a range such as \"0-999\"",
            Self::Group => "the name of a group in quotes or its number",
        }
    }
}

pub(in crate::config) fn wrong_type(expected: Expected, found: &DeValue<'_>) -> Problem {
    let found = match found {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    Problem::new(format!("must be {}, not {found}", expected.noun()))
}

pub(in crate::config) fn quoted_boolean() -> Problem {
    Problem::new("must be true or false, without quotes")
}

/// A single entry where a list belongs.
pub(in crate::config) fn not_a_list(found: &DeValue<'_>) -> Problem {
    let problem = wrong_type(Expected::List, found);
    match found {
        DeValue::String(text) => problem.help(format!("write [{}]", quoted(text))),
        DeValue::Integer(number) => problem.help(format!("write [{number}]")),
        _ => problem,
    }
}

pub(in crate::config) fn not_rules(found: &DeValue<'_>) -> Problem {
    wrong_type(Expected::ListOfTables, found).help("write [[policy.rule]], with two brackets")
}

pub(in crate::config) fn no_rules() -> Problem {
    Problem::new("the list is empty").help("remove the key")
}

pub(in crate::config) fn empty_list() -> Problem {
    Problem::new("the list is empty, so the rule would match no login")
        .help("to match every login, remove the key")
}

pub(in crate::config) fn not_one_of(
    written: &str,
    words: &[&'static str],
    near: Option<&str>,
) -> Problem {
    let words: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
    let problem = Problem::new(format!(
        "{} is none of {}",
        quoted(written),
        words.join(", ")
    ));
    match near {
        Some(near) => problem.help(did_you_mean(near)),
        None => problem,
    }
}

pub(in crate::config) fn not_a_number(written: &str) -> Problem {
    let written = quoted(written);
    Problem::new(format!(
        "{} is not a number from 0 to {}",
        written.trim_matches('"'),
        u32::MAX
    ))
}

fn did_you_mean(word: &str) -> String {
    format!("did you mean \"{word}\"?")
}

// Names.

pub(in crate::config) fn empty_name() -> Problem {
    Problem::new("the name \"\" is empty")
}

pub(in crate::config) fn invisible_character(name: &str) -> Problem {
    Problem::new(format!(
        "the name {} has a colon or an invisible character",
        quoted(name)
    ))
}

pub(in crate::config) fn space_around(name: &str) -> Problem {
    Problem::new(format!(
        "the name {} begins or ends with a space",
        quoted(name)
    ))
}

pub(in crate::config) fn pattern(name: &str) -> Problem {
    Problem::new(format!("the name {} is a pattern", quoted(name)))
        .help("patterns are not supported, so list the names")
}

pub(in crate::config) fn uid_as_user(uid: &impl Display) -> Problem {
    Problem::new(format!("{uid} is not a user name")).help(format!("write uids = {uid}"))
}

pub(in crate::config) fn group_as_user(name: &str, group: &str) -> Problem {
    Problem::new(format!("{} is not a user name", quoted(name)))
        .help(format!("write groups = [{}]", quoted(group)))
}

pub(in crate::config) fn number_as_user(name: &str) -> Problem {
    Problem::new(format!("{} is a number", quoted(name)))
        .help("to name users by number, use the key uids")
}

pub(in crate::config) fn group_with_sign(name: &str, bare: &str) -> Problem {
    Problem::new(format!("{} is not a group name", quoted(name)))
        .help(format!("write {}", quoted(bare)))
}

pub(in crate::config) fn number_as_group(name: &str) -> Problem {
    Problem::new(format!("{} is a number", quoted(name))).help("write it without quotes")
}

pub(in crate::config) fn not_a_service(name: &str, service: &str) -> Problem {
    Problem::new(format!("{} is not how PAM names a service", quoted(name)))
        .help(format!("write {}", quoted(service)))
}

pub(in crate::config) fn console_with_directory(name: &str, bare: &str) -> Problem {
    Problem::new(format!("{} has the directory in front", quoted(name)))
        .help(format!("write {}", quoted(bare)))
}

pub(in crate::config) fn pseudo_terminal(name: &str) -> Problem {
    Problem::new(format!("{} is a pseudo-terminal", quoted(name)))
        .help("remove it, because logins over the network have pseudo-terminals")
}

pub(in crate::config) fn keyboard_interactive(written: &str) -> Problem {
    not_a_method(written).help("for anything that PAM asks, write \"password\"")
}

pub(in crate::config) fn unknown_method(written: &str, known: &[&str]) -> Problem {
    not_a_method(written).help(format!("known methods are {}", known.join(", ")))
}

pub(in crate::config) fn misspelled_method(written: &str, near: &str) -> Problem {
    not_a_method(written).help(did_you_mean(near))
}

fn not_a_method(written: &str) -> Problem {
    Problem::new(format!("{} is not a method of sshd", quoted(written)))
}

pub(in crate::config) fn bad_issuer() -> Problem {
    Problem::new("must not have a colon or an invisible character")
        .help("authenticator apps split the name at a colon")
}

// User ids.

pub(in crate::config) fn reversed_range(written: &str, first: u32, last: u32) -> Problem {
    Problem::new(format!("the range {} is reversed", quoted(written)))
        .help(format!("write \"{last}-{first}\""))
}

pub(in crate::config) fn not_a_range(written: &str) -> Problem {
    Problem::new(format!(
        "{} is not a number or a range such as \"0-999\"",
        quoted(written)
    ))
}

// Origins.

pub(in crate::config) fn host_in_network(written: &str, network: &IpNet, host: &IpAddr) -> Problem {
    Problem::new(format!(
        "{} is an address inside a network",
        quoted(written)
    ))
    .help(format!("write \"{network}\" or \"{host}\""))
}

pub(in crate::config) fn mapped_address(written: &str, plain: &impl Display) -> Problem {
    Problem::new(format!(
        "{} is an IPv4 address written as IPv6",
        quoted(written)
    ))
    .help(format!("write \"{plain}\""))
}

fn not_an_origin(written: &str) -> Problem {
    Problem::new(format!(
        "{} is not \"local\", \"session\", an address or a network",
        quoted(written)
    ))
}

pub(in crate::config) fn origin_with_zone(written: &str) -> Problem {
    not_an_origin(written).help("remove the zone, from the % on")
}

pub(in crate::config) fn bad_network(written: &str) -> Problem {
    not_an_origin(written).help("write a network as in \"10.0.0.0/8\"")
}

pub(in crate::config) fn host_name(written: &str) -> Problem {
    not_an_origin(written).help("host names are not looked up, so write addresses")
}

pub(in crate::config) fn misspelled_origin(written: &str, near: &str) -> Problem {
    not_an_origin(written).help(did_you_mean(near))
}

// Time.

pub(in crate::config) fn empty_time_span() -> Problem {
    Problem::new("the time span is empty").help("for no time, write \"0\"")
}

/// `number` consists of digits.
pub(in crate::config) fn no_unit(number: &str) -> Problem {
    let number: String = number.chars().take(20).collect();
    Problem::new(format!("{number} has no unit")).help(format!("for days, write \"{number}d\""))
}

pub(in crate::config) fn unknown_unit(unit: &str) -> Problem {
    Problem::new(format!("unknown unit {}", quoted(unit)))
        .help("known units are s, min, h, d, w, month, y")
}

pub(in crate::config) fn misspelled_unit(unit: &str, near: &str) -> Problem {
    Problem::new(format!("unknown unit {}", quoted(unit))).help(did_you_mean(near))
}

pub(in crate::config) fn not_a_time_span(written: &str) -> Problem {
    Problem::new(format!("{} is not a time span", quoted(written)))
        .help("write whole numbers with units, as in \"1w 2d\" or \"12h\"")
}

pub(in crate::config) fn time_span_too_long(written: &str) -> Problem {
    Problem::new(format!("{} is longer than ten years", quoted(written)))
}

const DATES: &str = "write 2026-12-01 or \"2026-12-01 08:00 UTC\"";

pub(in crate::config) fn not_a_date(written: &str) -> Problem {
    Problem::new(format!(
        "{} is not a date or date and time",
        quoted(written)
    ))
    .help(DATES)
}

pub(in crate::config) fn time_without_date(written: &str) -> Problem {
    Problem::new(format!("{} has no date", quoted(written))).help(DATES)
}

pub(in crate::config) fn not_in_calendar(written: &str) -> Problem {
    Problem::new(format!(
        "{} is not a date and time that exists",
        quoted(written)
    ))
}

pub(in crate::config) fn offset_and_zone(written: &str) -> Problem {
    Problem::new(format!(
        "{} has both an offset and a time zone",
        quoted(written)
    ))
    .help("remove one of them")
}

pub(in crate::config) fn unknown_zone(zone: &str) -> Problem {
    Problem::new(format!("this host has no time zone {}", quoted(zone)))
        .help("to list the time zones, run: timedatectl list-timezones")
}

pub(in crate::config) fn before_1970(written: &str) -> Problem {
    Problem::new(format!("{} is before 1970", quoted(written)))
}
