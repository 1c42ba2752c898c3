//! Walks a stack as libpam does: the codes of its lines become one code.

use crate::code::Code;
use crate::control::Action;
use crate::stack::{Call, Line, Stack};

/// What the codes so far amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Impression {
    Undefined,
    Positive,
    Negative,
}

/// The result so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Standing {
    pub(crate) impression: Impression,
    pub(crate) status: Code,
}

impl Standing {
    pub(crate) const START: Self = Self {
        impression: Impression::Undefined,
        status: Code::PERM_DENIED,
    };

    fn takes_success(self) -> bool {
        match self.impression {
            Impression::Undefined => true,
            Impression::Positive => self.status == Code::SUCCESS,
            Impression::Negative => false,
        }
    }

    fn fail(&mut self, code: Code) {
        if self.impression != Impression::Negative {
            let code = if code == Code::IGNORE {
                Code::PERM_DENIED
            } else {
                code
            };
            *self = Self {
                impression: Impression::Negative,
                status: code,
            };
        }
    }

    /// The code of the stack. Success needs a line that counted.
    fn code(self) -> Code {
        match self.impression {
            Impression::Undefined | Impression::Negative if self.status == Code::SUCCESS => {
                Code::PERM_DENIED
            }
            _ => self.status,
        }
    }
}

/// A place in a stack, and the result so far.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    /// The next line, by its index.
    pub(crate) at: usize,
    pub(crate) standing: Standing,
    /// The level of the line before.
    previous_level: usize,
    /// The standing at the start of each substack, by level.
    pub(crate) starts: Vec<Standing>,
}

/// How a line ends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Line,
    /// The stack returns this code at once.
    End(Code),
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            at: 0,
            standing: Standing::START,
            previous_level: 0,
            starts: vec![Standing::START],
        }
    }

    /// The next line that has a code; the code of the stack if there is none. Passes the starts of
    /// substacks.
    pub(crate) fn next_line<'a>(&mut self, stack: &'a Stack) -> Result<&'a Line, Code> {
        // libpam asks for the status of an empty stack apart, with the same result.
        while let Some(line) = stack.lines.get(self.at) {
            if self.previous_level < line.level {
                self.starts.resize(line.level, Standing::START);
                self.starts.push(self.standing);
            }
            self.previous_level = line.level;
            if line.call != Call::Substack {
                return Ok(line);
            }
            self.at += 1;
        }
        Err(self.standing.code())
    }

    /// Goes on behind the line that [`State::next_line`] returned, after it returned a code. `decides` is
    /// the code that chooses the action: in pam_setcred(3), that of pam_authenticate(3).
    pub(crate) fn step(&mut self, stack: &Stack, line: &Line, code: Code, decides: Code) -> Next {
        if code == Code::INCOMPLETE {
            return Next::End(code);
        }
        let code = if decides == Code::INVALID {
            Code::PERM_DENIED
        } else {
            code
        };
        let action = line.control.action(decides);
        let mut leaves = false;
        match action {
            Action::Ignore => {}
            Action::Ok | Action::Done => {
                let is_ignored_later = code == Code::IGNORE && decides != code;
                if self.standing.takes_success() && !is_ignored_later {
                    self.standing = Standing {
                        impression: Impression::Positive,
                        status: code,
                    };
                }
                leaves = action == Action::Done && self.standing.impression == Impression::Positive;
            }
            Action::Bad | Action::Die => {
                self.standing.fail(code);
                leaves = action == Action::Die;
            }
            Action::Reset => {
                let start = self.starts.get(line.level).copied();
                self.standing = start.unwrap_or(Standing::START);
            }
            Action::Jump(lines) => {
                for _ in 0..lines {
                    if !self.skip(stack, line.level) {
                        self.standing = Standing {
                            impression: Impression::Negative,
                            status: Code::PERM_DENIED,
                        };
                        break;
                    }
                }
            }
        }
        while leaves && self.skip(stack, line.level) {}
        self.at += 1;
        Next::Line
    }

    /// Skips the next line of this level with the substack that it starts. Does nothing at the end of the
    /// substack.
    fn skip(&mut self, stack: &Stack, level: usize) -> bool {
        let level_at = |index| stack.lines.get(index).map(|line: &Line| line.level);
        if level_at(self.at + 1).is_none_or(|next| next < level) {
            return false;
        }
        self.at += 1;
        while level_at(self.at + 1).is_some_and(|next| next > level) {
            self.at += 1;
        }
        true
    }
}

/// The code of a line whose module is not called, or `None` if it is called.
pub(crate) fn forced(line: &Line) -> Option<Code> {
    match line.call {
        Call::Module | Call::Substack => None,
        Call::MissingModule => Some(Code::MODULE_UNKNOWN),
        Call::Malformed => Some(Code::PERM_DENIED),
    }
}

/// One call of libpam: what it returned, and the code of each line that was executed, by its index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What libpam returns to the program.
    pub result: Code,
    /// The lines that were executed, in order.
    pub lines: Vec<(usize, Code)>,
}

/// What pam_authenticate(3), pam_acct_mgmt(3) or pam_open_session(3) returns, if the modules return these
/// codes.
pub fn run(stack: &Stack, mut code_of: impl FnMut(&Line) -> Code) -> Run {
    walk(stack, |_, line| {
        let code = forced(line).unwrap_or_else(|| code_of(line));
        (code, code)
    })
}

/// What pam_setcred(3) or pam_close_session(3) returns after the run before it, if the modules return
/// these codes. The codes of that run choose the actions. A line that it did not execute chooses its own.
///
/// No question about logins needs it. The comparison with libpam does: it shows that a [`Run`] has each line that
/// libpam executed.
pub fn run_after(before: &Run, stack: &Stack, mut code_of: impl FnMut(&Line) -> Code) -> Run {
    walk(stack, |index, line| {
        let code = forced(line).unwrap_or_else(|| code_of(line));
        let earlier = before.lines.iter().rfind(|(line, _)| *line == index);
        (code, earlier.map_or(code, |(_, code)| *code))
    })
}

fn walk(stack: &Stack, mut codes: impl FnMut(usize, &Line) -> (Code, Code)) -> Run {
    let mut state = State::new();
    let mut lines = Vec::new();
    let result = loop {
        let line = match state.next_line(stack) {
            Ok(line) => line,
            Err(code) => break code,
        };
        let (code, decides) = codes(state.at, line);
        lines.push((state.at, code));
        if let Next::End(code) = state.step(stack, line, code, decides) {
            break code;
        }
    };
    Run { result, lines }
}
