//! How many instructions the hot paths take, as callgrind counts them: the same number on an idle
//! host and on a busy one. Each test counts one, in the programs that `make deb` built, and holds
//! it against the figure in `x86_64.toml`.
//!
//! 1. `built` finds the programs, and `prepared` makes what all tests share.
//! 2. `enclosure` gives a test a mount namespace in which none of the host's files changes a count.
//! 3. `log` is its system log, `daemon` and `programs` what is counted, `visits` what people do.
//! 4. `callgrind` counts, and `figures` judges.

mod built;
mod callgrind;
mod daemon;
mod enclosure;
mod figures;
mod log;
mod prepared;
mod programs;
mod visits;

use enclosure::Enclosure;
use figures::hold;

use crate::inside::client;
use crate::person::Person;

#[test]
fn loading_the_module_takes_a_login_program_no_more_than_recorded() {
    let (few, many) = (0, 100);
    let profile = callgrind::profile("module-load");
    let count = Enclosure::enter(|_| {
        let base = programs::load_and_unload(few, &profile);
        programs::load_and_unload(many, &profile) - base
    });
    hold(
        "module: load and unload",
        count / u64::from(many - few),
        &profile,
    );
}

#[test]
fn a_login_takes_a_login_program_no_more_than_recorded() {
    let profile = callgrind::profile("module-login");
    let count = Enclosure::enter(|enclosure| {
        let daemon = enclosure.daemon();
        let base = programs::log_in("nothing-asked", Person(0), &profile);
        let count = programs::log_in("tfa", Person(0), &profile) - base;
        daemon.stop();
        count
    });
    hold("module: one login", count, &profile);
}

#[test]
fn a_login_takes_the_daemon_no_more_than_recorded() {
    hold_each("daemon: one login", "daemon-login", (4, 24), visits::log_in);
}

#[test]
fn a_refused_code_takes_the_daemon_no_more_than_recorded() {
    let name = "daemon: one refused code";
    hold_each(name, "daemon-refused", (4, 24), visits::be_refused);
}

#[test]
fn a_backup_code_takes_the_daemon_no_more_than_recorded() {
    let name = "daemon: one backup code";
    let code = &prepared::get().backup_code;
    hold_each(name, "daemon-backup", (1, 2), |person| {
        client::log_in(person, code);
    });
}

#[test]
fn a_start_with_one_login_takes_the_daemon_no_more_than_recorded() {
    let profile = callgrind::profile("daemon-start");
    let count = Enclosure::enter(|enclosure| {
        let daemon = enclosure.counted_daemon(&profile);
        visits::log_in(Person(0));
        daemon.stop();
        callgrind::count(&profile)
    });
    hold("daemon: start, one login, stop", count, &profile);
}

/// Holds what one more visit takes the daemon: the difference between a run with a few and one with
/// many, each visit another person's, so that what a start and a stop take does not count.
fn hold_each(name: &str, file: &str, (few, many): (u32, u32), visit: impl Fn(Person) + Sync) {
    let profile = callgrind::profile(file);
    let run = |visits| {
        Enclosure::enter(|enclosure| {
            let daemon = enclosure.counted_daemon(&profile);
            Person::first(visits).for_each(&visit);
            daemon.stop();
            callgrind::count(&profile)
        })
    };
    let base = run(few);
    let count = (run(many) - base) / u64::from(many - few);
    hold(name, count, &profile);
}
