//! What the reader asks of a host, and why a service cannot be read.

use std::rc::Rc;

use crate::stack::{Phase, Position};

/// The files and modules of a host.
pub trait Files {
    /// The content of a file. A folder counts as an empty file.
    ///
    /// # Errors
    /// The file cannot be opened, or what libpam would read from it is not known.
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError>;
    /// Whether the path is a folder.
    fn is_folder(&self, path: &str) -> bool;
    /// Whether libpam can load a module of that name or path, and finds the function of the phase in it.
    fn has_module(&self, module: &str, phase: Phase) -> bool;
}

/// Why a file has no content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadError {
    /// It cannot be opened.
    Absent,
    /// It is a pipe or a device: what libpam reads there is what another program writes.
    NoFile,
}

/// Why libpam refuses each login of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// Neither the service nor `other` has a file.
    NoFile,
    /// The file ends behind a backslash.
    EndsInContinuation(Rc<str>),
    /// The file that an `@include` names cannot be read, or is included too deep.
    FailedInclude(Position),
    /// A module without a name, such as `/` or `?`. In an included file the including line fails; there
    /// libpam 1.5 may crash as well.
    ModuleName(Position),
    /// An include without a file name, at which libpam crashes.
    IncludeWithoutName(Position),
    /// A line at which libpam does not stop reading.
    Hang(Rc<str>),
    /// A pipe or a device. libpam waits for what another program writes there, and reads it.
    NotRegular(Rc<str>),
    /// More than [`MAX_LINES`] lines or included files. libpam has no such limit.
    TooLong(Rc<str>),
}

impl Unreadable {
    /// Whether the program ends or hangs, so that an including file is not read further either.
    pub(crate) fn is_final(&self) -> bool {
        matches!(
            self,
            Self::IncludeWithoutName(_) | Self::Hang(_) | Self::NotRegular(_) | Self::TooLong(_)
        )
    }
}

/// How many lines a service may have, those of included files counted each time.
pub const MAX_LINES: usize = 4096;
