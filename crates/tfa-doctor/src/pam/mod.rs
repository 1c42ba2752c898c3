//! Faults in the PAM files.

mod asked;
mod changes;
mod errors;
mod lines;
mod logins;
mod options;
mod order;
mod parts;
mod passing;
mod profile;
mod remedies;
mod removal;
mod services;
mod session;
mod skipped;
mod trial;
mod unasked;

pub(crate) use parts::parts;
pub(crate) use removal::breaks;
pub use services::programs;

use std::collections::BTreeSet;

use tfa_pam_host::Reading;
use tfa_pam_stack::{Call, Code, Line, Phase, Refusal, Service, Witness, verifies_password};

use crate::facts::{Facts, PamFacts, PolicyFacts};
use crate::finding::{Finding, Kind, Severity, Subject};
use crate::sshd::SshdFacts;
use crate::{MODULE, messages};

/// A service with which users log in.
struct Login<'a> {
    name: &'a str,
    service: &'a Service,
    pam: &'a PamFacts,
    context: &'a Context<'a>,
}

/// What the faults depend on beside the PAM files.
struct Context<'a> {
    policy: Option<&'a PolicyFacts>,
    /// The services of sshd.
    of_sshd: BTreeSet<&'a str>,
    /// sshd asks PAM only beside a method of its own, such as a key.
    demands_own_method: bool,
    /// As before, and the method is a public key.
    demands_public_key: bool,
}

impl<'a> Context<'a> {
    fn of(facts: &'a Facts) -> Self {
        let sshd = &facts.sshd;
        let each = |holds: fn(&SshdFacts) -> bool| !sshd.is_empty() && sshd.iter().all(holds);
        Self {
            policy: facts.policy.as_ref(),
            of_sshd: sshd.iter().flat_map(SshdFacts::pam_services).collect(),
            demands_own_method: each(SshdFacts::demands_own_method),
            demands_public_key: each(SshdFacts::demands_public_key),
        }
    }

    /// Whether a login of the service follows a method of sshd's own, which takes the place of the password: sshd
    /// demands it of each connection.
    fn follows_own_method(&self, service: &str) -> bool {
        self.of_sshd.contains(service) && self.demands_own_method
    }
}

/// A fault of one service.
struct Fault {
    kind: &'static Kind,
    place: String,
    detail: String,
    /// The modules on which it depends, if it is not known what they do.
    depends_on: Vec<String>,
    witness: Vec<String>,
}

type Check = fn(&Login<'_>) -> Vec<Fault>;

const CHECKS: &[Check] = &[
    asked::not_asked,
    asked::auth_missing,
    asked::account_missing,
    asked::cannot_ask,
    asked::twice,
    skipped::skipped,
    skipped::refusal_ignored,
    order::module_first,
    order::goes_on_after_wrong_password,
    order::password_skipped,
    unasked::password_not_asked,
    session::cannot_decide,
    options::unknown,
    options::cannot_enroll,
    errors::module_missing,
    errors::missing_module_ignored,
    errors::problems,
    passing::refuses,
    passing::refused_by_jump,
    passing::refuses_users,
];

/// The faults in the PAM files. Those that one remedy mends are one finding.
pub(crate) fn examine(facts: &Facts) -> Vec<Finding> {
    let Some(pam) = &facts.pam else {
        return Vec::new();
    };
    let context = Context::of(facts);
    let found = faults(pam, &context);
    let mut findings = remedies::settle(pam, &context, found);
    findings.extend(not_examined(pam));
    findings
}

/// The phases that have more jumps than are followed. Their faults are not found.
fn not_examined(pam: &PamFacts) -> Vec<Finding> {
    let phases = [Phase::Auth, Phase::Account, Phase::Session];
    let cases = logins(pam).flat_map(|(name, reading)| phases.map(|phase| (name, reading, phase)));
    let too_large = cases
        .filter(|(_, reading, phase)| reading.any(|service| service.has_too_many_jumps(*phase)));
    let finding = |(name, _, phase): (&str, &Reading, Phase)| {
        let place = format!("/etc/pam.d/{name}");
        let why = messages::too_many_jumps(name, phase.name());
        Finding::beside_pam(&messages::NOT_EXAMINED, place, vec![name.to_owned()], why)
    };
    too_large.map(finding).collect()
}

/// The services with which users log in.
fn logins(pam: &PamFacts) -> impl Iterator<Item = (&str, &Reading)> {
    let services = pam.services.iter();
    let is_login = |name: &str| {
        services::lets_users_in(name) && !pam.has_no_program(name) && !pam.is_part(name)
    };
    let logins = services.filter(move |(name, _)| is_login(name) || pam.is_used(name));
    logins.map(|(name, reading)| (name.as_str(), reading))
}

/// The services with which users log in, and whose auth phase has a line of pam_tfa.
#[must_use]
pub fn services_that_ask(pam: &PamFacts) -> Vec<String> {
    let asks = |service: &Service| service.stack(Phase::Auth).lines.iter().any(names_tfa);
    // The lines of `other` are for programs without a file, and no service by themselves.
    let named = logins(pam).filter(|(name, _)| *name != "other");
    let asking = named.filter(|(_, reading)| reading.any(asks));
    asking.map(|(name, _)| name.to_owned()).collect()
}

/// The faults in PAM files. A fault that several services share is one finding. If no service asks, that is one
/// finding too, unless no login passes anyway.
fn faults(pam: &PamFacts, context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (mut is_asked, mut lets_in) = (false, false);
    for (name, reading) in logins(pam) {
        for result in reading.results() {
            let service = match result {
                Ok(service) => service,
                // A program that is gone locks no user out.
                Err(_) if pam.removed.contains(name) => continue,
                Err(error) => {
                    let fault = errors::unreadable(name, error, &pam.files);
                    add(&mut findings, name, fault);
                    continue;
                }
            };
            let login = Login {
                name,
                service,
                pam,
                context,
            };
            is_asked |= login.asks(Phase::Auth) || login.asks(Phase::Account);
            lets_in |= passing::lets_in(service, Code::SUCCESS);
            let faults = CHECKS.iter().flat_map(|check| check(&login));
            let counts = |fault: &Fault| {
                fault.kind.severity != Severity::LockOut || !pam.removed.contains(name)
            };
            for fault in faults.filter(counts) {
                add(&mut findings, name, fault);
            }
        }
    }
    if !is_asked && lets_in {
        findings.retain(|finding| {
            asked::NOT_ASKED
                .iter()
                .all(|kind| kind.id != finding.kind.id)
        });
        findings.push(Finding {
            kind: &messages::PAM_OFF,
            subject: Subject::default(),
            witness: Vec::new(),
        });
    }
    findings.extend(profile::changed(&pam.files));
    findings
}

/// Adds a fault of a service, or the service to the finding that is the same. That keeps the shortest
/// witness.
fn add(findings: &mut Vec<Finding>, service: &str, fault: Fault) {
    let is_same = |finding: &&mut Finding| {
        finding.kind.id == fault.kind.id
            && finding.subject.place == fault.place
            && finding.subject.detail == fault.detail
            && finding.subject.depends_on == fault.depends_on
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
            depends_on: fault.depends_on,
            ..Subject::default()
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
            depends_on: Vec::new(),
            witness: Vec::new(),
        }
    }

    fn of(kind: &'static Kind, detail: &str, refusal: Refusal) -> Self {
        let fault = Self {
            detail: detail.to_owned(),
            depends_on: refusal.depends_on.into_iter().collect(),
            ..Self::at(kind, &refusal.line.position)
        };
        fault.seen(&refusal.witness)
    }

    fn seen(self, witness: &Witness) -> Self {
        let witness = witness.to_string().lines().map(str::to_owned).collect();
        Self { witness, ..self }
    }
}

impl Login<'_> {
    fn policy(&self) -> Option<&PolicyFacts> {
        self.context.policy
    }

    /// Whether sshd uses the service.
    fn is_of_sshd(&self) -> bool {
        self.name == "sshd" || self.context.of_sshd.contains(self.name)
    }

    /// Whether the policy guards the service, or may do so. The daemon knows sshd under each name.
    fn is_guarded(&self) -> bool {
        self.policy().is_none_or(|policy| {
            policy.guards(self.name) || (self.is_of_sshd() && policy.guards("sshd"))
        })
    }

    fn lines(&self, phase: Phase) -> &[Line] {
        &self.service.stack(phase).lines
    }

    /// Whether the phase has a line of pam_tfa, even if the file of the module is missing.
    fn asks(&self, phase: Phase) -> bool {
        self.lines(phase).iter().any(names_tfa)
    }

    /// The file of the line of a phase that verifies the password, else of a line that several services have,
    /// else of its first line, else that of the service.
    fn file(&self, phase: Phase) -> String {
        let lines = self.lines(phase);
        let password = lines.iter().find(|line| verifies_password(line));
        let mut shared = lines
            .iter()
            .filter(|line| line.position.file.starts_with("/etc/pam.d/common-"));
        let file = password
            .or(shared.next())
            .or(lines.first())
            .map(|line| line.position.file.to_string());
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
    is_call && line.module.rsplit('/').next() == Some(MODULE)
}
