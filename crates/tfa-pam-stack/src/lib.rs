//! Reads PAM configurations as the libpam of Debian does, evaluates their stacks, and searches them for
//! logins that pass without `pam_tfa`.
//!
//! The crate does no I/O: the caller gives it the content of files ([`Files`]) and the codes of modules.
//! Three steps build on each other:
//!
//! 1. [`Reader::read`] makes a [`Service`] of the files. It keeps the lines that libpam would keep, and
//!    reports the errors that libpam reads past. The releases in Debian 12 and 13 differ ([`Release`]).
//! 2. [`run`] and [`run_after`] compute what libpam returns for given codes.
//! 3. [`Service::bypass`] and the questions beside it search all codes that modules can return
//!    ([`possible_codes`]), and answer with a [`Witness`].
//!
//! ```
//! use tfa_pam_stack::{FOLDERS, Files, Phase, ReadError, Reader, Release};
//!
//! struct OneFile;
//!
//! impl Files for OneFile {
//!     fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
//!         let text = "auth sufficient pam_unix.so\nauth required pam_tfa.so\n";
//!         (path == "/etc/pam.d/sshd").then(|| text.into()).ok_or(ReadError::Absent)
//!     }
//!     fn is_folder(&self, path: &str) -> bool {
//!         path == "/etc/pam.d"
//!     }
//!     fn has_module(&self, _: &str, _: Phase) -> bool {
//!         true
//!     }
//! }
//!
//! let reader = Reader { files: &OneFile, release: Release::V1_7, folders: &FOLDERS };
//! let bypass = reader.read("sshd")?.bypass(Phase::Auth).unwrap();
//! assert_eq!(bypass.to_string(), "/etc/pam.d/sshd:1 pam_unix.so success\n");
//! # Ok::<(), tfa_pam_stack::Unreadable>(())
//! ```

mod answers;
mod assume;
mod authtok;
#[cfg(test)]
mod brute_force;
mod code;
mod control;
mod dispatch;
mod files;
mod lines;
mod modules;
mod options;
mod pairs;
mod parse;
mod questions;
mod read;
mod search;
mod stack;
mod unasked;
mod users;
mod words;

/// The file name of the PAM module of this project.
pub const MODULE: &str = "pam_tfa.so";

pub use answers::question;
pub use authtok::{Ternary, leaves_password, run_asking, takes_password};
pub use code::{Code, Codes};
pub use control::{Action, Control};
pub use dispatch::{Run, run, run_after};
pub use files::{Files, MAX_LINES, ReadError, Unreadable};
pub use lines::Release;
pub use modules::{
    identifies, is_condition, possible_codes, possible_codes_of_user, verifies_password,
};
pub use options::{ignores_logins, ignores_users};
pub use questions::{Step, Witness};
pub use read::{FOLDERS, Reader};
pub use stack::{Call, Line, Phase, Position, Problem, ProblemKind, Service, Stack};
pub use users::{Refusal, User};
