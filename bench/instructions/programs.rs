//! Runs the C programs that load the module, under callgrind.

use std::path::Path;
use std::process::Command;

use super::built::PROGRAMS;
use super::callgrind;
use super::logins::current_code;
use crate::inside::programs::{SUCCESS, numbers, output_of};
use crate::user::User;

/// Counts one login through a service, with both phases, in a process of its own.
pub(super) fn log_in(service: &str, user: User, profile: &Path) -> u64 {
    let code = current_code(user);
    let output =
        output_of(program("login", profile).args([service, &user.name(), &code, "account"]));
    let verdict = numbers(&output)[1];
    assert_eq!(verdict, SUCCESS as u64, "the login failed");
    callgrind::count(profile)
}

/// Counts a process that loads and unloads the module this number of times, after its warm-up.
pub(super) fn load_and_unload(times: u32, profile: &Path) -> u64 {
    let module = Path::new(PROGRAMS).join("pam_tfa.so");
    let mut program = program("module", profile);
    output_of(program.arg("cycles").arg(module).arg(times.to_string()));
    callgrind::count(profile)
}

fn program(name: &str, profile: &Path) -> Command {
    callgrind::counted(&Path::new(PROGRAMS).join(name), profile)
}
