//! Searches for a login that a jump leads into a refusal, although nothing in it fails.
//!
//! A refusal that is meant looks the same at the end. It differs in its cause: the module of a condition that is
//! `required` refuses by itself, and a fallback such as `pam_deny` is reached line by line. So the search follows
//! two logins of the same user, whom each module gives the same code. One goes through the stack as it is, the
//! other goes on at the next line where the first jumps, once. The jump is at fault if the first is refused by no
//! condition, and the second passes.

use std::collections::{HashMap, VecDeque};

use crate::answers::Answers;
use crate::code::{Code, Codes};
use crate::control::Action;
use crate::dispatch::State;
use crate::search::{Path, Search, distinct};
use crate::stack::{Line, Stack};

/// How many states are looked at. Stacks with some ten jumps have a few hundred.
const MAX_STATES: usize = 10_000;
/// A login that is refused because of a jump.
pub(crate) struct Misled {
    pub(crate) path: Path,
    /// The line that jumps, by its index.
    pub(crate) jump: usize,
}

/// A login, and the same login without one of its jumps, once it has jumped.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Node {
    login: State,
    without_jump: Option<State>,
    answers: Answers,
}

/// How a node was reached: the node before, the line that the login executed, and whether it is the jump that the
/// other login does without.
#[derive(Clone)]
struct Origin {
    node: Node,
    step: Option<(usize, Code)>,
    is_jump: bool,
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

/// Whether the line refuses, whatever its module returns.
fn is_wall(line: &Line, codes: Codes) -> bool {
    let mut actions = codes.iter().map(|code| line.control.action(code));
    actions.all(|action| matches!(action, Action::Bad | Action::Die))
}

/// Whether the module refuses by itself with this code.
pub(crate) fn refuses(line: &Line, codes: Codes, code: Code) -> bool {
    match line.control.action(code) {
        Action::Bad | Action::Die => !is_wall(line, codes),
        Action::Ok | Action::Done => code != Code::SUCCESS,
        Action::Ignore | Action::Reset | Action::Jump(_) => false,
    }
}

/// A short login that is refused because of a jump. `passes` says whether a code of the stack lets a login in.
/// None also if there are too many states to tell.
pub(crate) fn find(search: Search<'_>, passes: &dyn Fn(Code) -> bool) -> Option<Misled> {
    let start = Node {
        login: State::new(),
        without_jump: None,
        answers: Answers::new(),
    };
    let mut origins = Origins::from([(start.clone(), None)]);
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front().filter(|_| origins.len() < MAX_STATES) {
        let login = Place::of(&node.login, search.stack);
        let other = node.without_jump.as_ref();
        let other = other.map(|state| Place::of(state, search.stack));
        let places = [Some(&login), other.as_ref()].into_iter().flatten();
        let Some(index) = places.filter_map(|place| place.next.ok()).min() else {
            let ends_well = |place: &Place| place.next.is_err_and(passes);
            if !ends_well(&login) && other.as_ref().is_some_and(ends_well) {
                return Some(trace(&origins, node, login.state.at));
            }
            continue;
        };
        for (reached, origin) in branches(search, &node, index, &login, other) {
            if !origins.contains_key(&reached) {
                origins.insert(reached.clone(), Some(origin));
                queue.push_back(reached);
            }
        }
    }
    None
}

/// The nodes after the line of that index.
fn branches(
    search: Search<'_>,
    node: &Node,
    index: usize,
    login: &Place,
    other: Option<Place>,
) -> Vec<(Node, Origin)> {
    let mut branches = Vec::new();
    let Some(line) = search.stack.lines.get(index) else {
        return branches;
    };
    let codes = (search.codes)(line);
    let executes = login.next == Ok(index);
    for code in distinct(line, codes) {
        let is_meant = executes && refuses(line, codes, code);
        let answers = search.questions.after(&node.answers, index, code);
        let after = login.after(search, index, line, code);
        let (false, Some(answers), Some(after)) = (is_meant, answers, after) else {
            continue;
        };
        let mut add = |without_jump, is_jump| {
            let reached = Node {
                login: after.clone(),
                without_jump,
                answers: answers.clone(),
            };
            let origin = Origin {
                node: node.clone(),
                step: executes.then_some((index, code)),
                is_jump,
            };
            branches.push((reached, origin));
        };
        match &other {
            Some(other) => {
                // Two logins in the same state have the same end.
                let other = other.after(search, index, line, code);
                if other.as_ref().is_some_and(|other| *other != after) {
                    add(other, false);
                }
            }
            None => {
                add(None, false);
                if matches!(line.control.action(code), Action::Jump(_)) {
                    add(Some(search.behind(&login.state)), true);
                }
            }
        }
    }
    branches
}

/// The login that has led to a node.
fn trace(origins: &Origins, end: Node, at: usize) -> Misled {
    let (mut lines, mut jump) = (Vec::new(), 0);
    let mut node = end;
    while let Some(Some(origin)) = origins.get(&node).cloned() {
        lines.extend(origin.step);
        if let Some((index, _)) = origin.step.filter(|_| origin.is_jump) {
            jump = index;
        }
        node = origin.node;
    }
    lines.reverse();
    let path = Path {
        lines,
        at,
        has_ended: true,
    };
    Misled { path, jump }
}
