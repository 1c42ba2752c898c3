//! Faults in the PAM files.

mod asked;
mod errors;
mod options;
mod order;
mod profile;
mod services;
mod session;
mod skipped;

use tfa_pam_stack::{Call, Line, Phase, Service, Witness};

use crate::facts::{Facts, PolicyFacts};
use crate::finding::{Finding, Kind, Subject};
use crate::messages;

/// A service with which users log in.
pub(crate) struct Login<'a> {
    pub(crate) name: &'a str,
    pub(crate) service: &'a Service,
    pub(crate) facts: &'a Facts,
}

/// A fault of one service.
pub(crate) struct Fault {
    kind: &'static Kind,
    place: String,
    detail: String,
    witness: Vec<String>,
}

type Check = fn(&Login<'_>) -> Vec<Fault>;

const CHECKS: &[Check] = &[
    asked::not_asked,
    asked::auth_missing,
    asked::account_missing,
    asked::cannot_ask,
    skipped::skipped,
    skipped::refusal_ignored,
    order::module_first,
    order::goes_on_after_wrong_password,
    session::cannot_decide,
    options::unknown,
    errors::module_missing,
    errors::problems,
];

/// The faults in the PAM files. A fault that several services share is one finding.
pub(crate) fn examine(facts: &Facts) -> Vec<Finding> {
    let services = facts.pam.services.iter();
    let logins = services.filter(|(name, _)| services::lets_users_in(name));
    let (mut findings, mut is_asked) = (Vec::new(), false);
    for (name, reading) in logins {
        for result in reading.results() {
            let service = match result {
                Ok(service) => service,
                Err(error) => {
                    add(&mut findings, name, errors::unreadable(name, error));
                    continue;
                }
            };
            let login = Login {
                name,
                service,
                facts,
            };
            is_asked |= login.asks(Phase::Auth) || login.asks(Phase::Account);
            for fault in CHECKS.iter().flat_map(|check| check(&login)) {
                add(&mut findings, name, fault);
            }
        }
    }
    if !is_asked {
        return vec![Finding {
            kind: &messages::PAM_OFF,
            subject: Subject::default(),
            witness: Vec::new(),
        }];
    }
    findings.extend(profile::changed(&facts.pam));
    findings
}

/// Adds a fault of a service, or the service to the finding that is the same. That keeps the shortest
/// witness.
fn add(findings: &mut Vec<Finding>, service: &str, fault: Fault) {
    let is_same = |finding: &&mut Finding| {
        finding.kind.id == fault.kind.id
            && finding.subject.place == fault.place
            && finding.subject.detail == fault.detail
    };
    if let Some(finding) = findings.iter_mut().find(is_same) {
        let names = &mut finding.subject.names;
        if !names.iter().any(|name| name == service) {
            names.push(service.to_owned());
        }
        if fault.witness.len() < finding.witness.len() {
            finding.witness = fault.witness;
        }
        return;
    }
    findings.push(Finding {
        kind: fault.kind,
        subject: Subject {
            place: fault.place,
            names: vec![service.to_owned()],
            detail: fault.detail,
        },
        witness: fault.witness,
    });
}

impl Fault {
    fn at(kind: &'static Kind, place: impl ToString) -> Self {
        Self {
            kind,
            place: place.to_string(),
            detail: String::new(),
            witness: Vec::new(),
        }
    }

    fn seen(self, witness: &Witness) -> Self {
        let witness = witness.to_string().lines().map(str::to_owned).collect();
        Self { witness, ..self }
    }
}

impl Login<'_> {
    fn policy(&self) -> Option<&PolicyFacts> {
        self.facts.policy.as_ref()
    }

    fn lines(&self, phase: Phase) -> &[Line] {
        &self.service.stack(phase).lines
    }

    /// Whether the phase has a line of pam_tfa, even if the file of the module is missing.
    fn asks(&self, phase: Phase) -> bool {
        self.lines(phase).iter().any(names_tfa)
    }

    /// The file of the first line of a phase, or that of the service.
    fn file(&self, phase: Phase) -> String {
        let first = self.lines(phase).first();
        let file = first.map(|line| line.position.file.to_string());
        file.unwrap_or_else(|| format!("/etc/pam.d/{}", self.name))
    }

    /// The line that a step of a witness executed.
    fn line_of(&self, phase: Phase, step: &tfa_pam_stack::Step) -> Option<&Line> {
        let mut lines = self.lines(phase).iter();
        lines.find(|line| line.position == step.position)
    }
}

/// Whether the module of a line is pam_tfa, even if its file is missing.
fn names_tfa(line: &Line) -> bool {
    let is_call = matches!(line.call, Call::Module | Call::MissingModule);
    is_call && line.module.rsplit('/').next() == Some("pam_tfa.so")
}
