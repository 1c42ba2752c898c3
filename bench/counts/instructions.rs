//! Instructions of the hot paths.

use std::path::Path;

use super::figures::{Unit, check};
use super::namespace::Namespace;
use super::{built, callgrind, logins, prepared, programs, tool};
use crate::inside::client;
use crate::user::User;

#[test]
fn loading_the_module_costs_no_more_than_recorded() {
    let (few, many) = (0, 100);
    let profile = callgrind::profile("module-load");
    let count = Namespace::enter(|_| {
        let run = |times| {
            programs::load_and_unload(times, |program| callgrind::counted(program, &profile));
            callgrind::count(&profile)
        };
        let base = run(few);
        run(many) - base
    });
    let count = count / u64::from(many - few);
    check_instructions("module: load and unload", count, &profile);
}

#[test]
fn a_login_costs_the_login_program_no_more_than_recorded() {
    let profile = callgrind::profile("module-login");
    let count = Namespace::enter(|namespace| {
        let daemon = namespace.daemon(tool::none);
        let run = |service| {
            programs::log_in(service, User(0), |program| {
                callgrind::counted(program, &profile)
            });
            callgrind::count(&profile)
        };
        let base = run("nothing-asked");
        let count = run("tfa") - base;
        daemon.stop();
        count
    });
    check_instructions("module: one login", count, &profile);
}

#[test]
fn a_login_costs_the_daemon_no_more_than_recorded() {
    check_per_user("daemon: one login", "daemon-login", (4, 24), logins::log_in);
}

#[test]
fn a_refused_code_costs_the_daemon_no_more_than_recorded() {
    let name = "daemon: one refused code";
    check_per_user(name, "daemon-refused", (4, 24), logins::try_wrong_code);
}

#[test]
fn a_backup_code_costs_the_daemon_no_more_than_recorded() {
    let name = "daemon: one backup code";
    let code = &prepared::get().backup_code;
    check_per_user(name, "daemon-backup", (1, 2), |user| {
        client::log_in(user, code);
    });
}

#[test]
fn a_start_with_one_login_costs_the_daemon_no_more_than_recorded() {
    let profile = callgrind::profile("daemon-start");
    let count = Namespace::enter(|namespace| {
        let daemon = namespace.daemon(|program| callgrind::counted(program, &profile));
        logins::log_in(User(0));
        daemon.stop();
        callgrind::count(&profile)
    });
    check_instructions("daemon: start, one login, stop", count, &profile);
}

/// Checks the cost of one more user for the daemon: the difference between a run with few users and
/// one with many. The start and the stop of the daemon are then not counted.
fn check_per_user(name: &str, file: &str, (few, many): (u32, u32), log_in: impl Fn(User) + Sync) {
    let profile = callgrind::profile(file);
    let run = |users| {
        Namespace::enter(|namespace| {
            let daemon = namespace.daemon(|program| callgrind::counted(program, &profile));
            User::first(users).for_each(&log_in);
            daemon.stop();
            callgrind::count(&profile)
        })
    };
    let base = run(few);
    let count = (run(many) - base) / u64::from(many - few);
    check_instructions(name, count, &profile);
}

/// Compares a count. The advice says how to find the cause of a higher one.
fn check_instructions(name: &str, count: u64, profile: &Path) {
    let advice = format!(
        "To see where the instructions are: callgrind_annotate {}\n\
         For names of functions, and for the same from an earlier commit:\n    \
         CARGO_PROFILE_RELEASE_STRIP=none make build TARGET=target/symbols\n    \
         {}=target/symbols cargo test -p tfa-bench instructions",
        profile.display(),
        built::FOLDER,
    );
    check(Unit::Instructions, name, count, &advice);
}
