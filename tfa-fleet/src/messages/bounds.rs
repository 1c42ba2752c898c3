//! How long the parts of a message may be. The message itself has 64 KiB at most.

use super::Invalid;

/// The longest name of a user, a group, or a key of a context, in bytes.
pub const MAX_NAME: usize = 256;
/// The longest answer of a user, in bytes.
pub const MAX_ANSWER: usize = 1024;
/// The longest text of a question, in bytes.
pub const MAX_QUESTION: usize = 1024;
/// The longest arguments of a call of an owner, in bytes.
pub const MAX_ARGUMENTS: usize = 8 * 1024;
/// The longest result of a call of an owner, in bytes.
pub const MAX_RESULT: usize = 48 * 1024;
/// The longest text of an error, in bytes.
pub const MAX_ERROR_TEXT: usize = 4096;
/// The most entries of a context.
pub const MAX_CONTEXT: usize = 32;
/// The most aliases, or names of a user with their groups.
pub const MAX_IDENTITIES: usize = 64;
/// The most entries of any other list.
pub const MAX_LIST: usize = 1024;
/// The most memberships of all names of a user together. In memory, each names its group.
pub const MAX_MEMBERSHIPS: usize = 4096;

/// A text of at most that many bytes.
pub(super) fn text(text: String, most: usize, what: &'static str) -> Result<String, Invalid> {
    match text.len() <= most {
        true => Ok(text),
        false => Err(Invalid(what)),
    }
}

/// A name, which is not empty.
pub(super) fn name(name: String, what: &'static str) -> Result<String, Invalid> {
    match name.is_empty() {
        true => Err(Invalid(what)),
        false => text(name, MAX_NAME, what),
    }
}

/// A list of at most that many entries, each of them converted.
pub(super) fn list<T, U>(
    list: Vec<T>,
    most: usize,
    what: &'static str,
    convert: impl FnMut(T) -> Result<U, Invalid>,
) -> Result<Vec<U>, Invalid> {
    match list.len() <= most {
        true => list.into_iter().map(convert).collect(),
        false => Err(Invalid(what)),
    }
}
