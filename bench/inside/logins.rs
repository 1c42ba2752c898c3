//! Logins one after the other through each stack, and between them the floor: the calls of a login and
//! the disk.
//!
//! The samples are interleaved: one of each subject, in a new random order each time. The numbers of
//! users alternate, round after round. Other activity of the host then affects all subjects alike, and
//! no subject always follows the same other one.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::disk::Disk;
use super::folder::{self, RESTORED_UP_TO};
use super::programs::{Phases, SUCCESS, call, log_in};
use super::service;
use super::stub::Stub;
use crate::layout;
use crate::phone::{Phones, wrong_code};
use crate::statistics::Times;
use crate::user::{DAEMON_USERS, LOCAL_USERS, User};

/// The users of one kind of login in one round. Each logs in once for each step of the window.
const USERS_PER_KIND: u32 = 9;
const CODES_PER_USER: u32 = 3;

/// The users of one round: those of the three kinds of logins that use codes in the daemon's store,
/// and one for the warm-up.
const USERS_PER_ROUND: u32 = 3 * USERS_PER_KIND + 1;

/// The pause before a sample. Work that the last sample left, such as a line for the log, ends in it.
const PAUSE: Duration = Duration::from_millis(3);

/// After this number of rounds the same users log in again, but not before this time has passed:
/// google-authenticator allows three attempts in 30 seconds.
const ROUNDS_APART: u32 = (LOCAL_USERS - DAEMON_USERS) / USERS_PER_ROUND;
const TIME_APART: Duration = Duration::from_secs(60);

/// What to measure.
#[derive(Serialize, Deserialize)]
pub(crate) struct Task {
    /// The numbers of users.
    pub(crate) sizes: Vec<Size>,
    /// The number of rounds.
    pub(crate) rounds: u32,
}

/// A number of users.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Size {
    pub(crate) users: u32,
    /// Whether the peers are measured too.
    pub(crate) peers: bool,
}

/// What one sample measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Subject {
    /// A login through a stack without a question.
    Empty,
    /// A login through `pam_tfa`.
    Ours,
    /// The same with the account phase.
    OursBothPhases,
    /// A login at the daemon without PAM, by the C client.
    OursWithoutPam,
    /// A login through `pam_google_authenticator`.
    Google,
    /// A login through `pam_oath`.
    Oath,
    /// The calls of a login by the C client, peer to peer, to the service with fixed answers.
    Peer,
    /// The same over the bus.
    Bus,
    /// A write of 4 KiB in place, with fdatasync.
    Disk,
}

impl Subject {
    const ALL: [Self; 9] = [
        Self::Empty,
        Self::Ours,
        Self::OursBothPhases,
        Self::OursWithoutPam,
        Self::Google,
        Self::Oath,
        Self::Peer,
        Self::Bus,
        Self::Disk,
    ];

    /// Whether it is measured at this number of users.
    fn has(self, size: Size) -> bool {
        match self {
            Self::Google | Self::Oath => size.peers,
            // A small number of users does not have enough codes.
            _ if self.first_place() > 0 => size.users > RESTORED_UP_TO,
            _ => true,
        }
    }

    /// The first place of its users in a round. Subjects that use codes in the same store have
    /// different users.
    fn first_place(self) -> u32 {
        match self {
            Self::OursBothPhases => USERS_PER_KIND,
            Self::OursWithoutPam => 2 * USERS_PER_KIND,
            _ => 0,
        }
    }

    /// The store in which a code is marked as used.
    fn store(self) -> Option<CodeStore> {
        match self {
            Self::Ours | Self::OursBothPhases | Self::OursWithoutPam => Some(CodeStore::Ours),
            Self::Google => Some(CodeStore::Google),
            Self::Oath => Some(CodeStore::Oath),
            _ => None,
        }
    }
}

/// A store that marks codes as used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum CodeStore {
    Ours,
    Google,
    Oath,
}

/// The results for one number of users.
#[derive(Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) users: u32,
    /// The times of each subject.
    pub(crate) times: BTreeMap<Subject, Times>,
}

pub(super) fn run(task: &Task) -> Vec<Measured> {
    let mut bench = Bench {
        phones: Phones::new(),
        disk: Disk::new(),
        _stub: Stub::serve(layout::STUB),
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
    phones: Phones<(CodeStore, u32, User)>,
    disk: Disk,
    _stub: Stub,
}

impl Bench {
    /// Starts the daemon on the store of this size. Restores the accounts first if there are few.
    fn serve(&mut self, size: Size) {
        service::serve_after(size.users, || {
            if size.users <= RESTORED_UP_TO {
                folder::restore(&layout::ours(size.users));
                folder::restore(&layout::google(size.users));
                folder::restore(&layout::oath(size.users));
                self.phones.forget(|(_, users, _)| *users == size.users);
            }
        });
    }

    /// One login through each stack that is not measured, to fill the caches.
    fn warm(&mut self, size: Size, round: u32) {
        let user = user_at(size, round, 3 * USERS_PER_KIND);
        for subject in Subject::ALL.into_iter().filter(|one| one.has(size)) {
            if subject.first_place() == 0 {
                self.sample(subject, size, user);
            }
        }
    }

    fn round(&mut self, size: Size, round: u32, times: &mut BTreeMap<Subject, Times>) {
        let subjects: Vec<Subject> = Subject::ALL
            .into_iter()
            .filter(|subject| subject.has(size))
            .collect();
        for turn in 0..CODES_PER_USER {
            for place in 0..USERS_PER_KIND {
                for subject in shuffled(&subjects, (size.users, round, turn, place)) {
                    let user = user_at(size, round, subject.first_place() + place);
                    thread::sleep(PAUSE);
                    let time = self.sample(subject, size, user);
                    times.entry(subject).or_default().push(time);
                }
            }
        }
    }

    /// Takes one sample.
    fn sample(&mut self, subject: Subject, size: Size, user: User) -> Duration {
        let code = match subject.store() {
            Some(code_store) => self.phones.next((code_store, size.users, user), user),
            None => "123456".to_owned(),
        };
        match subject {
            Subject::Bus => call("call", layout::STUB, user, &code),
            Subject::Peer => call("peer", layout::STUB_SOCKET, user, &code),
            Subject::OursWithoutPam => call("peer", tfa_proto::LOGIN_SOCKET, user, &code),
            Subject::Disk => self.disk.write_in_place(),
            _ => {
                let phases = match subject {
                    Subject::OursBothPhases => Phases::Both,
                    _ => Phases::Auth,
                };
                let service = stack(subject, size);
                let (time, verdict) = log_in(&service, user, &code, phases);
                if verdict != SUCCESS {
                    panic!(
                        "the login of {} through {service} with {} users failed with PAM code \
                         {verdict}: see the journal of the machine (TFA_KEEP=1 keeps the machine)",
                        user.name(),
                        size.users
                    );
                }
                time
            }
        }
    }

    /// Verifies that each stack refuses a wrong code and a used code.
    fn expect_refusals(&mut self, size: Size) {
        let user = user_at(size, 0, 0);
        for (subject, code_store) in [
            (Subject::Ours, CodeStore::Ours),
            (Subject::Google, CodeStore::Google),
            (Subject::Oath, CodeStore::Oath),
        ] {
            let service = stack(subject, size);
            let verdict = |code: &str| log_in(&service, user, code, Phases::Auth).1;
            let refused = |code: &str, what: &str| {
                if verdict(code) == SUCCESS {
                    panic!("{service} accepts {what}");
                }
            };
            refused(&wrong_code(user), "a wrong code");
            let code = self.phones.next((code_store, size.users, user), user);
            if verdict(&code) != SUCCESS {
                panic!("{service} refuses a correct code");
            }
            refused(&code, "a used code");
        }
    }
}

/// The subjects in a pseudorandom order, which depends only on the draw.
pub(crate) fn shuffled<S: Copy + Hash>(subjects: &[S], draw: impl Hash) -> Vec<S> {
    let mut shuffled = subjects.to_vec();
    shuffled.sort_by_cached_key(|subject| {
        let mut hasher = DefaultHasher::new();
        (&draw, subject).hash(&mut hasher);
        hasher.finish()
    });
    shuffled
}

/// The user at a place in a round.
fn user_at(size: Size, round: u32, place: u32) -> User {
    if size.users <= RESTORED_UP_TO {
        return User(place.min(RESTORED_UP_TO - 1));
    }
    User(round % ROUNDS_APART * USERS_PER_ROUND + place)
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
    fn each_subject_follows_each_other_one() {
        let mut pairs = std::collections::BTreeSet::new();
        for draw in 0..540 {
            let order = shuffled(&Subject::ALL, draw);
            assert_eq!(order.len(), Subject::ALL.len());
            pairs.extend(order.windows(2).map(|pair| (pair[0], pair[1])));
        }
        assert_eq!(pairs.len(), 72);
    }

    #[test]
    fn each_uid_has_one_place_in_a_round() {
        let size = Size {
            users: 1000,
            peers: true,
        };
        for round in 0..20 {
            let uids: std::collections::BTreeSet<_> = (0..USERS_PER_ROUND)
                .map(|place| user_at(size, round, place))
                .collect();
            assert_eq!(uids.len(), USERS_PER_ROUND as usize);
            assert!(uids.iter().all(|user| user.0 < LOCAL_USERS - DAEMON_USERS));
        }
    }
}
