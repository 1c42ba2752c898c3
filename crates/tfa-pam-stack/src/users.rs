//! Searches for users who are refused with the right password because of what `pam_tfa` returns for them. It succeeds
//! after a right code, and is ignored for a user of whom the policy asks for none.

use std::collections::BTreeSet;

use crate::answers::Questions;
use crate::assume::{self, Assumed};
use crate::code::{Code, Codes};
use crate::modules::{
    codes_without_failure, identifies, identifies_otherwise, is_condition, may_verify_password,
    possible_codes_of_user, verifies_password,
};
use crate::options::says_yes;
use crate::pairs::{Difference, Pair};
use crate::questions::{Step, Witness, lets_in};
use crate::search::Search;
use crate::stack::{Line, Phase, Service};

const SUCCESS: Codes = Codes::of(&[Code::SUCCESS]);
const TFA: Codes = Codes::of(&[Code::SUCCESS, Code::IGNORE]);
/// What a module answers that verifies the passwords of another source.
const OTHER_SOURCE: Codes = Codes::of(&[Code::AUTH_ERR, Code::USER_UNKNOWN]);

/// Users, by what `pam_tfa` returns for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// One who has entered a right code.
    Verified,
    /// One of whom the policy asks for none: who has not enrolled, or is exempt, or while two-factor login is off.
    NotAsked,
}

/// A login that is refused although its user has the right password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The login.
    pub witness: Witness,
    /// The line at fault.
    pub line: Step,
    /// The modules on which it depends, where it is not known what they do. Empty if it is so whatever they do.
    pub depends_on: BTreeSet<String>,
}

impl User {
    /// What a line of `pam_tfa` returns, where no public key was accepted.
    fn code(self, line: &Line, phase: Phase) -> Code {
        let asks_nothing = phase == Phase::Auth && line.asks_after_public_key();
        match says_yes(line, phase) || (self == Self::Verified && !asks_nothing) {
            true => Code::SUCCESS,
            false => Code::IGNORE,
        }
    }
}

impl Service {
    /// A login of such a user that the phase refuses because of what `pam_tfa` returns: nothing in it fails, and with
    /// the same answers of all other modules a user of the other kind passes. In the auth phase only logins count of which
    /// a module has identified the user; in a stack without such a module, none or each, as the flag says. `None` too if
    /// the stack has so many jumps that this takes too long.
    #[must_use]
    pub fn refuses_user(&self, phase: Phase, user: User, needs_proof: bool) -> Option<Refusal> {
        let unknown = self.stack(phase).lines.iter();
        let unknown = unknown.filter(|line| self.may_succeed_or_be_ignored(line, phase));
        let find = |assumed: &[_]| self.refused(phase, user, needs_proof, assumed);
        let ((witness, line), depends_on) =
            assume::find(unknown, [Code::SUCCESS, Code::IGNORE], find)?;
        Some(Refusal {
            witness,
            line,
            depends_on,
        })
    }

    fn refused(
        &self,
        phase: Phase,
        user: User,
        needs_proof: bool,
        assumed: &[Assumed<'_, Code>],
    ) -> Option<(Witness, Step)> {
        let codes = |line: &Line| {
            let codes = codes_without_failure(line, phase, &self.name);
            match assume::assumed(assumed, line) {
                Some(code) => Codes::of(&[code]),
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
            asks: None,
        };
        let pair = Pair {
            search,
            difference: Difference::Tfa(&of_tfa),
            needs_proof: phase == Phase::Auth
                && (needs_proof || stack.lines.iter().any(identifies)),
        };
        let misled = pair.find(&|code| lets_in(phase, code))?;
        self.parting(phase, &search, &misled)
    }

    /// Whether it is not known which of the two the module does: a setting of the host decides, or the module is not in
    /// the table.
    fn may_succeed_or_be_ignored(&self, line: &Line, phase: Phase) -> bool {
        let is_known = line.is_tfa() || is_condition(line) || verifies_password(line);
        let codes = codes_without_failure(line, phase, &self.name);
        let acts = |code| codes.contains(code).then(|| line.control.action(code));
        let answers = acts(Code::SUCCESS).zip(acts(Code::IGNORE));
        !is_known
            && !identifies_otherwise(line)
            && answers.is_some_and(|(success, ignore)| success != ignore)
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
