//! What a verifier does for one request. It is the daemon's own code, over an etcd whose replies are known so far.

use std::sync::Arc;

use tfa_core::{
    Account, AnswerId, Answered, AskCode, AttemptId, Authenticator, Client, Dialog, Factors, Input,
    LockState, Message, Next, Parameters, Secret, ThrottleScope, Time, Turn, Verdict,
};
use tfa_fleet_core::HostName;
use tfa_store::etcd::EtcdStore;
use tfad::account::{Accounts, Loaded, Typed};
use tfad::host::users::User;

use crate::script::Script;
pub use crate::script::{Call, Reply};

/// RFC 6238 appendix B: the time of [`CODE`].
const NOW: u64 = 1_111_111_109;
/// How far the clock of each verifier is ahead. They differ by less than a lock lasts.
const AHEAD: [u64; 3] = [0, 20, 9];
/// When the user enrolled.
const LONG_AGO: Time = Time::from_secs(59);

/// The present code of the user's key, cut to six digits.
pub const CODE: &str = "081804";
/// A code that the key never shows near that time.
pub const WRONG: &str = "555555";

/// Where wrong codes count.
const SCOPE: ThrottleScope = ThrottleScope::UNKNOWN;

/// What the daemon is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Job {
    /// The dialog of a login.
    Login(Attempt),
    /// An administrator enrolls the user. So many wrong codes are counted already.
    Enroll(u32),
    /// An administrator removes the record of the user.
    Remove,
    /// Reads the record.
    Look,
}

/// An attempt to log in at a member. `None`: the answers have no ids.
pub type Attempt = Option<(&'static str, u8)>;

/// An answer of a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Answer {
    /// Its number in the attempt.
    pub number: u32,
    /// What was typed.
    pub code: &'static str,
}

/// A request to a verifier, with all that has reached it of the request.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Process {
    /// What is asked for.
    pub job: Job,
    /// The verifier.
    pub verifier: u8,
    /// A number that no other process has.
    pub number: u8,
    /// The answers of a dialog so far.
    pub answers: Vec<Answer>,
    /// The replies of etcd so far.
    pub replies: Vec<Reply>,
    /// How often a call to etcd is made at most.
    pub tries: u32,
}

/// How far a process has come.
#[derive(Clone, PartialEq, Eq)]
pub enum Progress {
    /// It waits for etcd.
    Calls(Call),
    /// It waits for an answer of the user.
    Asks(Said),
    /// It has ended with a turn.
    Ended(Said, Ended),
}

/// What a turn says of the answer before, and of the account.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Said {
    /// The user was told of a lock.
    pub is_locked: bool,
    /// The user was told that the code was used before.
    pub is_used: bool,
}

/// How a process has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The user is let in. `again`: by an answer that was right before.
    Verified {
        /// Whether nothing was changed for it.
        again: bool,
    },
    /// The user is not let in.
    Refused,
    /// The change is made.
    Done,
    /// What was read: whether there is a record, and whether a verifier takes it for locked.
    Seen {
        /// Whether there is a record.
        exists: bool,
        /// Whether it is locked by the clock of this verifier.
        is_locked: bool,
    },
    /// The store gave an error.
    Failed,
}

impl Process {
    /// Runs the process as far as the known replies and answers reach.
    #[must_use]
    pub fn run(&self) -> Progress {
        let script = Script::new(self.number, self.replies.clone(), self.tries);
        let store = EtcdStore::new(script.clone(), "");
        let accounts = Accounts::new(Arc::new(store)).by_name_alone();
        let progress = match self.job {
            Job::Login(attempt) => self.log_in(&accounts, &script, attempt),
            Job::Enroll(failures) => done(accounts.change(&lea(), |account| {
                enroll(account, failures, self.now());
            })),
            Job::Remove => done(accounts.remove(&lea().name)),
            Job::Look => self.look(&accounts),
        };
        script.waiting().map_or(progress, Progress::Calls)
    }

    fn now(&self) -> Time {
        Time::from_secs(NOW + AHEAD[usize::from(self.verifier)])
    }

    fn look(&self, accounts: &Accounts) -> Progress {
        let Ok(found) = accounts.load(&lea()) else {
            return ended(Ended::Failed);
        };
        let lock = found.as_ref().map(|it| it.lock_state(SCOPE, self.now()));
        ended(Ended::Seen {
            exists: found.is_some(),
            is_locked: lock.is_some_and(|lock| lock != LockState::Unlocked),
        })
    }

    /// The dialog. As in `tfad::login`, the first answer is judged on the record that its begin has loaded.
    fn log_in(&self, accounts: &Accounts, script: &Script, attempt: Attempt) -> Progress {
        let now = self.now();
        let Ok(loaded) = accounts.load_record(&lea()) else {
            return ended(Ended::Failed);
        };
        let Some(account) = loaded.account() else {
            return ended(Ended::Refused);
        };
        let begun = AskCode::begin(account, SCOPE, now);
        let (mut turn, mut dialog) = (begun.turn, begun.dialog);
        let (mut loaded, mut again) = (Some(loaded), false);
        for answer in &self.answers {
            let Some(Dialog::AskCode(question)) = &dialog else {
                panic!("an answer to no question");
            };
            let before = script.transactions();
            match judge(accounts, question, answer, attempt, loaded.take(), now) {
                Some(judged) => (turn, dialog) = judged,
                None => return ended(Ended::Failed),
            }
            again = script.transactions() == before;
        }
        let said = said(&turn);
        match turn.next {
            Next::End(Verdict::Verified(_)) => Progress::Ended(said, Ended::Verified { again }),
            Next::End(_) => Progress::Ended(said, Ended::Refused),
            _ => Progress::Asks(said),
        }
    }
}

fn judge(
    accounts: &Accounts,
    question: &AskCode,
    answer: &Answer,
    attempt: Attempt,
    loaded: Option<Loaded>,
    now: Time,
) -> Option<(Turn, Option<Dialog>)> {
    let client = client(attempt.map(|attempt| id(attempt, answer.number)));
    let input = Input::parse(answer.code);
    let typed = Typed {
        input: &input,
        scope: SCOPE,
        now,
        answer: client.answer,
        may_hash: &|| true,
    };
    let judged = accounts.judge(&lea(), &typed, loaded, |account, credential| {
        let any = Some(Factors::ANY);
        match question.answer(any, account, credential, client, now) {
            Answered::Turn(turn, next) => Some((turn, next)),
            Answered::Rehash | Answered::DrawCodes => None,
        }
    });
    judged.ok()
}

fn client(answer: Option<AnswerId>) -> Client<'static> {
    Client {
        from: "192.0.2.7",
        service: "sshd",
        shows: true,
        answer,
    }
}

fn id((member, random): (&str, u8), number: u32) -> AnswerId {
    let member = HostName::new(member).expect("the name of a host");
    AnswerId {
        attempt: AttemptId::of_member(&member, [random; AttemptId::LENGTH]),
        number,
    }
}

fn enroll(account: &mut Account, failures: u32, now: Time) {
    let secret = Secret::new(b"12345678901234567890").expect("a secret");
    let phone = Authenticator::totp("phone", Parameters::default(), secret);
    // Where there is a phone already, it stays.
    let _ = account.bind(phone, LONG_AGO);
    let wrong = tfa_core::Credential::Code(code(WRONG));
    for _ in 0..failures {
        let _ = account.judge(&wrong, SCOPE, now);
    }
}

fn code(digits: &str) -> tfa_core::Code {
    match Input::parse(digits) {
        Input::Code(code) => code,
        _ => panic!("not a code: {digits}"),
    }
}

fn done<E>(made: Result<(), E>) -> Progress {
    match made {
        Ok(()) => ended(Ended::Done),
        Err(_) => ended(Ended::Failed),
    }
}

fn ended(how: Ended) -> Progress {
    Progress::Ended(Said::default(), how)
}

fn said(turn: &Turn) -> Said {
    Said {
        is_locked: turn.says.is_some_and(|says| says.lock_scope().is_some()),
        is_used: turn.says == Some(Message::AlreadyUsed),
    }
}

fn lea() -> User {
    User {
        name: "lea".to_owned(),
        uid: 1000,
        aliases: Vec::new(),
    }
}
