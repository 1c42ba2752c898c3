//! The number of instructions of the hot paths. callgrind counts them, with the same result on an idle
//! host and on a busy one. Each test counts one path in the programs that `make deb` built, and
//! compares it with the figure in `x86_64.toml`.
//!
//! 1. `built` finds the programs, and `prepared` creates what all tests share.
//! 2. `namespace` gives a test a mount namespace, so that no file of the host changes a count.
//! 3. `log` is the system log in it. `daemon` and `programs` run the counted programs, and `logins`
//!    has the logins.
//! 4. `callgrind` counts, and `figures` compares.

mod built;
mod callgrind;
mod daemon;
mod figures;
mod log;
mod logins;
mod namespace;
mod prepared;
mod programs;

use figures::check;
use namespace::Namespace;

use crate::inside::client;
use crate::user::User;

#[test]
fn loading_the_module_costs_no_more_than_recorded() {
    let (few, many) = (0, 100);
    let profile = callgrind::profile("module-load");
    let count = Namespace::enter(|_| {
        let base = programs::load_and_unload(few, &profile);
        programs::load_and_unload(many, &profile) - base
    });
    check(
        "module: load and unload",
        count / u64::from(many - few),
        &profile,
    );
}

#[test]
fn a_login_costs_the_login_program_no_more_than_recorded() {
    let profile = callgrind::profile("module-login");
    let count = Namespace::enter(|namespace| {
        let daemon = namespace.daemon();
        let base = programs::log_in("nothing-asked", User(0), &profile);
        let count = programs::log_in("tfa", User(0), &profile) - base;
        daemon.stop();
        count
    });
    check("module: one login", count, &profile);
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
        let daemon = namespace.counted_daemon(&profile);
        logins::log_in(User(0));
        daemon.stop();
        callgrind::count(&profile)
    });
    check("daemon: start, one login, stop", count, &profile);
}

/// Checks the cost of one more user for the daemon: the difference between a run with few users and
/// one with many. The start and the stop of the daemon are then not counted.
fn check_per_user(name: &str, file: &str, (few, many): (u32, u32), log_in: impl Fn(User) + Sync) {
    let profile = callgrind::profile(file);
    let run = |users| {
        Namespace::enter(|namespace| {
            let daemon = namespace.counted_daemon(&profile);
            User::first(users).for_each(&log_in);
            daemon.stop();
            callgrind::count(&profile)
        })
    };
    let base = run(few);
    let count = (run(many) - base) / u64::from(many - few);
    check(name, count, &profile);
}
