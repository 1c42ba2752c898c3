//! Tries a change of PAM files: which faults it mends, and whether it breaks anything.

use std::collections::BTreeMap;

use tfa_pam_host::{Reading, Snapshot};
use tfa_pam_stack::{Phase, Service};

use super::logins::are_kept;
use super::{Context, faults, logins};
use crate::facts::PamFacts;
use crate::finding::{Finding, Severity};
use crate::messages;

/// The phases of a login.
const PHASES: [Phase; 3] = [Phase::Auth, Phase::Account, Phase::Session];

/// The faults of a host: how many of an id a service has. A fault of no service has an empty name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Counts(BTreeMap<(&'static str, String), usize>);

/// What works in a service.
#[derive(Clone, Copy)]
struct Works {
    /// Some login passes each phase.
    some_login: bool,
    /// No login passes without a password, or the program has a method of its own.
    asks_password: bool,
}

impl Works {
    fn of(reading: &Reading, has_own_method: bool) -> Self {
        let is_identified = |service: &Service| service.without_password().is_none();
        Self {
            some_login: reading.all(|service| PHASES.iter().all(|phase| service.can_pass(*phase))),
            asks_password: has_own_method || reading.all(is_identified),
        }
    }

    /// Whether all that worked before still works.
    fn keeps(self, before: Self) -> bool {
        self.some_login >= before.some_login && self.asks_password >= before.asks_password
    }
}

/// A host, to which changes are made.
pub(super) struct Trial<'a> {
    context: &'a Context<'a>,
    pam: &'a PamFacts,
    before: Counts,
    /// No service asks, so that other faults are not searched for.
    is_off: bool,
    /// What works, by service.
    works: BTreeMap<&'a str, Works>,
}

impl<'a> Trial<'a> {
    pub(super) fn new(pam: &'a PamFacts, context: &'a Context<'a>, findings: &[Finding]) -> Self {
        Self {
            context,
            pam,
            before: Counts::of(findings),
            is_off: findings
                .iter()
                .any(|finding| finding.kind.id == messages::PAM_OFF.id),
            works: logins(pam)
                .map(|(name, reading)| (name, Works::of(reading, context.follows_own_method(name))))
                .collect(),
        }
    }

    /// The host with other files.
    pub(super) fn host_with(&self, files: Snapshot) -> PamFacts {
        self.pam.with_files(files)
    }

    /// The same for the host after a change, with the faults that it has then.
    pub(super) fn again<'b>(&self, pam: &'b PamFacts) -> (Trial<'b>, Vec<Finding>)
    where
        'a: 'b,
    {
        let found = faults(pam, self.context);
        (Trial::new(pam, self.context, &found), found)
    }

    /// The faults that are left with other files; `None` if they have a new one of this severity or a worse
    /// one, or if a login that passed no longer does.
    pub(super) fn run(&self, files: Snapshot, severity: Severity) -> Option<Counts> {
        let pam = self.host_with(files);
        let found = faults(&pam, self.context);
        let left = Counts::of(&found);
        let is_new = |mark| !self.is_off && self.before.0.get(&mark) < left.0.get(&mark);
        let mut grave = found
            .iter()
            .filter(|finding| finding.severity() <= severity || is_grave(finding));
        let has_new = grave.any(|finding| marks(finding).any(is_new));
        let is_kept = |(name, works): (&&str, &Works)| {
            let [before, after] = [self.pam, &pam].map(|pam| pam.services.get(*name));
            before.zip(after).is_some_and(|(before, after)| {
                let is_same = || before.results().eq(after.results());
                let follows = self.context.follows_own_method(name);
                is_same()
                    || (Works::of(after, follows).keeps(*works) && are_kept(before, after, follows))
            })
        };
        (!has_new && self.works.iter().all(is_kept)).then_some(left)
    }

    /// Whether there are more faults of that id, in one of its services.
    pub(super) fn has_more(&self, finding: &Finding, counts: &Counts) -> bool {
        marks(finding).any(|mark| self.before.0.get(&mark) < counts.0.get(&mark))
    }

    /// Whether a change has mended a fault, of each service.
    pub(super) fn has_mended(&self, finding: &Finding, left: &Counts) -> bool {
        marks(finding).all(|mark| left.0.get(&mark) < self.before.0.get(&mark))
    }

    /// Whether a change has left no fault of that id, of each service.
    pub(super) fn has_mended_all(&self, finding: &Finding, left: &Counts) -> bool {
        marks(finding).all(|mark| !left.0.contains_key(&mark))
    }
}

impl Counts {
    pub(super) fn of(findings: &[Finding]) -> Self {
        let mut counts = BTreeMap::new();
        for mark in findings.iter().flat_map(marks) {
            *counts.entry(mark).or_default() += 1;
        }
        Self(counts)
    }
}

/// Whether a fault is never the price of a remedy: a user with one code cannot answer two questions.
fn is_grave(finding: &Finding) -> bool {
    finding.kind.id == messages::PAM_TWICE.id
}

fn marks(finding: &Finding) -> impl Iterator<Item = (&'static str, String)> {
    let id = finding.kind.id;
    let names = &finding.subject.names;
    let none = names.is_empty().then(String::new);
    names
        .iter()
        .cloned()
        .chain(none)
        .map(move |name| (id, name))
}
