//! Searches for a login that a jump leads into a refusal, although nothing in it fails.
//!
//! A refusal that is meant looks the same at the end. It differs in its cause: the module of a condition that is
//! `required` refuses by itself, and a fallback such as `pam_deny` is reached line by line. So the search follows
//! two logins of the same user, whom each module gives the same code. One goes through the stack as it is, the
//! other goes on at the next line where the first jumps, once. The jump is at fault if the first is refused by no
//! condition, and the second passes.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::code::{Code, Codes};
use crate::control::Action;
use crate::dispatch::State;
use crate::modules::{conditions, identifies};
use crate::search::{Path, Search};
use crate::stack::{Call, Line, Stack};

/// How many states are looked at. Stacks with some ten jumps have a few hundred.
const MAX_STATES: usize = 10_000;
/// How many questions that several lines ask are remembered.
const MAX_QUESTIONS: usize = 8;

/// The operators of `pam_succeed_if` that are true where the other one is false.
const OPPOSITES: [(&str, &str); 9] = [
    ("=", "!="),
    ("=~", "!~"),
    ("in", "notin"),
    ("ingroup", "notingroup"),
    ("innetgr", "notinnetgr"),
    ("eq", "ne"),
    ("<", ">="),
    ("lt", "ge"),
    ("gt", "le"),
];

/// A login that is refused because of a jump.
pub(crate) struct Misled {
    pub(crate) path: Path,
    /// The line that jumps, by its index.
    pub(crate) jump: usize,
}

/// What the module of a condition has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Answer {
    Success,
    Ignore,
    Refusal,
}

/// The answers to the questions that several lines ask, by their numbers.
type Answers = BTreeMap<usize, Answer>;

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

/// Lines that ask the same, or the opposite.
struct Questions(Vec<Option<(usize, bool)>>);

impl Questions {
    fn of(stack: &Stack) -> Self {
        let asked: Vec<_> = stack.lines.iter().map(question).collect();
        let mut numbers: Vec<&Vec<&str>> = Vec::new();
        let keys = || asked.iter().flatten().map(|(key, _)| key);
        for key in keys() {
            let is_repeated = keys().filter(|other| *other == key).count() > 1;
            if is_repeated && numbers.len() < MAX_QUESTIONS && !numbers.contains(&key) {
                numbers.push(key);
            }
        }
        let number = |(key, is_opposite): &(Vec<&str>, bool)| {
            let number = numbers.iter().position(|known| *known == key)?;
            Some((number, *is_opposite))
        };
        Self(asked.iter().map(|line| number(line.as_ref()?)).collect())
    }

    /// The answers after a code of a line; `None` if an earlier line had another answer.
    fn after(&self, answers: &Answers, index: usize, code: Code) -> Option<Answers> {
        let Some((number, is_opposite)) = self.0.get(index).copied().flatten() else {
            return Some(answers.clone());
        };
        let answer = match (code, is_opposite) {
            (Code::IGNORE, _) => Answer::Ignore,
            (Code::SUCCESS, false) => Answer::Success,
            (Code::SUCCESS, true) => Answer::Refusal,
            (_, false) => Answer::Refusal,
            (_, true) => Answer::Success,
        };
        let mut answers = answers.clone();
        let known = *answers.entry(number).or_insert(answer);
        (known == answer).then_some(answers)
    }
}

/// What a line with a condition asks, and whether it succeeds where that is not so.
fn question(line: &Line) -> Option<(Vec<&str>, bool)> {
    if line.call != Call::Module || line.is_tfa() || identifies(line) {
        return None;
    }
    let module = line.module.rsplit('/').next()?;
    let mut words: Vec<&str> = line.arguments.iter().map(String::as_str).collect();
    let mut is_opposite = false;
    if module == "pam_succeed_if.so" {
        let of_caller = words.contains(&"use_uid").then_some("use_uid");
        words = conditions(line);
        if let [_, operator, _] = words.as_mut_slice() {
            let mut pairs = OPPOSITES.iter();
            if let Some((positive, _)) = pairs.find(|(_, negative)| negative == operator) {
                *operator = positive;
                is_opposite = true;
            }
        }
        words.extend(of_caller);
    }
    words.insert(0, module);
    Some((words, is_opposite))
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
    let questions = Questions::of(search.stack);
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
        for (reached, origin) in branches(search, &questions, &node, index, &login, other) {
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
    questions: &Questions,
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
    for code in search.distinct_codes(line) {
        let is_meant = executes && refuses(line, codes, code);
        let answers = questions.after(&node.answers, index, code);
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
