//! Logins with each combination of what the modules of a service can answer: those with the right password and code
//! that a change must keep, and the others that it must not let in.

use std::collections::BTreeMap;

use tfa_pam_host::Reading;
use tfa_pam_stack::{
    Code, Line, Phase, Service, identifies, ignores_logins, is_condition, question, run_asking,
    verifies_password,
};

use super::options;
use super::passing::best_code;

/// How many logins of a service are tried. With more, the modules behind the first ones have one answer.
const MAX_LOGINS: usize = 200;
/// The phases of a login; not each program runs the last.
const PHASES: [Phase; 3] = [Phase::Auth, Phase::Account, Phase::Session];
const AUTHENTICATION: &[Phase] = &[Phase::Auth, Phase::Account];
const SESSION: &[Phase] = &[Phase::Session];
/// Modules that refuse each user for a time: while the host is closed, or the account is locked after wrong passwords.
const CLOSING: [&str; 2] = ["pam_faillock.so", "pam_nologin.so"];

/// A module, with the words that make a difference.
type Asked = Vec<String>;

/// What the modules answer to one login.
#[derive(Debug, Clone, Default)]
struct Login {
    /// The code of `pam_tfa`.
    tfa: Option<Code>,
    answers: BTreeMap<Asked, Code>,
    /// A module has verified the password.
    has_password: bool,
    /// A module has identified the user, or may have.
    is_identified: bool,
    /// The host or the account is closed for a time.
    is_closed: bool,
}

/// What identifies the user of a service.
#[derive(Clone, Copy)]
enum Proof {
    /// A module that verifies the password.
    Password,
    /// A module that identifies the user otherwise, or may.
    Other,
    /// None but the code.
    Code,
}

/// Whether the right logins of a service that passed still pass after a change, and no wrong one passes that did
/// not. `has_own_method` says that the program identifies the user by a method of its own.
pub(super) fn are_kept(before: &Reading, after: &Reading, has_own_method: bool) -> bool {
    let readings = [before, after];
    let proof = proof(&readings);
    let logins = logins(&readings);
    let mut cases = logins
        .iter()
        .flat_map(|login| [(login, true), (login, false)]);
    cases.all(|(login, unknown_asks)| {
        let has_code = login.tfa != Some(Code::AUTH_ERR);
        let has_proof = match proof {
            Proof::Password => login.has_password,
            Proof::Other => login.is_identified,
            Proof::Code => true,
        };
        let passes = |reading| login.passes(reading, AUTHENTICATION, unknown_asks);
        let opens = |reading| login.passes(reading, SESSION, unknown_asks);
        let is_right = has_code && has_proof && !login.is_closed;
        let is_wrong = !has_code || login.is_closed || !(login.is_identified || has_own_method);
        let is_lost = || (passes(before) && !passes(after)) || (opens(before) && !opens(after));
        let is_opened = || passes(after) && !passes(before);
        !((is_right && is_lost()) || (is_wrong && is_opened()))
    })
}

/// The lines of services, each with its service and phase.
fn lines<'a>(readings: &[&'a Reading]) -> impl Iterator<Item = (&'a Service, Phase, &'a Line)> {
    let services = readings.iter().flat_map(|reading| reading.results());
    services.filter_map(Result::ok).flat_map(|service| {
        let phases = PHASES.into_iter();
        phases.flat_map(move |phase| {
            let lines = service.stack(phase).lines.iter();
            lines.map(move |line| (service, phase, line))
        })
    })
}

/// A login for each combination of answers.
fn logins(readings: &[&Reading]) -> Vec<Login> {
    let mut logins = vec![Login::default()];
    for (service, phase, line) in lines(readings) {
        let is_known = logins.first().is_some_and(|login| login.knows(phase, line));
        let answers = answers(service, phase, line);
        if is_known || answers.is_empty() || logins.len() * answers.len() > MAX_LOGINS {
            continue;
        }
        let longer = logins.iter().flat_map(|login| {
            let with = |code: &Code| login.with(phase, line, *code);
            answers.iter().map(with)
        });
        logins = longer.collect();
    }
    logins
}

fn proof(readings: &[&Reading]) -> Proof {
    let mut proof = Proof::Code;
    for (_, _, line) in lines(readings).filter(|(_, phase, _)| *phase == Phase::Auth) {
        if verifies_password(line) {
            return Proof::Password;
        } else if identifies(line) {
            proof = Proof::Other;
        }
    }
    proof
}

/// What identifies the question of a line, and whether the line has the opposite answer.
fn asked(phase: Phase, line: &Line) -> Option<(Asked, bool)> {
    if identifies(line) && phase == Phase::Auth {
        return Some((vec![line.module.clone()], false));
    }
    let (words, is_opposite) = question(line)?;
    let words = words.into_iter().map(str::to_owned).collect();
    is_condition(line).then_some((words, is_opposite))
}

/// The codes that a line can have in different logins; none if it has the same in each.
fn answers(service: &Service, phase: Phase, line: &Line) -> Vec<Code> {
    if line.is_tfa() {
        return vec![Code::SUCCESS, Code::IGNORE, Code::AUTH_ERR];
    }
    if asked(phase, line).is_none() {
        return Vec::new();
    }
    let codes = tfa_pam_stack::possible_codes_of_user(line, phase, &service.name);
    let best = best_code(line, phase, &service.name);
    let other = Code::AUTH_ERR;
    let ignored = identifies(line) && ignores_logins(line) && codes.contains(Code::IGNORE);
    match best != other && codes.contains(other) {
        true if ignored => vec![best, other, Code::IGNORE],
        true => vec![best, other],
        false => Vec::new(),
    }
}

impl Login {
    fn knows(&self, phase: Phase, line: &Line) -> bool {
        match line.is_tfa() {
            true => self.tfa.is_some(),
            false => asked(phase, line).is_some_and(|(asked, _)| self.answers.contains_key(&asked)),
        }
    }

    fn with(&self, phase: Phase, line: &Line, code: Code) -> Self {
        let mut login = self.clone();
        if line.is_tfa() {
            login.tfa = Some(code);
        } else if let Some((asked, is_opposite)) = asked(phase, line) {
            login.answers.insert(asked, opposite(code, is_opposite));
        }
        let succeeds = code == Code::SUCCESS && phase == Phase::Auth;
        login.has_password |= succeeds && verifies_password(line);
        login.is_identified |= succeeds && identifies(line);
        let closes = CLOSING.iter().any(|module| line.calls(module));
        login.is_closed |= closes && code == Code::AUTH_ERR;
        login
    }

    fn code(&self, service: &Service, phase: Phase, line: &Line) -> Code {
        if line.is_tfa() {
            return match options::rejected(&line.arguments).is_empty() {
                false => Code::SERVICE_ERR,
                true if line.asks_after_public_key() => Code::IGNORE,
                true => match self.tfa {
                    Some(Code::IGNORE) if has(line, options::NOT_REQUIRED) => Code::SUCCESS,
                    tfa => tfa.unwrap_or(Code::SUCCESS),
                },
            };
        }
        let known = asked(phase, line).and_then(|(asked, is_opposite)| {
            let code = self.answers.get(&asked)?;
            Some(opposite(*code, is_opposite))
        });
        known.unwrap_or_else(|| best_code(line, phase, &service.name))
    }

    /// Whether the login passes. The flag says whether modules ask for the password of which that is not known.
    fn passes(&self, reading: &Reading, phases: &[Phase], unknown_asks: bool) -> bool {
        reading.all(|service| {
            phases.iter().copied().all(|phase| {
                let code = |line: &Line| self.code(service, phase, line);
                let run = run_asking(service.stack(phase), phase, unknown_asks, code);
                run.result == Code::SUCCESS
            })
        })
    }
}

fn has(line: &Line, option: &str) -> bool {
    line.arguments.iter().any(|word| word == option)
}

/// The code of the opposite question.
fn opposite(code: Code, is_opposite: bool) -> Code {
    match code {
        Code::SUCCESS if is_opposite => Code::AUTH_ERR,
        Code::AUTH_ERR if is_opposite => Code::SUCCESS,
        code => code,
    }
}
