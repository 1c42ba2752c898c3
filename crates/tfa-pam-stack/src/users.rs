//! Searches for users who are refused with the right password because of what `pam_tfa` returns for them. It succeeds
//! after a right code, and is ignored for a user of whom the policy asks for none.

use std::collections::BTreeSet;

use crate::answers::Questions;
use crate::code::{Code, Codes};
use crate::modules::{
    codes_without_failure, identifies, identifies_otherwise, is_condition, may_verify_password,
    possible_codes_of_user, verifies_password,
};
use crate::pairs::{Difference, Pair};
use crate::questions::{Step, Witness, lets_in};
use crate::search::Search;
use crate::stack::{Line, Phase, Service};

const SUCCESS: Codes = Codes::of(&[Code::SUCCESS]);
const TFA: Codes = Codes::of(&[Code::SUCCESS, Code::IGNORE]);
/// What a module answers that verifies the passwords of another source.
const OTHER_SOURCE: Codes = Codes::of(&[Code::AUTH_ERR, Code::USER_UNKNOWN]);
/// The option with which `pam_tfa` succeeds where it would be ignored.
const SAYS_YES: &str = "not_required=success";
/// The answers of a module of which it is not known which one it gives.
const ANSWERS: [Code; 2] = [Code::SUCCESS, Code::IGNORE];
/// For how many modules each answer is tried.
const MAX_UNDETERMINED: usize = 6;

/// Users, by what `pam_tfa` returns for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// One who has entered a right code.
    Verified,
    /// One of whom the policy asks for none: who has not enrolled, or is exempt, or while two-factor login is off.
    NotAsked,
}

/// Users whom a phase refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedUsers {
    /// A login that is refused.
    pub witness: Witness,
    /// The line of `pam_tfa` that leads to the refusal.
    pub line: Step,
    /// The modules on whose answers it depends, if these are not known. Empty if it is so with each answer.
    pub depends_on: BTreeSet<String>,
}

/// A module with its arguments, and its answer.
type Assumed<'a> = (&'a Line, Code);

impl User {
    /// What a line of `pam_tfa` returns.
    fn code(self, line: &Line, phase: Phase) -> Code {
        let says_yes = || line.arguments.iter().any(|word| word == SAYS_YES);
        if phase == Phase::Auth && line.asks_after_public_key() {
            // No key was accepted.
            Code::IGNORE
        } else if self == Self::Verified || says_yes() {
            Code::SUCCESS
        } else {
            Code::IGNORE
        }
    }
}

impl Service {
    /// A login of such a user that the phase refuses because of what `pam_tfa` returns: nothing in it fails, and with
    /// the same answers of all other modules a user of the other kind passes. Only logins count of which a module has
    /// identified the user; in a stack without such a module, none or each, as the flag says. `None` too if the stack
    /// has so many jumps that this takes too long.
    #[must_use]
    pub fn refuses_user(
        &self,
        phase: Phase,
        user: User,
        needs_proof: bool,
    ) -> Option<RefusedUsers> {
        let find = |assumed: &[Assumed<'_>]| self.refused(phase, user, needs_proof, assumed);
        let (witness, line) = find(&[])?;
        let undetermined = self.undetermined(phase);
        let answers = assignments(&undetermined).into_iter();
        let (found, not_found): (Vec<_>, Vec<_>) = answers
            .map(|assumed| find(&assumed))
            .partition(Option::is_some);
        if not_found.is_empty() {
            return Some(RefusedUsers {
                witness,
                line,
                depends_on: BTreeSet::new(),
            });
        }
        let (witness, line) = found
            .into_iter()
            .flatten()
            .next()
            .unwrap_or((witness, line));
        Some(RefusedUsers {
            witness,
            line,
            depends_on: deciding(&undetermined, |assumed| find(&[assumed]).is_some()),
        })
    }

    fn refused(
        &self,
        phase: Phase,
        user: User,
        needs_proof: bool,
        assumed: &[Assumed<'_>],
    ) -> Option<(Witness, Step)> {
        let codes = |line: &Line| {
            let codes = codes_without_failure(line, phase, &self.name);
            let mut assumed = assumed.iter().filter(|(known, _)| is_same(known, line));
            match assumed.next() {
                Some((_, code)) => Codes::of(&[*code]),
                None if verifies_password(line) => codes.and(OTHER_SOURCE),
                None => codes,
            }
        };
        let other = match user {
            User::Verified => User::NotAsked,
            User::NotAsked => User::Verified,
        };
        let of_tfa = |line: &Line| [user, other].map(|user| user.code(line, phase));
        let stack = self.stack(phase);
        let search = Search {
            stack,
            codes: &codes,
            questions: &Questions::of(stack),
            asks: false,
        };
        let pair = Pair {
            search,
            difference: Difference::Tfa(&of_tfa),
            needs_proof: needs_proof || stack.lines.iter().any(identifies),
        };
        let misled = pair.find(&|code| lets_in(phase, code))?;
        self.parting(phase, &search, &misled)
    }

    /// The lines, one of each module with the same arguments, of which it is not known whether they succeed or are
    /// ignored: a setting of the host decides, or the module is not in the table.
    fn undetermined(&self, phase: Phase) -> Vec<&Line> {
        let is_undetermined = |line: &Line| {
            let is_known = line.is_tfa() || is_condition(line) || verifies_password(line);
            let codes = codes_without_failure(line, phase, &self.name);
            let acts = |code| codes.contains(code).then(|| line.control.action(code));
            let answers = acts(Code::SUCCESS).zip(acts(Code::IGNORE));
            !is_known
                && !identifies_otherwise(line)
                && answers.is_some_and(|(success, ignore)| success != ignore)
        };
        let mut found: Vec<&Line> = Vec::new();
        let lines = self.stack(phase).lines.iter();
        for line in lines.filter(|line| is_undetermined(line)) {
            if found.len() < MAX_UNDETERMINED && !found.iter().any(|known| is_same(known, line)) {
                found.push(line);
            }
        }
        found
    }

    /// Whether some user passes the phase with the right password and code. The password is that of one source, whose
    /// module succeeds in each line. Others may return anything, and root has not begun the login.
    #[must_use]
    pub fn can_pass(&self, phase: Phase) -> bool {
        let stack = self.stack(phase);
        let lines = || stack.lines.iter();
        let of_source = lines().filter(|line| verifies_password(line));
        let mut sources: Vec<Option<&Line>> = of_source.map(Some).collect();
        let may_be_other = |line: &Line| may_verify_password(line) || identifies_otherwise(line);
        if sources.is_empty() || lines().any(may_be_other) {
            sources.push(None);
        }
        sources.into_iter().any(|source| {
            let codes = |line: &Line| {
                let codes = possible_codes_of_user(line, phase, &self.name);
                match source {
                    _ if line.is_tfa() => codes.only(TFA),
                    Some(source) if source.module == line.module => codes.only(SUCCESS),
                    _ => codes,
                }
            };
            let passes =
                self.find_with(phase, &codes, &|reached| reached.next == Err(Code::SUCCESS));
            passes.is_some()
        })
    }
}

/// Each combination of the answers of some lines.
fn assignments<'a>(lines: &[&'a Line]) -> Vec<Vec<Assumed<'a>>> {
    let mut assignments = vec![Vec::new()];
    for line in lines {
        let longer = assignments.iter().flat_map(|before: &Vec<Assumed<'_>>| {
            ANSWERS.map(|code| [before.as_slice(), &[(*line, code)]].concat())
        });
        assignments = longer.collect();
    }
    assignments
}

/// The modules of which one answer keeps something from being found. All of them, if only several together do.
fn deciding(lines: &[&Line], is_found: impl Fn(Assumed<'_>) -> bool) -> BTreeSet<String> {
    let decides = |line: &&&Line| ANSWERS.iter().any(|code| !is_found((**line, *code)));
    let name = |line: &&Line| {
        let name = line.module.rsplit('/').next();
        name.unwrap_or_default().to_owned()
    };
    let deciding: BTreeSet<String> = lines.iter().filter(decides).map(name).collect();
    match deciding.is_empty() {
        true => lines.iter().map(name).collect(),
        false => deciding,
    }
}

fn is_same(one: &Line, other: &Line) -> bool {
    one.module == other.module && one.arguments == other.arguments
}
