//! The system bus: who may own the daemon's name and call it, who owns it, and how it is started.

use super::HostFacts;
use super::bus_policy::{Caller, Context, Request, Rule, decide, rules};
use crate::finding::Finding;
use crate::messages;

const NAME: &str = "org.tfad.Tfa1";
const PATH: &str = "/org/tfad/Tfa1";
/// The policy that the package installs.
const POLICY: &str = "/usr/share/dbus-1/system.d/org.tfad.Tfa1.conf";
/// The file that the package installs for activation.
const ACTIVATION: &str = "/usr/share/dbus-1/system-services/org.tfad.Tfa1.service";
/// The lines of that file that decide what is started.
const STARTED: [(&str, &str); 3] = [
    ("Name", NAME),
    ("User", "root"),
    ("SystemdService", "tfad.service"),
];

/// What is known of the system bus.
#[derive(Debug, Clone, Default)]
pub struct BusFacts {
    /// The configuration of the bus: the paths and texts of the files, in the order in which it reads them.
    pub files: Vec<(String, String)>,
    /// The files for the activation of the daemon, in the order in which the bus looks for one.
    pub activation: Vec<(String, String)>,
    /// The uid of the process that owns the daemon's name.
    pub owner: Option<u32>,
}

pub(super) fn examine(host: &HostFacts) -> Vec<Finding> {
    let Some(bus) = &host.bus else {
        return Vec::new();
    };
    let taken = bus.owner.filter(|uid| *uid != 0);
    let taken = taken.map(|uid| found(&messages::BUS_NAME_TAKEN, "", format!("uid {uid}")));
    let rules = rules(&bus.files);
    let mut findings: Vec<Finding> = taken.into_iter().collect();
    findings.extend(open(&rules));
    findings.extend(closed(&rules));
    findings.extend(activation(bus));
    findings
}

/// Files that let another than root own the name.
fn open(rules: &[Rule]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let mut report = |caller, name: &str| {
        if let (true, Some(file)) = decide(rules, caller, Request::Own(NAME)) {
            let known = findings.iter_mut().find(|one| one.subject.place == file);
            match known {
                Some(known) if known.subject.names.iter().any(|one| one == name) => {}
                Some(known) => known.subject.names.push(name.to_owned()),
                None => {
                    let names = vec![name.to_owned()];
                    let kind = &messages::BUS_NAME_OPEN;
                    findings.push(Finding::beside_pam(kind, file, names, String::new()));
                }
            }
            return true;
        }
        false
    };
    if report(Caller::Anyone, messages::EVERY_USER) {
        return findings;
    }
    for rule in rules {
        let name = match &rule.context {
            Context::User(user) if user != "root" && user != "0" => messages::user(user),
            // The group root has no members but root, unless an administrator has added them.
            Context::Group(group) if group != "root" && group != "0" => messages::group(group),
            _ => continue,
        };
        report(Caller::Named(&rule.context), &name);
    }
    findings
}

/// What the daemon and its callers need, and the bus refuses.
pub(super) fn closed(rules: &[Rule]) -> Option<Finding> {
    let place = |file: Option<&str>| match file {
        // The file of the bus itself denies what no other file allows.
        Some(file) if !file.ends_with("/system.conf") => file.to_owned(),
        _ => POLICY.to_owned(),
    };
    // Without any rule nothing is known.
    if rules.is_empty() {
        return None;
    }
    let (is_allowed, file) = decide(rules, Caller::Root, Request::Own(NAME));
    if !is_allowed {
        return Some(found(
            &messages::BUS_NAME_DENIED,
            &place(file),
            String::new(),
        ));
    }
    let calls = [
        (Caller::Root, "root", "Login"),
        (Caller::Root, "root", "Admin"),
        (Caller::Anyone, messages::OTHER_USERS, "Account"),
        (Caller::Anyone, messages::OTHER_USERS, "Admin"),
    ];
    calls.into_iter().find_map(|(caller, who, interface)| {
        let interface = format!("{NAME}.{interface}");
        let call = Request::Call {
            destination: NAME,
            path: PATH,
            interface: &interface,
        };
        let (is_allowed, file) = decide(rules, caller, call);
        let names = vec![who.to_owned()];
        let finding = || {
            Finding::beside_pam(
                &messages::BUS_CALLS_DENIED,
                place(file),
                names,
                interface.clone(),
            )
        };
        (!is_allowed).then(finding)
    })
}

/// The file for activation that counts is not that of the package.
fn activation(bus: &BusFacts) -> Option<Finding> {
    if bus.files.is_empty() {
        return None;
    }
    let Some((path, text)) = bus.activation.first() else {
        return Some(found(&messages::BUS_ACTIVATION, ACTIVATION, String::new()));
    };
    let value = |key: &str| {
        let lines = text.lines().filter_map(|line| line.split_once('='));
        let mut values = lines.filter(|(name, _)| name.trim() == key);
        values.next().map(|(_, value)| value.trim())
    };
    let wrong = STARTED
        .iter()
        .find(|(key, expected)| value(key) != Some(expected));
    wrong.map(|(key, expected)| found(&messages::BUS_ACTIVATION, path, format!("{key}={expected}")))
}

fn found(kind: &'static crate::Kind, place: &str, detail: String) -> Finding {
    Finding::beside_pam(kind, place, Vec::new(), detail)
}
