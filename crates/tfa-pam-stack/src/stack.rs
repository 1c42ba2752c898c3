//! The lines of a service, as libpam keeps them after it has read the files.

use std::fmt;
use std::rc::Rc;

use crate::control::Control;

/// The kind of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// `auth`: authentication and credentials.
    Auth,
    /// `account`.
    Account,
    /// `session`.
    Session,
    /// `password`.
    Password,
}

impl Phase {
    /// The phases, in the order of a login.
    pub const ALL: [Self; 4] = [Self::Auth, Self::Account, Self::Session, Self::Password];

    /// The word for it in the files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Account => "account",
            Self::Session => "session",
            Self::Password => "password",
        }
    }
}

/// What libpam calls for a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// The module.
    Module,
    /// Nothing: libpam cannot load the module, or finds no function for the phase in it, and the code is
    /// `PAM_MODULE_UNKNOWN`. A dash before the kind of the line changes the log only.
    MissingModule,
    /// Nothing: the line has an error, and the code is `PAM_PERM_DENIED`.
    Malformed,
    /// Nothing: the lines of a substack follow, one level deeper.
    Substack,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The path.
    pub file: Rc<str>,
    /// The line; the first is 1.
    pub line: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file, self.line)
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it stands.
    pub position: Position,
    /// In how many substacks it is.
    pub level: usize,
    /// What is called.
    pub call: Call,
    /// What follows after each code.
    pub control: Control,
    /// The module as the line names it, or the file of a substack. Empty if the line names none.
    pub module: String,
    /// The arguments.
    pub arguments: Vec<String>,
}

impl Line {
    /// Whether the line calls a module of that file name, in whatever folder.
    #[must_use]
    pub fn calls(&self, name: &str) -> bool {
        self.call == Call::Module && self.module.rsplit('/').next() == Some(name)
    }

    /// Whether the line calls `pam_tfa`.
    #[must_use]
    pub fn is_tfa(&self) -> bool {
        self.calls(crate::MODULE)
    }

    /// Whether the line calls `pam_tfa`, which asks in the auth phase only if sshd has accepted a public key
    /// before. Otherwise it returns `PAM_IGNORE`, whatever the policy requires.
    #[must_use]
    pub fn asks_after_public_key(&self) -> bool {
        self.is_tfa() && self.arguments.iter().any(|word| word == "after_publickey")
    }
}

/// The lines of one phase, with those of included files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stack {
    /// In the order of the files.
    pub lines: Vec<Line>,
}

/// What libpam has read for a service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    /// As libpam spells it: lower case, without a path.
    pub name: String,
    pub(crate) own: [Stack; 4],
    pub(crate) other: [Stack; 4],
    pub(crate) files_included: usize,
    /// The errors in the files that libpam reads past.
    pub problems: Vec<Problem>,
}

impl Service {
    /// The lines of a phase: those of the service, or of the service `other` if it has none.
    #[must_use]
    pub fn stack(&self, phase: Phase) -> &Stack {
        let [own, other] = [&self.own, &self.other].map(|stacks| of_phase(stacks, phase));
        if own.lines.is_empty() { other } else { own }
    }
}

fn of_phase(stacks: &[Stack; 4], phase: Phase) -> &Stack {
    let [auth, account, session, password] = stacks;
    match phase {
        Phase::Auth => auth,
        Phase::Account => account,
        Phase::Session => session,
        Phase::Password => password,
    }
}

/// The lines of a phase, to add to them.
pub(crate) fn of_phase_mut(stacks: &mut [Stack; 4], phase: Phase) -> &mut Stack {
    let [auth, account, session, password] = stacks;
    match phase {
        Phase::Auth => auth,
        Phase::Account => account,
        Phase::Session => session,
        Phase::Password => password,
    }
}

/// An error in the files that does not keep libpam from going on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub position: Position,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProblemKind {
    /// The kind of the line is none of PAM's; the line counts as a failing one, of `auth` or of the
    /// kind that the including line asks for.
    UnknownKind,
    /// The line ends before the control.
    NoControl,
    /// The control is not understood; each code is bad.
    UnknownControl,
    /// The line ends before the module.
    NoModule,
    /// The file of the module is missing, or libpam cannot load it.
    MissingModule,
    /// An included file cannot be read, or is included too deep; the line fails.
    FailedInclude,
    /// As [`ProblemKind::FailedInclude`], for `@include` in a file that a line of one kind includes. The
    /// failing line then has the control of the line before it, even `optional`.
    FailedIncludeWithForeignControl,
    /// As before, for the first line of the file: the control of the failing line is what the memory
    /// holds. Here the line is ignored, which is the worst.
    FailedIncludeWithUndefinedControl,
}
