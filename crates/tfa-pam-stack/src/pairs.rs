//! Follows two logins of the same user through a stack. Each module gives both the same code, up to a difference
//! that tells why the first is refused and the second passes.
//!
//! A refusal that is meant looks the same at the end of the stack. It differs in its cause: the module of a condition
//! that is `required` refuses by itself, and a fallback such as `pam_deny` is reached line by line. So the difference
//! is at fault if no condition refuses the first login, and the second passes.

use std::collections::{HashMap, VecDeque};

use crate::answers::Answers;
use crate::code::{Code, Codes};
use crate::control::Action;
use crate::dispatch::State;
use crate::modules::identifies;
use crate::search::{Path, Search, distinct};
use crate::stack::{Line, Stack};

/// How many states are looked at. Stacks with some ten jumps have a few hundred.
const MAX_STATES: usize = 10_000;

/// How the second login differs from the first.
#[derive(Clone, Copy)]
pub(crate) enum Difference<'a> {
    /// It goes on at the next line where the first one jumps, once.
    OneJump,
    /// A line of `pam_tfa` returns the first code to the first login, and the second code to the other one.
    Tfa(&'a dyn Fn(&Line) -> [Code; 2]),
}

/// A stack has so many jumps that not all states were looked at.
pub(crate) struct TooManyStates;

/// A login that is refused because of the difference.
pub(crate) struct Misled {
    pub(crate) path: Path,
    /// The line where the logins part, by its index.
    pub(crate) parting: usize,
}

/// Two logins. The second is none while it is in the state of the first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Node {
    login: State,
    other: Option<State>,
    answers: Answers,
    /// A module has identified the user of the first login.
    is_identified: bool,
}

/// How a node was reached: the node before, the line that the first login executed, and whether the logins part
/// there.
#[derive(Clone)]
struct Origin {
    node: Node,
    step: Option<(usize, Code)>,
    parts: bool,
}

type Origins = HashMap<Node, Option<Origin>>;

/// Before a line, by its index, or at the end of the stack.
struct Place {
    state: State,
    next: Result<usize, Code>,
}

impl Place {
    fn of(state: &State, stack: &Stack) -> Self {
        let mut state = state.clone();
        let next = state.next_line(stack).map(|_| ());
        Self {
            next: next.map(|()| state.at),
            state,
        }
    }

    /// The state after the line of that index, which another login may execute alone.
    fn after(&self, search: Search<'_>, index: usize, line: &Line, code: Code) -> Option<State> {
        match self.next == Ok(index) {
            true => search.after(&self.state, line, code),
            false => Some(self.state.clone()),
        }
    }
}

/// Whether the module refuses by itself with this code: the line refuses then, and not with each other code.
pub(crate) fn refuses(line: &Line, codes: Codes, code: Code) -> bool {
    let fails = |code: Code| match line.control.action(code) {
        Action::Bad | Action::Die => true,
        Action::Ok | Action::Done => code != Code::SUCCESS,
        Action::Ignore | Action::Reset | Action::Jump(_) => false,
    };
    fails(code) && !codes.iter().all(fails)
}

/// Two logins of a stack.
#[derive(Clone, Copy)]
pub(crate) struct Pair<'a> {
    pub(crate) search: Search<'a>,
    pub(crate) difference: Difference<'a>,
    /// Whether only logins count of which a module has identified the user.
    pub(crate) needs_proof: bool,
}

impl Pair<'_> {
    /// As [`Self::search`]. `None` also if there are too many states to tell.
    pub(crate) fn find(self, passes: &dyn Fn(Code) -> bool) -> Option<Misled> {
        self.search(passes).ok().flatten()
    }

    /// A short login that is refused because of the difference. `passes` says whether a code of the stack lets a
    /// login in.
    ///
    /// # Errors
    /// [`TooManyStates`].
    pub(crate) fn search(
        self,
        passes: &dyn Fn(Code) -> bool,
    ) -> Result<Option<Misled>, TooManyStates> {
        let start = Node {
            login: State::new(),
            other: None,
            answers: Answers::new(),
            is_identified: !self.needs_proof,
        };
        let mut origins = Origins::from([(start.clone(), None)]);
        let mut queue = VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            if origins.len() >= MAX_STATES {
                return Err(TooManyStates);
            }
            let stack = self.search.stack;
            let login = Place::of(&node.login, stack);
            let other = node.other.as_ref().map(|state| Place::of(state, stack));
            let places = [Some(&login), other.as_ref()].into_iter().flatten();
            let Some(index) = places.filter_map(|place| place.next.ok()).min() else {
                let ends_well = |place: &Place| place.next.is_err_and(passes);
                let is_refused = node.is_identified && !ends_well(&login);
                if is_refused && other.as_ref().is_some_and(ends_well) {
                    return Ok(Some(trace(&origins, node, login.state.at)));
                }
                continue;
            };
            let Some(line) = stack.lines.get(index) else {
                continue;
            };
            for (reached, origin) in self.branches(&node, (index, line), &login, other.as_ref()) {
                if !origins.contains_key(&reached) {
                    origins.insert(reached.clone(), Some(origin));
                    queue.push_back(reached);
                }
            }
        }
        Ok(None)
    }

    /// The nodes after a line.
    fn branches(
        self,
        node: &Node,
        (index, line): (usize, &Line),
        login: &Place,
        other: Option<&Place>,
    ) -> Vec<(Node, Origin)> {
        let mut branches = Vec::new();
        let codes = (self.search.codes)(line);
        let executes = login.next == Ok(index);
        for [code, other_code] in self.codes(line) {
            let is_same = code == other_code;
            let is_meant = executes && is_same && refuses(line, codes, code);
            let answers = self.search.questions.after(&node.answers, index, code);
            let after = login.after(self.search, index, line, code);
            let (false, Some(answers), Some(after)) = (is_meant, answers, after) else {
                continue;
            };
            let is_proof = executes && code == Code::SUCCESS && identifies(line);
            let mut add = |other, parts| {
                let reached = Node {
                    login: after.clone(),
                    other,
                    answers: answers.clone(),
                    is_identified: node.is_identified || is_proof,
                };
                let origin = Origin {
                    node: node.clone(),
                    step: executes.then_some((index, code)),
                    parts,
                };
                branches.push((reached, origin));
            };
            let leads = |place: &Place| place.after(self.search, index, line, other_code);
            match (self.difference, other) {
                (Difference::Tfa(_), _) => {
                    let other = leads(other.unwrap_or(login)).filter(|other| *other != after);
                    let parts = other.is_some() && !is_same;
                    add(other, parts);
                }
                // Two logins in the same state have the same end.
                (Difference::OneJump, Some(other)) => {
                    if let Some(other) = leads(other).filter(|other| *other != after) {
                        add(Some(other), false);
                    }
                }
                (Difference::OneJump, None) => {
                    add(None, false);
                    if matches!(line.control.action(code), Action::Jump(_)) {
                        add(Some(self.search.behind(&login.state)), true);
                    }
                }
            }
        }
        branches
    }

    /// The codes of a line for both logins.
    fn codes(self, line: &Line) -> Vec<[Code; 2]> {
        match self.difference {
            Difference::Tfa(codes) if line.is_tfa() => vec![codes(line)],
            _ => {
                let codes = distinct(line, (self.search.codes)(line)).into_iter();
                codes.map(|code| [code; 2]).collect()
            }
        }
    }
}

/// The login that has led to a node.
fn trace(origins: &Origins, end: Node, at: usize) -> Misled {
    let (mut lines, mut parting) = (Vec::new(), 0);
    let mut node = end;
    while let Some(Some(origin)) = origins.get(&node).cloned() {
        lines.extend(origin.step);
        if let Some((index, _)) = origin.step.filter(|_| origin.parts) {
            parting = index;
        }
        node = origin.node;
    }
    lines.reverse();
    let path = Path {
        lines,
        at,
        has_ended: true,
    };
    Misled { path, parting }
}
