//! The PAM module: it carries questions and answers between a login program and `tfad`.
//!
//! One login, from file to file:
//! 1. `libpam` calls an export of `ffi`, which is the only file with `unsafe`.
//! 2. `login` conducts the phase: it reads the `options` and the circumstances, opens the
//!    `bus`, and lets the daemon's turns and the person's replies alternate until the verdict.
//! 3. `conversation` shows and asks; `reply` decides where the answer to a question comes
//!    from: the person, or the password that was given before; `passwords` knows one again.
//! 4. `outcome` is the table that turns what happened into a PAM code.
//!
//! What does not live here: a secret, a rule, a state beyond the transaction. The module knows no
//! flow either: whatever the daemon asks is asked, so new flows need no new module.

mod advice;
mod bus;
mod conversation;
mod ffi;
mod log;
mod login;
mod options;
mod outcome;
mod panics;
mod passwords;
mod printable;
mod reply;
mod switch;
mod terminal;
mod texts;
