//! Ways into the host that PAM is not asked about, or of which it is told that nothing need be verified.

use std::collections::BTreeMap;

use super::{HostFacts, polkit};
use crate::finding::{Finding, Kind};
use crate::messages;

/// The rules of doas(1).
pub const DOAS_FILE: &str = "/etc/doas.conf";

/// What is known of other ways in.
#[derive(Debug, Clone, Default)]
pub struct OtherWays {
    /// What `systemctl show` prints of the units of consoles, of dropbear and of the debug shell.
    pub units: String,
    /// The text of [`DOAS_FILE`].
    pub doas: Option<String>,
    /// The rules of polkit, by their paths.
    pub polkit: Vec<(String, String)>,
}

/// The actions of polkit with which a user becomes root, units and run0, and pkexec; and decides about second
/// factors.
const ACTIONS: [&str; 4] = [
    "org.freedesktop.systemd1.manage-units",
    "org.freedesktop.policykit.exec",
    polkit::ACTIONS[0],
    polkit::ACTIONS[1],
];

pub(super) fn examine(host: &HostFacts) -> Vec<Finding> {
    let ways = &host.other_ways;
    let units = ways.units.split("\n\n").map(properties);
    let units = units.filter(|unit| is_in_use(unit));
    let mut findings: Vec<Finding> = units.filter_map(|unit| of_unit(&unit)).collect();
    findings.extend(ways.doas.iter().flat_map(|text| doas(text)));
    findings.extend(
        ways.polkit
            .iter()
            .filter_map(|(path, text)| rule_of_polkit(path, text)),
    );
    findings
}

fn found(kind: &'static Kind, place: impl Into<String>, names: &[&str]) -> Finding {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    Finding::beside_pam(kind, place, names, String::new())
}

fn properties(text: &str) -> BTreeMap<&str, &str> {
    text.lines()
        .filter_map(|line| line.split_once('='))
        .collect()
}

/// Whether a unit runs, or is started at the boot.
fn is_in_use(unit: &BTreeMap<&str, &str>) -> bool {
    let is = |name, values: &[&str]| unit.get(name).is_some_and(|value| values.contains(value));
    is("ActiveState", &["active", "activating", "reloading"])
        || is("UnitFileState", &["enabled", "enabled-runtime", "linked"])
}

fn of_unit(unit: &BTreeMap<&str, &str>) -> Option<Finding> {
    let name = *unit.get("Id")?;
    if name == "debug-shell.service" {
        return Some(found(&messages::DEBUG_SHELL, "", &[name]));
    }
    if name.starts_with("dropbear") {
        return Some(found(&messages::DROPBEAR, "", &[name]));
    }
    let (_, command) = unit.get("ExecStart")?.split_once("argv[]=")?;
    let words: Vec<&str> = command.split(" ;").next()?.split(' ').collect();
    let drop_ins = unit.get("DropInPaths").copied().unwrap_or_default();
    let place = drop_ins.split(' ').next().unwrap_or_default();
    let names = vec![name.to_owned()];
    let kind = &messages::CONSOLE_AUTOLOGIN;
    lets_in(&words).then(|| Finding::beside_pam(kind, place, names, drop_ins.to_owned()))
}

/// Whether agetty(8) has a user whom it logs in, or gives login(1) the option `-f` for the name that is typed.
/// An option `-f` of its own has a file.
fn lets_in(words: &[&str]) -> bool {
    let logs_in = |word: &&str| *word == "-a" || word.starts_with("--autologin");
    let next = words.iter().skip(1).chain([&""]);
    let mut pairs = words.iter().zip(next);
    words.iter().any(logs_in)
        || pairs.any(|(word, next)| *word == "-f" && (*next == "--" || next.ends_with("\\u")))
}

/// Rules of doas that ask for nothing, and allow every command.
fn doas(text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let line = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_open = words.first() == Some(&"permit") && words.contains(&"nopass");
        if is_open && !words.contains(&"cmd") {
            let place = format!("{DOAS_FILE}:{number}");
            findings.push(found(&messages::DOAS_NOPASS, place, &[]));
        }
    }
    findings
}

/// A file that allows something, and names one of the actions.
fn rule_of_polkit(path: &str, text: &str) -> Option<Finding> {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code: Vec<&str> = code.collect();
    let has = |word: &str| code.iter().any(|line| line.contains(word));
    let actions = ACTIONS.into_iter().filter(|action| has(action));
    let actions: Vec<&str> = actions.collect();
    let allows = has("Result.YES") || has("\"yes\"") || has("'yes'");
    (allows && !actions.is_empty()).then(|| found(&messages::POLKIT_YES, path, &actions))
}
