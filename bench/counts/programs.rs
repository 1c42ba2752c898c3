//! Runs the C programs that load the module, under a tool that counts.

use std::path::Path;
use std::process::Command;

use super::built::PROGRAMS;
use super::logins::current_code;
use crate::inside::programs::{SUCCESS, numbers, output_of};
use crate::user::User;

/// One login through a service, with both phases, in a process of its own.
pub(super) fn log_in(service: &str, user: User, run: impl FnOnce(&Path) -> Command) {
    let code = current_code(user);
    let mut login = run(&Path::new(PROGRAMS).join("login"));
    let output = output_of(login.args([service, &user.name(), &code, "account"]));
    let verdict = numbers(&output)[1];
    assert_eq!(verdict, SUCCESS as u64, "the login failed");
}

/// A process that loads and unloads the module this number of times, after its warm-up.
pub(super) fn load_and_unload(times: u32, run: impl FnOnce(&Path) -> Command) {
    let module = Path::new(PROGRAMS).join("pam_tfa.so");
    let mut program = run(&Path::new(PROGRAMS).join("module"));
    output_of(program.arg("cycles").arg(module).arg(times.to_string()));
}
