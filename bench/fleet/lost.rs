//! Logins whose verifier is lost between the question and the answer.

use std::thread;
use std::time::{Duration, Instant};

use tfa_proto::Next;
use tfa_tests::{Machine, OrFail};

use super::logins::{Probes, Subject};
use super::machines::FleetMachines;
use crate::inside::client::{self, Daemon};
use crate::statistics::Times;
use crate::user::User;

/// The logins under way: a third of them at each verifier.
const LOGINS: u32 = 12;

/// How long their answers took, and a login that began after the loss.
pub(crate) struct Measured {
    /// Both programs of the verifier are killed.
    pub(crate) killed: Times,
    /// Both programs are stopped: no reply comes, and no error, as from a host without power.
    pub(crate) stopped: Times,
}

pub(crate) fn run(rounds: u32, fleet: &FleetMachines, probes: &mut Probes) -> Measured {
    let mut measured = Measured {
        killed: Times::default(),
        stopped: Times::default(),
    };
    let member = &fleet.members_of_all[0];
    for (_, verifier) in (0..rounds).zip(fleet.verifiers.iter().cycle()) {
        connect_anew(member, fleet.verifiers.len());
        measured
            .killed
            .extend(&lose(verifier, "KILL", member, probes));
        wait_until(|| serves(verifier));

        connect_anew(member, fleet.verifiers.len());
        measured
            .stopped
            .extend(&lose(verifier, "STOP", member, probes));
        signal(verifier, "CONT");
    }
    measured
}

/// Starts the network part of a member again: it forgets which verifiers have not answered.
fn connect_anew(member: &Machine, verifiers: usize) {
    let connections = || {
        member
            .journal("tfa-fleet")
            .matches("connected to v")
            .count()
    };
    let before = connections();
    member.succeed(["systemctl", "restart", "tfa-fleet"]);
    wait_until(|| connections() >= before + verifiers);
}

/// Times the answers of logins that have begun before a verifier gets a signal, and one login after them.
fn lose(verifier: &Machine, with: &str, member: &Machine, probes: &mut Probes) -> Times {
    let daemon = Daemon::of(member);
    let users: Vec<User> = (0..=LOGINS).map(|_| probes.next_user()).collect();
    let codes: Vec<(User, String)> = users
        .iter()
        .map(|user| (*user, probes.phones.next((Subject::Etcd, *user), *user)))
        .collect();
    let (last, first) = codes.split_last().or_fail("find a code");
    let begun: Vec<_> = first
        .iter()
        .map(|(user, code)| {
            let (client, turn) = client::begin(&daemon, *user, &client::context());
            assert!(matches!(turn.next, Next::Ask(_)), "no question: {turn:?}");
            (client, *user, code)
        })
        .collect();
    signal(verifier, with);
    let mut times = Times::default();
    thread::scope(|scope| {
        let answers: Vec<_> = begun
            .into_iter()
            .map(|(mut login, user, code)| {
                scope.spawn(move || {
                    let start = Instant::now();
                    client::answer(&mut login, user, code);
                    start.elapsed()
                })
            })
            .collect();
        for answer in answers {
            times.push(answer.join().ok().or_fail("answer a question"));
        }
    });
    let start = Instant::now();
    client::log_in_at(&daemon, last.0, &last.1);
    times.push(start.elapsed());
    times
}

fn signal(verifier: &Machine, signal: &str) {
    let signal = format!("--signal={signal}");
    verifier.succeed(["systemctl", "kill", &signal, "tfa-fleet", "tfad"]);
}

fn serves(verifier: &Machine) -> bool {
    let is_active = |unit| verifier.run(["systemctl", "is-active", "--quiet", unit]);
    ["tfa-fleet", "tfad"]
        .map(is_active)
        .iter()
        .all(|it| it.success())
}

/// Waits for a service that systemd starts again.
fn wait_until(condition: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(
            Instant::now() < end,
            "the verifier is not back after a minute"
        );
        thread::sleep(Duration::from_millis(100));
    }
}
