//! The PAM module. It passes questions and answers between a login program and `tfad`.
//!
//! One login, file by file:
//! 1. libpam calls a function of `ffi::exports`. `ffi` is the only folder with `unsafe`.
//! 2. `login` runs the phase: it parses the `options`, collects the `pam_context`, calls the
//!    `daemon`, and passes turns and answers on until the verdict.
//! 3. `conversation` shows lines and asks questions. `responder` takes the answer from the user, or
//!    from the password that an earlier module asked for.
//! 4. `outcome` maps the result to a PAM code.
//!
//! `session` tells which logins the session phase must decide.
//!
//! The module holds no secret, no rule, and no state beyond the transaction. It knows no dialog: it
//! asks every question that the daemon sends, so a new dialog needs no new module.

mod conversation;
mod daemon;
mod ffi;
mod log;
mod login;
mod login_program;
mod messages;
mod options;
mod outcome;
mod pam_context;
mod panic_guard;
mod password_hashes;
mod responder;
mod root_switch;
mod sanitize;
mod session;
mod terminal;
mod transaction_data;
