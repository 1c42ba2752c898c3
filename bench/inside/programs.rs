//! Runs the C programs of the bench. Each login has a process of its own.

use std::process::Command;
use std::time::Duration;

use crate::layout;
use crate::user::User;
use tfa_tests::OrFail;

/// The code of libpam for success.
pub(crate) const SUCCESS: i32 = 0;

/// The phases of a login.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phases {
    /// `pam_authenticate`.
    Auth,
    /// `pam_authenticate` and `pam_acct_mgmt`.
    Both,
}

/// Runs one PAM transaction. Returns its duration and the code of libpam.
pub(crate) fn log_in(service: &str, user: User, code: &str, phases: Phases) -> (Duration, i32) {
    let mut command = Command::new(layout::program("login"));
    command.args([service, &user.name(), code]);
    if phases == Phases::Both {
        command.arg("account");
    }
    let output = output_of(&mut command);
    match numbers(&output)[..] {
        [time, verdict] => (
            Duration::from_nanos(time),
            i32::try_from(verdict).or_fail("read the code of libpam"),
        ),
        _ => panic!("the login program printed {output:?}"),
    }
}

/// Runs one login without PAM and without a library, by `call` or `peer` of `programs/floor.c`, at the
/// service with this bus name or this socket. The login must be verified.
pub(crate) fn call(how: &str, to: &str, user: User, code: &str) -> Duration {
    time_of("floor", &[how, to, &user.name(), code])
}

/// Runs a program that prints a duration in nanoseconds.
pub(crate) fn time_of(program: &str, arguments: &[&str]) -> Duration {
    let output = output_of(Command::new(layout::program(program)).args(arguments));
    match numbers(&output)[..] {
        [time] => Duration::from_nanos(time),
        _ => panic!("the program {program} printed {output:?}"),
    }
}

/// Returns the output of a program, which must succeed.
pub(crate) fn output_of(command: &mut Command) -> String {
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
pub(crate) fn numbers(output: &str) -> Vec<u64> {
    output
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect()
}
