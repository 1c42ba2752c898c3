//! Questions about the lines of `pam_tfa` in a service. Each answer is a run that shows the fault.

use std::fmt;

use crate::answers::Questions;
use crate::code::{Code, Codes};
use crate::dispatch::State;
use crate::modules::{
    codes_without_failure, identifies, may_verify_password, possible_codes, possible_codes_of_user,
    verifies_password,
};
use crate::options::ignores_logins;
use crate::pairs::{Difference, Misled, Pair};
use crate::search::{Path, Reached, Search};
use crate::stack::{Line, Phase, Position, Service};

/// One executed line of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where the line stands.
    pub position: Position,
    /// The module as the line names it.
    pub module: String,
    /// What the module returned.
    pub code: Code,
}

/// A run of a stack, with the fewest lines that show what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// The phase.
    pub phase: Phase,
    /// The executed lines.
    pub steps: Vec<Step>,
    /// What libpam returns; `None` if the run is shown up to a line only.
    pub result: Option<Code>,
}

impl Witness {
    /// The run in which these lines, by number, returned these codes.
    #[must_use]
    pub fn of(phase: Phase, lines: &[Line], run: &[(usize, Code)], result: Option<Code>) -> Self {
        let steps = run.iter().filter_map(|(index, code)| {
            let line = lines.get(*index)?;
            Some(Step {
                position: line.position.clone(),
                module: line.module.clone(),
                code: *code,
            })
        });
        Self {
            phase,
            steps: steps.collect(),
            result,
        }
    }
}

impl fmt::Display for Witness {
    /// One line for each step: `/etc/pam.d/common-auth:17 pam_unix.so success`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(formatter, "{} {} {}", step.position, step.module, step.code)?;
        }
        Ok(())
    }
}

/// The second login goes on at the next line where the first one jumps.
const fn one_jump(search: Search<'_>) -> Pair<'_> {
    Pair {
        search,
        difference: Difference::OneJump,
        needs_proof: false,
    }
}

impl Service {
    /// A login that passes the phase, although no line of `pam_tfa` returned success, or `PAM_IGNORE` because
    /// the policy asks for no second factor.
    #[must_use]
    pub fn bypass(&self, phase: Phase) -> Option<Witness> {
        let codes = |line: &Line| self.codes(phase, line);
        self.find_passing(phase, &codes, |reached| !reached.facts.tfa_passed)
    }

    /// As [`Self::bypass`], in a login that root has not begun: `pam_rootok` fails in programs that keep the
    /// real uid of the user who runs them.
    #[must_use]
    pub fn bypass_of_user(&self, phase: Phase) -> Option<Witness> {
        let codes = |line: &Line| possible_codes_of_user(line, phase, &self.name);
        self.find_passing(phase, &codes, |reached| !reached.facts.tfa_passed)
    }

    /// A login that passes the phase, although a line of `pam_tfa` refused it, where root has not begun it.
    #[must_use]
    pub fn refusal_swallowed(&self, phase: Phase) -> Option<Witness> {
        let codes = |line: &Line| possible_codes_of_user(line, phase, &self.name);
        self.find_passing(phase, &codes, |reached| reached.facts.tfa_refused)
    }

    /// An auth phase in which `pam_tfa` is called before a module that verifies the password. `None` if
    /// the service has no such module. An unknown module before `pam_tfa` counts as one.
    #[must_use]
    pub fn before_password(&self) -> Option<Witness> {
        let lines = &self.stack(Phase::Auth).lines;
        let mut before = lines.iter().take_while(|line| !line.is_tfa());
        if !lines.iter().any(verifies_password) && !before.any(may_verify_password) {
            return None;
        }
        self.find(Phase::Auth, &|reached| reached.facts.tfa_before_password)
    }

    /// An auth phase that goes on to `pam_tfa` after a wrong password, so that a right code does not prove that
    /// the password was right. Where no module is called that is known to verify passwords, an unknown one counts.
    #[must_use]
    pub fn goes_on_after_wrong_password(&self) -> Option<Witness> {
        self.find(Phase::Auth, &|reached| {
            reached.facts.tfa_after_wrong_password
        })
    }

    /// An auth phase in which `pam_tfa` passes, before or after a wrong password, so that its result does not prove
    /// that the password was right.
    #[must_use]
    pub fn passes_beside_wrong_password(&self) -> Option<Witness> {
        self.find(Phase::Auth, &|reached| {
            let facts = reached.facts;
            reached.next.is_err() && facts.tfa_passed && facts.is_password_wrong()
        })
    }

    /// A login of a user that passes the auth phase, although no module succeeded that verifies the password, or
    /// something else that the user has or is, or that is not known. Such a module counts as one that ignores no
    /// user, unless an option says so.
    #[must_use]
    pub fn without_password(&self) -> Option<Witness> {
        self.find_unidentified(|_| true)
    }

    /// As [`Self::without_password`], and `pam_tfa` has passed: a code is enough, or nothing at all where the
    /// policy asks for no second factor.
    #[must_use]
    pub fn by_code_alone(&self) -> Option<Witness> {
        self.find_unidentified(|reached| reached.facts.tfa_passed)
    }

    /// An auth phase in which a login passes with two lines of `pam_tfa` that both succeed, so that it is asked for a
    /// second code.
    #[must_use]
    pub fn asks_twice(&self) -> Option<Witness> {
        let phase = Phase::Auth;
        let codes = |line: &Line| codes_without_failure(line, phase, &self.name);
        let stack = self.stack(phase);
        let search = Search {
            stack,
            codes: &codes,
            questions: &Questions::of(stack),
            asks: None,
        };
        let path = search.find(State::new(), &|reached| {
            passes(phase, reached) && reached.facts.tfa_successes == 2
        })?;
        Some(self.witness(phase, &search, &path))
    }

    /// A login that is refused although nothing in it fails: each module that identifies the user succeeds, as
    /// `pam_tfa` does, and no condition refuses by itself, but a jump leads past the lines that would let it in.
    /// Also the step that jumps. `None` too if the stack has so many jumps that this takes too long.
    #[must_use]
    pub fn refused_by_jump(&self, phase: Phase) -> Option<(Witness, Step)> {
        let codes = |line: &Line| codes_without_failure(line, phase, &self.name);
        let stack = self.stack(phase);
        let search = Search {
            stack,
            codes: &codes,
            questions: &Questions::of(stack),
            asks: None,
        };
        let misled = one_jump(search).find(&|code| lets_in(phase, code))?;
        self.parting(phase, &search, &misled)
    }

    /// Whether the stack has so many jumps that [`Self::refused_by_jump`] cannot tell.
    #[must_use]
    pub fn has_too_many_jumps(&self, phase: Phase) -> bool {
        let codes = |line: &Line| codes_without_failure(line, phase, &self.name);
        let stack = self.stack(phase);
        let search = Search {
            stack,
            codes: &codes,
            questions: &Questions::of(stack),
            asks: None,
        };
        one_jump(search)
            .search(&|code| lets_in(phase, code))
            .is_err()
    }

    /// A login that passes the phase. One that has to change its password is shown only if no other passes.
    fn find_passing(
        &self,
        phase: Phase,
        codes: &dyn Fn(&Line) -> Codes,
        fits: fn(&Reached<'_>) -> bool,
    ) -> Option<Witness> {
        let succeeds = |reached: &Reached<'_>| matches!(reached.next, Err(Code::SUCCESS));
        let usual = self.find_with(phase, codes, &|reached| succeeds(reached) && fits(reached));
        usual.or_else(|| {
            self.find_with(phase, codes, &|reached| {
                passes(phase, reached) && fits(reached)
            })
        })
    }

    fn find_unidentified(&self, fits: fn(&Reached<'_>) -> bool) -> Option<Witness> {
        const IGNORE: Codes = Codes::of(&[Code::IGNORE]);
        let phase = Phase::Auth;
        let codes = |line: &Line| {
            let codes = possible_codes_of_user(line, phase, &self.name);
            match identifies(line) && !ignores_logins(line) {
                true => codes.without(IGNORE),
                false => codes,
            }
        };
        self.find_with(phase, &codes, &|reached| {
            passes(phase, reached) && !reached.facts.is_identified() && fits(reached)
        })
    }

    /// A session that opens without a line of `pam_tfa` that passed, or after one that refused. `None` if
    /// libpam opens no session without `pam_tfa`, so that a login may be left to the session phase. A refusal
    /// holds although a later line passes: the module decides at its first line.
    #[must_use]
    pub fn session_undecided(&self) -> Option<Witness> {
        let phase = Phase::Session;
        self.bypass(phase).or_else(|| self.refusal_swallowed(phase))
    }

    fn find(&self, phase: Phase, fits: &dyn Fn(&Reached<'_>) -> bool) -> Option<Witness> {
        self.find_with(phase, &|line| self.codes(phase, line), fits)
    }

    pub(crate) fn find_with(
        &self,
        phase: Phase,
        codes: &dyn Fn(&Line) -> Codes,
        fits: &dyn Fn(&Reached<'_>) -> bool,
    ) -> Option<Witness> {
        let stack = self.stack(phase);
        let search = Search {
            stack,
            codes,
            questions: &Questions::default(),
            asks: None,
        };
        let path = search.find(State::new(), fits)?;
        Some(self.witness(phase, &search, &path))
    }

    fn codes(&self, phase: Phase, line: &Line) -> Codes {
        possible_codes(line, phase, &self.name)
    }

    /// The run of a login that is refused, and the step where it parts from one that is not.
    pub(crate) fn parting(
        &self,
        phase: Phase,
        search: &Search<'_>,
        misled: &Misled,
    ) -> Option<(Witness, Step)> {
        let witness = self.witness(phase, search, &misled.path);
        let lines = &misled.path.lines;
        let number = lines.iter().position(|(line, _)| *line == misled.parting)?;
        let step = witness.steps.get(number)?.clone();
        Some((witness, step))
    }

    fn witness(&self, phase: Phase, search: &Search<'_>, path: &Path) -> Witness {
        let result = path.has_ended.then(|| search.replay(path).result);
        Witness::of(phase, &search.stack.lines, &path.lines, result)
    }
}

pub(crate) fn passes(phase: Phase, reached: &Reached<'_>) -> bool {
    reached.next.is_err_and(|code| lets_in(phase, code))
}

/// Whether a login with this code of the stack passes the phase. After `PAM_NEW_AUTHTOK_REQD` in the account phase,
/// programs let the user change the password and go on.
pub(crate) fn lets_in(phase: Phase, code: Code) -> bool {
    code == Code::SUCCESS || (phase == Phase::Account && code == Code::NEW_AUTHTOK_REQD)
}
