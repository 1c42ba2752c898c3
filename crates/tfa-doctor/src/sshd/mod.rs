//! Faults in the settings of sshd.

mod checks;
pub mod config;
pub mod matching;
mod settings;

use crate::facts::{Facts, PolicyFacts};
use crate::finding::{Finding, Kind};
use crate::messages;

pub(crate) use checks::ENROLLMENT_SECONDS;
pub use settings::Settings;

/// The settings of sshd on a host.
#[derive(Debug, Clone, Default)]
pub struct SshdFacts {
    /// The lines of its files.
    pub lines: Vec<config::ConfigLine>,
    /// What is in force for each connection, by what is special about it; that outside all `Match` blocks
    /// first, with an empty name.
    pub corners: Vec<(String, Settings)>,
    /// Why sshd refuses its configuration.
    pub refusal: Option<String>,
    /// Why sshd did not print its settings.
    pub failure: Option<String>,
    /// Why there may be connections with other settings, in whole sentences.
    pub cuts: Vec<String>,
}

/// A connection under examination.
pub(crate) struct Corner<'a> {
    name: &'a str,
    settings: &'a Settings,
    sshd: &'a SshdFacts,
    policy: Option<&'a PolicyFacts>,
}

/// A fault for one connection: its kind, the keyword that it is about, and what else the text needs.
pub(crate) struct Fault {
    kind: &'static Kind,
    keyword: &'static str,
    detail: String,
}

/// The faults. One that several connections share is one finding.
pub(crate) fn examine(facts: &Facts) -> Vec<Finding> {
    let Some(sshd) = &facts.sshd else {
        return Vec::new();
    };
    let mut findings: Vec<Finding> = Vec::new();
    if let Some(why) = &sshd.refusal {
        findings.push(Finding::beside_pam(
            &messages::SSHD_REFUSES,
            "",
            Vec::new(),
            why.clone(),
        ));
    }
    if let Some(why) = &sshd.failure {
        findings.push(Finding::beside_pam(
            &messages::SSHD_NOT_EXAMINED,
            "",
            Vec::new(),
            why.clone(),
        ));
    }
    for (name, settings) in &sshd.corners {
        let corner = Corner {
            name,
            settings,
            sshd,
            policy: facts.policy.as_ref(),
        };
        for fault in checks::CHECKS.iter().filter_map(|check| check(&corner)) {
            add(&mut findings, &corner, fault);
        }
    }
    let cut = |why: &String| {
        Finding::beside_pam(&messages::SSHD_CUT, config::MAIN, Vec::new(), why.clone())
    };
    findings.extend(sshd.cuts.iter().map(cut));
    findings
}

/// Adds a fault of a connection. What holds outside all `Match` blocks is not repeated for those inside,
/// if it stands in the same place.
fn add(findings: &mut Vec<Finding>, corner: &Corner<'_>, fault: Fault) {
    let place = corner.place(fault.keyword);
    let is_same = |finding: &&mut Finding| {
        let subject = &finding.subject;
        finding.kind.id == fault.kind.id && subject.place == place && subject.detail == fault.detail
    };
    match findings.iter_mut().find(is_same) {
        Some(finding) => {
            let names = &mut finding.subject.names;
            if !names.is_empty() && !names.iter().any(|name| includes(corner.name, name)) {
                names.push(corner.name.to_owned());
            }
        }
        None => {
            let mut finding = Finding::beside_pam(fault.kind, place, Vec::new(), fault.detail);
            if !corner.name.is_empty() {
                finding.subject.names.push(corner.name.to_owned());
            }
            findings.push(finding);
        }
    }
}

impl Corner<'_> {
    /// Where the value that is in force stands: the first line with it outside `Match` blocks for the
    /// connection outside, else the first with it inside. Empty for a value that no line sets.
    fn place(&self, keyword: &str) -> String {
        let value = self.settings.value(keyword);
        let mut lines = self.sshd.lines.iter().filter(|line| {
            line.keyword == keyword && line.values.join(" ").eq_ignore_ascii_case(value)
        });
        let outside = lines.clone().find(|line| !line.in_match);
        let inside = lines.find(|line| line.in_match);
        let line = match self.differs(keyword) {
            true => inside.or(outside),
            false => outside,
        };
        line.map(|line| line.place.clone()).unwrap_or_default()
    }

    /// Whether the value is another one than outside all `Match` blocks.
    fn differs(&self, keyword: &str) -> bool {
        let outside = self.sshd.corners.first().map(|(_, settings)| settings);
        outside.is_some_and(|outside| outside.value(keyword) != self.settings.value(keyword))
    }
}

/// Whether a connection is one of those with this name: it has each part of the name.
fn includes(connection: &str, name: &str) -> bool {
    let mut parts = name.split(',');
    parts.all(|part| connection.split(',').any(|own| own == part))
}
