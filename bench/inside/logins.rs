//! Logins one after the other: each stack's, and between them what the bus and the disk cost at
//! least.
//!
//! Everything is interleaved: one sample of each, in an order that is drawn anew each time, and the
//! numbers of users in turn, round after round. Whatever else the host does meanwhile, it does to
//! all of them, and nobody always comes behind the same other.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::disk::Disk;
use super::echo::Echo;
use super::folder::{self, RESTORED_UP_TO};
use super::programs::{Phases, SUCCESS, call, log_in};
use super::service;
use crate::layout;
use crate::person::{Person, REGULARS, SEATED};
use crate::phone::{Phones, wrong_code};
use crate::statistics::Times;

/// How many users log in in one round, three times each: once for each step of the window.
const SEATS: u32 = 9;
const TURNS: u32 = 3;

/// How many places a round has: three times the seats, for the logins in our store alone are of
/// three kinds, and one to warm up.
const PLACES: u32 = 3 * SEATS + 1;

/// Between two samples: whoever has something left to do, such as a line for the log, does it now
/// and not in the time of the next.
const PAUSE: Duration = Duration::from_millis(3);

/// After so many rounds the same users come again, and not before so long a time:
/// google-authenticator takes three tries in 30 seconds.
const ROUNDS_APART: u32 = (SEATED - REGULARS) / PLACES;
const TIME_APART: Duration = Duration::from_secs(60);

/// What is to be measured.
#[derive(Serialize, Deserialize)]
pub(crate) struct Task {
    /// The numbers of users.
    pub(crate) sizes: Vec<Size>,
    /// How many rounds.
    pub(crate) rounds: u32,
}

/// A number of users.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Size {
    /// How many.
    pub(crate) users: u32,
    /// Whether the peers have as many.
    pub(crate) peers: bool,
}

/// What is measured in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Subject {
    /// A login through a stack that asks nothing.
    Empty,
    /// A login through `pam_tfa`.
    Ours,
    /// The same with the account phase.
    OursBothPhases,
    /// A login at the daemon without PAM, from the client that has no library.
    OursWithoutPam,
    /// A login through `pam_google_authenticator`.
    Google,
    /// A login through `pam_oath`.
    Oath,
    /// The calls of a login from a client without a library to a service that knows the answers.
    Bus,
    /// The same over a socket of the service, without the bus between.
    Peer,
    /// 4 KiB in place and fdatasync.
    Disk,
    /// 4 KiB at the end of a file and fdatasync.
    DiskAppend,
}

impl Subject {
    const ALL: [Self; 10] = [
        Self::Empty,
        Self::Ours,
        Self::OursBothPhases,
        Self::OursWithoutPam,
        Self::Google,
        Self::Oath,
        Self::Bus,
        Self::Peer,
        Self::Disk,
        Self::DiskAppend,
    ];

    /// Whether it is measured at this number of users.
    fn has(self, size: Size) -> bool {
        match self {
            Self::Google | Self::Oath => size.peers,
            // Where users are few there are not enough codes.
            _ if self.seats() > 0 => size.users > RESTORED_UP_TO,
            _ => true,
        }
    }

    /// The first of its seats: who uses codes up in the same store has users of its own.
    fn seats(self) -> u32 {
        match self {
            Self::OursBothPhases => SEATS,
            Self::OursWithoutPam => 2 * SEATS,
            _ => 0,
        }
    }

    /// Whose store a code is used up in.
    fn store(self) -> Option<Keeper> {
        match self {
            Self::Ours | Self::OursBothPhases | Self::OursWithoutPam => Some(Keeper::Ours),
            Self::Google => Some(Keeper::Google),
            Self::Oath => Some(Keeper::Oath),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Keeper {
    Ours,
    Google,
    Oath,
}

/// What came out at one number of users.
#[derive(Serialize, Deserialize)]
pub(crate) struct Measured {
    /// How many users.
    pub(crate) users: u32,
    /// The times of each subject.
    pub(crate) times: BTreeMap<Subject, Times>,
}

pub(super) fn run(task: &Task) -> Vec<Measured> {
    let mut bench = Bench {
        phones: Phones::new(),
        disk: Disk::new(),
        _echo: Echo::serve(layout::ECHO),
    };
    let mut all: Vec<Measured> = task
        .sizes
        .iter()
        .map(|size| Measured {
            users: size.users,
            times: BTreeMap::new(),
        })
        .collect();
    if let Some(smallest) = task.sizes.first() {
        bench.serve(*smallest);
        bench.expect_refusals(*smallest);
    }
    let mut began = Vec::new();
    for round in 0..task.rounds {
        if let Some(before) = began.len().checked_sub(ROUNDS_APART as usize) {
            let before: Option<&Instant> = began.get(before);
            let waited = before.map_or(TIME_APART, Instant::elapsed);
            thread::sleep(TIME_APART.saturating_sub(waited));
        }
        began.push(Instant::now());
        for (size, measured) in task.sizes.iter().zip(&mut all) {
            bench.serve(*size);
            bench.warm(*size, round);
            bench.round(*size, round, &mut measured.times);
        }
    }
    all
}

struct Bench {
    phones: Phones<(Keeper, u32, Person)>,
    disk: Disk,
    _echo: Echo,
}

impl Bench {
    /// Starts the daemon on the store of this size, with the accounts as they were where they are
    /// few.
    fn serve(&mut self, size: Size) {
        service::serve_after(size.users, || {
            if size.users <= RESTORED_UP_TO {
                folder::put_back(&layout::ours(size.users));
                folder::put_back(&layout::google(size.users));
                folder::put_back(&layout::oath(size.users));
                self.phones.forget(|(_, users, _)| *users == size.users);
            }
        });
    }

    /// One login each that is not measured, so that nobody starts cold.
    fn warm(&mut self, size: Size, round: u32) {
        let person = seat(size, round, 3 * SEATS);
        for subject in Subject::ALL.into_iter().filter(|one| one.has(size)) {
            if subject.seats() == 0 {
                self.sample(subject, size, person);
            }
        }
    }

    fn round(&mut self, size: Size, round: u32, times: &mut BTreeMap<Subject, Times>) {
        let subjects: Vec<Subject> = Subject::ALL
            .into_iter()
            .filter(|subject| subject.has(size))
            .collect();
        for turn in 0..TURNS {
            for place in 0..SEATS {
                for subject in shuffled(&subjects, (size.users, round, turn, place)) {
                    let person = seat(size, round, subject.seats() + place);
                    thread::sleep(PAUSE);
                    let time = self.sample(subject, size, person);
                    times.entry(subject).or_default().push(time);
                }
            }
        }
    }

    /// Measures once.
    fn sample(&mut self, subject: Subject, size: Size, person: Person) -> Duration {
        let code = match subject.store() {
            Some(keeper) => self.phones.next((keeper, size.users, person), person),
            None => "123456".to_owned(),
        };
        match subject {
            Subject::Bus => call("call", layout::ECHO, person, &code),
            Subject::Peer => call("peer", layout::ECHO_SOCKET, person, &code),
            Subject::OursWithoutPam => call("peer", tfa_proto::LOGIN_SOCKET, person, &code),
            Subject::Disk => self.disk.write_in_place(),
            Subject::DiskAppend => self.disk.append(),
            _ => {
                let phases = match subject {
                    Subject::OursBothPhases => Phases::Both,
                    _ => Phases::Auth,
                };
                let service = stack(subject, size);
                let (time, verdict) = log_in(&service, person, &code, phases);
                if verdict != SUCCESS {
                    panic!(
                        "the login of {} through {service} with {} users failed with PAM code \
                         {verdict}: look for the reason in the machine's journal (TFA_KEEP=1 keeps it)",
                        person.name(),
                        size.users
                    );
                }
                time
            }
        }
    }

    /// Makes sure that what is measured asks for a code: a wrong one and one that was used before
    /// are refused.
    fn expect_refusals(&mut self, size: Size) {
        let person = seat(size, 0, 0);
        for (subject, keeper) in [
            (Subject::Ours, Keeper::Ours),
            (Subject::Google, Keeper::Google),
            (Subject::Oath, Keeper::Oath),
        ] {
            let service = stack(subject, size);
            let verdict = |code: &str| log_in(&service, person, code, Phases::Auth).1;
            let refused = |code: &str, what: &str| {
                if verdict(code) == SUCCESS {
                    panic!("{service} lets in with {what}");
                }
            };
            refused(&wrong_code(person), "a wrong code");
            let code = self.phones.next((keeper, size.users, person), person);
            if verdict(&code) != SUCCESS {
                panic!("{service} refuses a right code");
            }
            refused(&code, "a code that was used before");
        }
    }
}

/// The subjects in the order of this draw: by chance, and in every run the same.
fn shuffled(subjects: &[Subject], draw: impl Hash) -> Vec<Subject> {
    let mut shuffled = subjects.to_vec();
    shuffled.sort_by_cached_key(|subject| {
        let mut hasher = DefaultHasher::new();
        (&draw, subject).hash(&mut hasher);
        hasher.finish()
    });
    shuffled
}

/// Who sits at a place in a round.
fn seat(size: Size, round: u32, place: u32) -> Person {
    if size.users <= RESTORED_UP_TO {
        return Person(place.min(RESTORED_UP_TO - 1));
    }
    Person(round % ROUNDS_APART * PLACES + place)
}

fn stack(subject: Subject, size: Size) -> String {
    match subject {
        Subject::Ours => "bench-tfa".to_owned(),
        Subject::OursBothPhases => "bench-tfa-both".to_owned(),
        Subject::Google => layout::service("google", size.users),
        Subject::Oath => layout::service("oath", size.users),
        _ => "bench-empty".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_comes_behind_everybody_else() {
        let mut pairs = std::collections::BTreeSet::new();
        for draw in 0..540 {
            let order = shuffled(&Subject::ALL, draw);
            assert_eq!(order.len(), Subject::ALL.len());
            pairs.extend(order.windows(2).map(|pair| (pair[0], pair[1])));
        }
        assert_eq!(pairs.len(), 90);
    }

    #[test]
    fn each_uid_has_one_turn_a_round() {
        let size = Size {
            users: 1000,
            peers: true,
        };
        for round in 0..20 {
            let seated: std::collections::BTreeSet<_> =
                (0..PLACES).map(|place| seat(size, round, place)).collect();
            assert_eq!(seated.len(), PLACES as usize);
            assert!(seated.iter().all(|person| person.0 < SEATED - REGULARS));
        }
    }
}
