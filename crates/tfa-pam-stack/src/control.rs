//! The control of a line: what libpam does after each code of the module.

use crate::code::{Code, NAMES};

/// What libpam does after a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Go on, and forget the code.
    Ignore,
    /// Count the code, unless an earlier one failed.
    Ok,
    /// Like [`Action::Ok`], and leave the stack unless an earlier code failed.
    Done,
    /// Fail at the end of the stack.
    Bad,
    /// Fail, and leave the stack.
    Die,
    /// Go back to the state at the start of the (sub)stack.
    Reset,
    /// Skip that many lines or substacks.
    Jump(u32),
}

/// The words of actions, in the order in which libpam tries them. It takes the first that the text
/// starts with.
const WORDS: [(&str, Action); 6] = [
    ("ignore", Action::Ignore),
    ("ok", Action::Ok),
    ("done", Action::Done),
    ("bad", Action::Bad),
    ("die", Action::Die),
    ("reset", Action::Reset),
];

/// An action for each code; `None` where no word has set one yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Draft([Option<Action>; 32]);

/// An action for each code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control([Action; 32]);

impl Control {
    pub(crate) const fn all(action: Action) -> Self {
        Self([action; 32])
    }

    /// What follows after a code. libpam counts one that it does not know as bad.
    #[must_use]
    pub fn action(&self, code: Code) -> Action {
        let action = self.0.get(usize::from(code.number()));
        action.copied().unwrap_or(Action::Bad)
    }

    /// The same, with another action after a code.
    #[cfg(test)]
    pub(crate) fn with(mut self, code: Code, action: Action) -> Self {
        self.0[usize::from(code.number())] = action;
        self
    }

    /// Whether a code resets the result.
    pub(crate) fn resets(&self) -> bool {
        self.0.contains(&Action::Reset)
    }
}

impl Draft {
    pub(crate) const EMPTY: Self = Self([None; 32]);

    /// Reads a control word: one of the keywords, or pairs of code and action. The flag says whether
    /// libpam understood it; if not, each code is bad.
    pub(crate) fn parse(text: &[u8]) -> (Self, bool) {
        let keyword = |rest| {
            let draft = Self::EMPTY.with(Code::SUCCESS, Action::Ok);
            draft
                .with(Code::NEW_AUTHTOK_REQD, Action::Ok)
                .with_default(rest)
        };
        let draft = match text.to_ascii_lowercase().as_slice() {
            b"required" => keyword(Action::Bad).with(Code::IGNORE, Action::Ignore),
            b"requisite" => keyword(Action::Die).with(Code::IGNORE, Action::Ignore),
            b"optional" => keyword(Action::Ignore),
            b"sufficient" => keyword(Action::Ignore)
                .with(Code::SUCCESS, Action::Done)
                .with(Code::NEW_AUTHTOK_REQD, Action::Done),
            _ => return Self::parse_pairs(text),
        };
        (draft, true)
    }

    fn parse_pairs(text: &[u8]) -> (Self, bool) {
        match pairs(text) {
            Some(draft) => (draft.with_default(Action::Bad), true),
            None => (Self::EMPTY.with_default(Action::Bad), false),
        }
    }

    fn with(mut self, code: Code, action: Action) -> Self {
        if let Some(place) = self.0.get_mut(usize::from(code.number())) {
            *place = Some(action);
        }
        self
    }

    /// Sets the codes without an action.
    pub(crate) fn with_default(self, action: Action) -> Self {
        Self(self.0.map(|found| found.or(Some(action))))
    }

    /// The control of a line. A line without one fails, which [`Action::Bad`] is.
    pub(crate) fn control(self) -> Control {
        Control(self.0.map(|action| action.unwrap_or(Action::Bad)))
    }
}

/// The text behind the blanks that isspace(3) knows.
fn skip_blanks(text: &[u8]) -> &[u8] {
    let blank = |byte: &&u8| byte.is_ascii_whitespace() || **byte == 0x0b;
    let length = text.iter().take_while(blank).count();
    text.get(length..).unwrap_or_default()
}

/// Reads `code=action` pairs. Blanks may stand around each part, and need not.
fn pairs(text: &[u8]) -> Option<Draft> {
    let mut draft = Draft::EMPTY;
    let mut rest = skip_blanks(text);
    while !rest.is_empty() {
        let (code, after) = first_of(rest, NAMES.into_iter().chain(["default"]).zip(0..))?;
        let after = skip_blanks(skip_blanks(after).strip_prefix(b"=")?);
        let (action, after) = match first_of(after, WORDS.into_iter()) {
            Some(found) => found,
            None => jump(after)?,
        };
        draft = match code {
            32 => draft.with_default(action),
            code => draft.with(Code::from_number(code), action),
        };
        rest = skip_blanks(after);
    }
    Some(draft)
}

/// The meaning of the first word that the text starts with, and the text behind it.
fn first_of<T>(
    text: &[u8],
    mut words: impl Iterator<Item = (&'static str, T)>,
) -> Option<(T, &[u8])> {
    words.find_map(|(word, meaning)| Some((meaning, text.strip_prefix(word.as_bytes())?)))
}

/// A number of lines. Zero is an error; so is one over the range of a C int, which older releases do
/// not check.
fn jump(text: &[u8]) -> Option<(Action, &[u8])> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(length)?;
    let number: i32 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let number = u32::try_from(number).ok().filter(|number| *number > 0)?;
    Some((Action::Jump(number), rest))
}
