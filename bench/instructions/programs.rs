//! The programs in C that load the module, counted.

use std::path::Path;
use std::process::Command;

use super::built::PROGRAMS;
use super::callgrind;
use super::visits::current_code;
use crate::inside::programs::{SUCCESS, numbers, said_by};
use crate::person::Person;

/// One login through a service, both phases of it, in a process of its own.
pub(super) fn log_in(service: &str, person: Person, profile: &Path) -> u64 {
    let code = current_code(person);
    let said = said_by(program("login", profile).args([service, &person.name(), &code, "account"]));
    let verdict = numbers(&said)[1];
    assert_eq!(verdict, SUCCESS as u64, "the login failed");
    callgrind::count(profile)
}

/// A process that loads the module and unloads it again, so often beside the times it always does.
pub(super) fn load_and_unload(times: u32, profile: &Path) -> u64 {
    let module = Path::new(PROGRAMS).join("pam_tfa.so");
    let mut program = program("module", profile);
    said_by(program.arg("cycles").arg(module).arg(times.to_string()));
    callgrind::count(profile)
}

fn program(name: &str, profile: &Path) -> Command {
    callgrind::counted(&Path::new(PROGRAMS).join(name), profile)
}
