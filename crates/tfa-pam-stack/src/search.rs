//! Searches the runs of a stack for one with a property.
//!
//! The search goes through the states of [`crate::dispatch`] in breadth, so that the first run it finds
//! is one with the fewest lines. It merges states that no question and no later line can tell apart:
//!
//! - A line asks for the status in one way only: whether it is `PAM_SUCCESS`. The end of a stack asks
//!   further whether it is `PAM_NEW_AUTHTOK_REQD`, which a failing line can return as well. All other
//!   codes count as one. `PAM_SUCCESS` of a failing line counts as failure at the end.
//! - The standing at the start of a substack is kept only for the substacks that the next line is in, and
//!   only if a later line of the substack resets.
//!
//! So the result is exact: each run has its path through the merged states, and each path is a run. There
//! are 6 standings and 1000 facts for each line. The starts of substacks in each other only get worse, so
//! there are at most d⁵ of them at the depth d, which is below 16.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::answers::{Answers, Questions};
use crate::authtok::{Ternary, without_password};
use crate::code::{Code, Codes};
use crate::dispatch::{Impression, Next, Run, Standing, State, run};
use crate::modules::{identifies_otherwise, may_verify_password, verifies_password};
use crate::stack::{Line, Stack};

/// What has happened in a run so far, as far as a question asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Facts {
    /// `pam_tfa` returned success, or `PAM_IGNORE` because the login needs no second factor.
    pub(crate) tfa_passed: bool,
    pub(crate) tfa_refused: bool,
    /// How many lines of `pam_tfa` returned success, up to 2.
    pub(crate) tfa_successes: u8,
    /// `pam_tfa` was called before a module that verifies passwords.
    pub(crate) tfa_before_password: bool,
    /// `pam_tfa` was called after a module that verifies passwords, and after none that succeeded.
    pub(crate) tfa_after_wrong_password: bool,
    /// Modules that verify passwords.
    password: Asked,
    /// Modules that are not known. Where no other is called, they may be those that verify the password.
    unknown: Asked,
    /// A module that identifies the user by something else succeeded, or sshd has accepted a public key.
    identified: bool,
    /// A module has asked for the password, or may have.
    pub(crate) password_asked: bool,
}

/// What modules of one kind returned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Asked {
    was_called: bool,
    has_succeeded: bool,
}

impl Asked {
    fn add(&mut self, code: Code) {
        // A number that is no code says nothing of the password, and does not stop a stack either.
        if code != Code::IGNORE && code != Code::INVALID {
            self.was_called = true;
            // After the other code, the password is right and has to be changed.
            self.has_succeeded |= code == Code::SUCCESS || code == Code::NEW_AUTHTOK_REQD;
        }
    }
}

impl Facts {
    pub(crate) fn after(mut self, line: &Line, code: Code) -> Self {
        if line.is_tfa() {
            self.tfa_before_password |= !self.password_or_unknown().was_called;
            self.tfa_after_wrong_password |= self.is_password_wrong();
            let after_key = line.asks_after_public_key();
            // Ignored, such a line says nothing of the policy.
            self.tfa_passed |= code == Code::SUCCESS || (code == Code::IGNORE && !after_key);
            if code == Code::SUCCESS {
                self.tfa_successes = (self.tfa_successes + 1).min(2);
            }
            self.tfa_refused |= code != Code::SUCCESS && code != Code::IGNORE;
            // It succeeds after a key, which stands for the password.
            self.identified |= after_key && code == Code::SUCCESS;
        }
        if verifies_password(line) {
            self.password.add(code);
        } else if may_verify_password(line) {
            self.unknown.add(code);
        }
        self.identified |= identifies_otherwise(line) && code == Code::SUCCESS;
        self
    }

    fn password_or_unknown(self) -> Asked {
        match self.password.was_called {
            true => self.password,
            false => self.unknown,
        }
    }

    /// Whether modules that verify passwords were called, and none succeeded.
    pub(crate) fn is_password_wrong(self) -> bool {
        let password = self.password_or_unknown();
        password.was_called && !password.has_succeeded
    }

    /// Whether a module that verifies the password succeeded.
    pub(crate) fn is_password_right(self) -> bool {
        self.password.has_succeeded
    }

    /// Whether a module succeeded that verifies something of the user, `pam_tfa` left aside.
    pub(crate) fn is_identified(self) -> bool {
        self.password.has_succeeded || self.unknown.has_succeeded || self.identified
    }
}

/// A state that the search has reached: before a line, or at the end of the stack.
pub(crate) struct Reached<'a> {
    pub(crate) state: &'a State,
    pub(crate) facts: Facts,
    pub(crate) answers: &'a Answers,
    pub(crate) next: Result<&'a Line, Code>,
}

/// The lines that were executed, by their indices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) lines: Vec<(usize, Code)>,
    /// The line after them.
    pub(crate) at: usize,
    /// Whether that is the end of the stack.
    pub(crate) has_ended: bool,
}

/// Whether a line leaves a password for later ones after a code.
type Asks<'a> = &'a dyn Fn(&Line, Code) -> Ternary;

/// A stack with the codes that its lines can have.
#[derive(Clone, Copy)]
pub(crate) struct Search<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) codes: &'a dyn Fn(&Line) -> Codes,
    /// The lines that have one answer.
    pub(crate) questions: &'a Questions,
    /// Who asks for the password. Without that, a line that takes the password of an earlier module does not refuse where
    /// none has asked, and more logins pass, such as those with an empty password.
    pub(crate) asks: Option<Asks<'a>>,
}

pub(crate) type Node = (State, Facts, Answers);
type Origins = HashMap<Node, Option<(Node, usize, Code)>>;

impl Search<'_> {
    /// The shortest run from a state to one that fits.
    pub(crate) fn find(&self, start: State, fits: &dyn Fn(&Reached<'_>) -> bool) -> Option<Path> {
        self.find_from((start, Facts::default(), Answers::new()), fits)
    }

    /// As [`Self::find`], after lines that have left these facts and answers.
    pub(crate) fn find_from(
        &self,
        (start, facts, answers): Node,
        fits: &dyn Fn(&Reached<'_>) -> bool,
    ) -> Option<Path> {
        let start = (self.merged(start), facts, answers);
        let mut origins = Origins::from([(start.clone(), None)]);
        let mut queue = VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            let (mut state, facts, answers) = node.clone();
            let next = state.next_line(self.stack);
            let state = &state;
            let reached = Reached {
                state,
                facts,
                answers: &answers,
                next,
            };
            if fits(&reached) {
                return Some(Path {
                    lines: lines(&origins, &node),
                    at: state.at,
                    has_ended: next.is_err(),
                });
            }
            let Ok(line) = next else { continue };
            let codes = match self.asks.is_some() && !facts.password_asked {
                true => without_password(line, (self.codes)(line)),
                false => (self.codes)(line),
            };
            for code in distinct(line, codes) {
                let after = self.after(state, line, code);
                let answers = self.questions.after(&answers, state.at, code);
                let Some((after, answers)) = after.zip(answers) else {
                    continue;
                };
                for asked in self.asked(facts, line, code) {
                    let mut facts = facts.after(line, code);
                    facts.password_asked = *asked;
                    let reached = (after.clone(), facts, answers.clone());
                    if !origins.contains_key(&reached) {
                        origins.insert(reached.clone(), Some((node.clone(), state.at, code)));
                        queue.push_back(reached);
                    }
                }
            }
        }
        None
    }

    /// Whether a module has asked for the password after a code of a line: both, if it is not known.
    fn asked(&self, facts: Facts, line: &Line, code: Code) -> &'static [bool] {
        match self.asks.map(|asks| asks(line, code)) {
            None => &[false],
            Some(_) if facts.password_asked => &[true],
            Some(Ternary::Yes) => &[true],
            Some(Ternary::No) => &[false],
            Some(Ternary::Unknown) => &[true, false],
        }
    }

    /// What the stack returns after a path from its start.
    pub(crate) fn replay(&self, path: &Path) -> Run {
        run(self.stack, |line| {
            let is_line = |index: &usize| {
                let found = self.stack.lines.get(*index);
                found.is_some_and(|found| std::ptr::eq(found, line))
            };
            let step = path.lines.iter().find(|(index, _)| is_line(index));
            step.map_or(Code::INVALID, |(_, code)| *code)
        })
    }

    /// The state after the next line. None after `PAM_INCOMPLETE`: the program calls again, and libpam goes
    /// on at the same line.
    pub(crate) fn after(&self, state: &State, line: &Line, code: Code) -> Option<State> {
        let mut after = state.clone();
        let next = after.step(self.stack, line, code, code);
        (next == Next::Line).then(|| self.merged(after))
    }

    /// The state at the line behind, as after a code that is ignored.
    pub(crate) fn behind(&self, state: &State) -> State {
        let mut behind = state.clone();
        behind.at += 1;
        self.merged(behind)
    }

    /// The state that stands for all that cannot be told apart from this one.
    fn merged(&self, mut state: State) -> State {
        state.standing = merged(state.standing);
        let level = state.next_line(self.stack).map_or(0, |line| line.level);
        state.starts.truncate(level + 1);
        for (level, start) in state.starts.iter_mut().enumerate().skip(1) {
            let lines = self.stack.lines.iter().skip(state.at);
            let mut rest = lines.take_while(|line| line.level >= level);
            let is_asked = rest.any(|line| line.level == level && line.control.resets());
            *start = if is_asked {
                merged(*start)
            } else {
                Standing::START
            };
        }
        state
    }
}

/// Of the codes of a line, one of those that lead to the same state and the same facts.
pub(crate) fn distinct(line: &Line, codes: Codes) -> Vec<Code> {
    const APART: [Code; 5] = [
        Code::SUCCESS,
        Code::INVALID,
        Code::IGNORE,
        Code::NEW_AUTHTOK_REQD,
        Code::INCOMPLETE,
    ];
    let mut effects = HashSet::new();
    let mut codes = Vec::from_iter(codes.iter());
    codes.retain(|code| {
        let apart = APART.contains(code).then_some(*code);
        effects.insert((line.control.action(*code), apart))
    });
    codes
}

fn merged(standing: Standing) -> Standing {
    let status = match (standing.impression, standing.status) {
        (Impression::Positive, Code::SUCCESS) => Code::SUCCESS,
        (_, Code::NEW_AUTHTOK_REQD) => Code::NEW_AUTHTOK_REQD,
        _ => Code::PERM_DENIED,
    };
    Standing { status, ..standing }
}

/// The way to a node.
fn lines(origins: &Origins, node: &Node) -> Vec<(usize, Code)> {
    let mut lines = Vec::new();
    let mut node = node;
    while let Some(Some((before, index, code))) = origins.get(node) {
        lines.push((*index, *code));
        node = before;
    }
    lines.reverse();
    lines
}
