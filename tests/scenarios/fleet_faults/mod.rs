//! A fleet under faults: three verifiers with etcd, five members, logins on all of them, and a check of what they saw.
//!
//! `SOAK_SEED` repeats the choices of a run; `SOAK_MINUTES` is the length of the long one (`make soak`).

mod accounts;
mod cluster;
mod dialog;
mod faults;
mod load;
mod log;
mod moves;
mod nemesis;
mod phones;
mod random;
mod sshd;

use std::env;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tfa_fleet_history::{check, figures};

use self::accounts::Accounts;
use self::cluster::Cluster;
use self::log::Log;
use self::nemesis::Nemesis;
use self::random::Random;

/// The short run of `make test`.
const SHORT: Duration = Duration::from_secs(75);

#[test]
fn no_code_lets_in_twice_and_no_lock_is_lost_under_faults() {
    run(SHORT);
}

#[test]
#[ignore = "make soak"]
fn soak() {
    let minutes = env::var("SOAK_MINUTES")
        .ok()
        .and_then(|text| text.parse().ok());
    run(Duration::from_secs(60 * minutes.unwrap_or(60)));
}

fn run(length: Duration) {
    let seed = env::var("SOAK_SEED")
        .ok()
        .and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        u64::from(now.subsec_nanos())
    });
    println!("SOAK_SEED={seed} repeats the choices of this run");
    let cluster = Cluster::boot();
    let log = Log::new(seed);
    let accounts = Accounts::enroll(&cluster, &log);
    load::run(&cluster, &accounts, &log, seed, length, |until| {
        Nemesis::new(&cluster, &log, Random::new(seed)).rage(until);
    });
    let events = log.events();
    println!("{}", figures(&events));
    let violations = check(&events);
    assert!(
        violations.is_empty(),
        "SOAK_SEED={seed}, {}: {violations:#?}",
        log.path().display()
    );
    load::expect_some_of_each(&events);
}
