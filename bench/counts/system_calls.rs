//! System calls of one login. A call is a switch to the kernel, and often a wake-up of another thread:
//! its cost is not in the number of instructions.

use std::fs;
use std::path::Path;

use super::figures::{Unit, check, print};
use super::namespace::Namespace;
use super::strace::{self, Calls};
use super::{logins, prepared, programs, tool};
use crate::user::User;

/// The number of counts. The lowest one is compared: a thread that happens to wait for a lock makes
/// more calls.
const REPEATS: usize = 3;

/// The logins before those that are counted.
const WARM_UP: u32 = 8;

/// The logins that are counted: as many as the commits after which a thread of the store looks at the
/// length of its log.
const COUNTED: u32 = 32;

#[test]
fn a_login_takes_the_daemon_no_more_calls_than_recorded() {
    let trace = strace::trace("daemon-login");
    check_calls("daemon: one login", &trace, || {
        Namespace::enter(|namespace| {
            let daemon = namespace.daemon(|program| strace::counted(program, &trace));
            logins::connect_at_once(User::first(WARM_UP));
            let settle = |user: User| {
                namespace.await_log_line(&user.name());
                daemon.await_idle();
            };
            let log_in = |user| {
                logins::log_in(user);
                settle(user);
            };
            let again = |user| {
                logins::log_in_again(user);
                settle(user);
            };
            let mut users = User::first(prepared::USERS);
            users.by_ref().take(WARM_UP as usize).for_each(log_in);
            let before = Calls::read(&trace);
            users.for_each(log_in);
            let counted = prepared::USERS - WARM_UP;
            User::first(COUNTED - counted).for_each(again);
            let calls = Calls::read(&trace).of_each(&before, COUNTED);
            daemon.stop();
            calls
        })
    });
}

#[test]
fn a_login_takes_the_login_program_no_more_calls_than_recorded() {
    let trace = strace::trace("module-login");
    check_calls("module: one login", &trace, || {
        Namespace::enter(|namespace| {
            let daemon = namespace.daemon(tool::none);
            let run = |service| {
                programs::log_in(service, User(0), |program| strace::counted(program, &trace));
                Calls::read(&trace)
            };
            let base = run("nothing-asked");
            let calls = run("tfa").of_each(&base, 1);
            daemon.stop();
            calls
        })
    });
}

fn check_calls(name: &str, trace: &Path, count: impl Fn() -> Calls) {
    let counts = (0..REPEATS).map(|_| count());
    let calls = counts.min_by_key(Calls::total).unwrap();
    let listing = format!("{name}, system calls by thread:\n{}", calls.listing());
    print(&listing);
    let file = trace.with_extension("txt");
    fs::write(&file, &listing).unwrap();
    let advice = format!(
        "The list of calls is in {}, and all calls of the last run are in {}.",
        file.display(),
        trace.display()
    );
    check(Unit::SystemCalls, name, calls.total(), &advice);
}
