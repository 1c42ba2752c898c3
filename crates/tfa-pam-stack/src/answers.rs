//! Conditions that several lines ask about. A login has one answer to each: a user who is in a group at one line is
//! in it at the next.

use std::collections::BTreeMap;

use crate::code::Code;
use crate::modules::{conditions, identifies};
use crate::stack::{Call, Line, Stack};

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

/// What the module of a condition has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Answer {
    Success,
    Ignore,
    Refusal,
}

/// The answers to the questions that several lines ask, by their numbers.
pub(crate) type Answers = BTreeMap<usize, Answer>;

/// The lines of a stack that ask the same as another, or the opposite: the number of what they ask, and whether it
/// is the opposite.
#[derive(Debug, Default)]
pub(crate) struct Questions(Vec<Option<(usize, bool)>>);

impl Questions {
    pub(crate) fn of(stack: &Stack) -> Self {
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
    pub(crate) fn after(&self, answers: &Answers, index: usize, code: Code) -> Option<Answers> {
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

/// What a line with a condition asks, and whether it succeeds where that is not so. `None` for a line that identifies
/// the user, or may do so.
#[must_use]
pub fn question(line: &Line) -> Option<(Vec<&str>, bool)> {
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
