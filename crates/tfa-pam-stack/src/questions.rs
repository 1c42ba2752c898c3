//! Questions about the lines of `pam_tfa` in a service. Each answer is a run that shows the fault.

use std::fmt;

use crate::code::{Code, Codes};
use crate::dispatch::State;
use crate::modules::{possible_codes, verifies_password};
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

impl fmt::Display for Witness {
    /// One line for each step: `/etc/pam.d/common-auth:17 pam_unix.so success`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(formatter, "{} {} {}", step.position, step.module, step.code)?;
        }
        Ok(())
    }
}

impl Service {
    /// A login that passes the phase, although no line of `pam_tfa` returned success, or `PAM_IGNORE` because
    /// the policy asks for no second factor.
    #[must_use]
    pub fn bypass(&self, phase: Phase) -> Option<Witness> {
        self.find(phase, &|reached| {
            passes(phase, reached) && !reached.facts.tfa_passed
        })
    }

    /// As [`Self::bypass`], of a program that root has not started: `pam_rootok` fails.
    #[must_use]
    pub fn bypass_of_user(&self, phase: Phase) -> Option<Witness> {
        const NOT_ROOT: Codes = Codes::of(&[Code::AUTH_ERR]);
        let codes = |line: &Line| match line.calls("pam_rootok.so") {
            true => NOT_ROOT,
            false => self.codes(phase, line),
        };
        self.find_with(phase, &codes, &|reached| {
            passes(phase, reached) && !reached.facts.tfa_passed
        })
    }

    /// A login that passes the phase, although a line of `pam_tfa` refused it.
    #[must_use]
    pub fn refusal_swallowed(&self, phase: Phase) -> Option<Witness> {
        self.find(phase, &|reached| {
            passes(phase, reached) && reached.facts.tfa_refused
        })
    }

    /// An auth phase in which `pam_tfa` is called before a module that verifies the password. `None` if
    /// the service has no such module.
    #[must_use]
    pub fn before_password(&self) -> Option<Witness> {
        if !self.stack(Phase::Auth).lines.iter().any(verifies_password) {
            return None;
        }
        self.find(Phase::Auth, &|reached| reached.facts.tfa_before_password)
    }

    /// An auth phase that goes on to `pam_tfa` after a wrong password, so that a right code does not prove that
    /// the password was right.
    #[must_use]
    pub fn goes_on_after_wrong_password(&self) -> Option<Witness> {
        self.find(Phase::Auth, &|reached| {
            reached.facts.tfa_after_wrong_password
        })
    }

    /// A login that passes the auth phase, although no module that verifies passwords succeeded.
    #[must_use]
    pub fn without_password(&self) -> Option<Witness> {
        let phase = Phase::Auth;
        self.find(phase, &|reached| {
            passes(phase, reached) && !reached.facts.password_right
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

    fn find_with(
        &self,
        phase: Phase,
        codes: &dyn Fn(&Line) -> Codes,
        fits: &dyn Fn(&Reached<'_>) -> bool,
    ) -> Option<Witness> {
        let stack = self.stack(phase);
        let search = Search { stack, codes };
        let path = search.find(State::new(), fits)?;
        Some(self.witness(phase, &search, &path))
    }

    fn codes(&self, phase: Phase, line: &Line) -> Codes {
        possible_codes(line, phase, &self.name)
    }

    fn witness(&self, phase: Phase, search: &Search<'_>, path: &Path) -> Witness {
        let lines = &search.stack.lines;
        let steps = path.lines.iter().filter_map(|(index, code)| {
            let line = lines.get(*index)?;
            Some(Step {
                position: line.position.clone(),
                module: line.module.clone(),
                code: *code,
            })
        });
        Witness {
            phase,
            steps: steps.collect(),
            result: path.has_ended.then(|| search.replay(path).result),
        }
    }
}

/// Whether the login passes the phase. After `PAM_NEW_AUTHTOK_REQD` in the account phase, programs let the user
/// change the password and go on.
fn passes(phase: Phase, reached: &Reached<'_>) -> bool {
    match reached.next {
        Err(Code::SUCCESS) => true,
        Err(Code::NEW_AUTHTOK_REQD) => phase == Phase::Account,
        _ => false,
    }
}
