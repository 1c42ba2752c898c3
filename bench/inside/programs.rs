//! The C programs of the bench, run once each: every login has a process of its own.

use std::process::Command;
use std::time::Duration;

use crate::layout;
use crate::person::Person;
use tfa_tests::OrFail;

/// libpam's code for a login that succeeds.
pub(crate) const SUCCESS: i32 = 0;

/// The phases of a login.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phases {
    /// `pam_authenticate`.
    Auth,
    /// The same and `pam_acct_mgmt`.
    Both,
}

/// One PAM transaction through a service: how long it took, and libpam's code.
pub(crate) fn log_in(service: &str, person: Person, code: &str, phases: Phases) -> (Duration, i32) {
    let mut command = Command::new(layout::program("login"));
    command.args([service, &person.name(), code]);
    if phases == Phases::Both {
        command.arg("account");
    }
    let said = said_by(&mut command);
    match numbers(&said)[..] {
        [time, verdict] => (
            Duration::from_nanos(time),
            i32::try_from(verdict).or_fail("understand libpam"),
        ),
        _ => panic!("cannot understand the login program: {said:?}"),
    }
}

/// One login without PAM and without a library, by `call` or `peer` of `programs/floor.c`, at the
/// service that has this name on the bus, or listens at this socket. It must be a yes.
pub(crate) fn call(how: &str, to: &str, person: Person, code: &str) -> Duration {
    time_of("floor", &[how, to, &person.name(), code])
}

/// Runs a program that prints nanoseconds.
pub(crate) fn time_of(program: &str, words: &[&str]) -> Duration {
    let said = said_by(Command::new(layout::program(program)).args(words));
    match numbers(&said)[..] {
        [time] => Duration::from_nanos(time),
        _ => panic!("cannot understand the program {program}: {said:?}"),
    }
}

/// Runs a program that must succeed, and gives what it prints.
pub(crate) fn said_by(command: &mut Command) -> String {
    let output = command.output().or_fail(&format!("start {command:?}"));
    if !output.status.success() {
        panic!(
            "{command:?} failed ({}): {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The numbers in a program's output.
pub(crate) fn numbers(said: &str) -> Vec<u64> {
    said.split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect()
}
