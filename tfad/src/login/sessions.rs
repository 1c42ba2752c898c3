//! The login dialogs under way.
//!
//! A dialog belongs to one connection. It ends with the connection, with its verdict, or after two minutes
//! without an answer. The number of dialogs is limited for each kind of caller, and their memory for each host: none
//! can use up all.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tfa_core::{
    Account, AnswerId, AttemptId, Client, Dialog, Login, LoginOrigin, PhaseInput, Policy,
    PolicyDecision, Time,
};
use tfa_proto::Context;

use super::expiry::Watcher;
use super::{Error, dialog_size, on_member, pam_context};
use crate::account::Loaded;
use crate::caller::Caller;
use crate::host::facts::HostFacts;
use crate::host::users::User;
use crate::login::facts::LoginFacts;

/// How long a dialog waits for an answer.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(120);
/// How long an enrollment waits for an answer: the user may install an app meanwhile.
pub const ENROLLMENT_IDLE_TIMEOUT: Duration = Duration::from_secs(600);
/// The number of dialogs of this host, and of members together: neither takes places of the other. Half of them are
/// reserved for root's.
const MAX_SESSIONS: usize = 4096;
/// From this number on, a user who has a dialog gets no other one: an attacker who knows a few passwords
/// must not take the places of all other users.
const CROWDED_FROM: usize = MAX_SESSIONS / 4 * 3;
/// The number of dialogs for one user from one origin.
const MAX_PER_USER: usize = 256;
/// The number of dialogs of one caller who is not root.
const MAX_PER_CALLER: usize = 8;
/// The number of dialogs of one host of a fleet.
const MAX_PER_HOST: usize = 256;
/// The number of dialogs of programs of root's that one user runs, such as su.
const MAX_PER_REQUESTER: usize = 64;

/// Who logs in, through whom, and how.
#[derive(Debug, Clone)]
pub struct LoginAttempt {
    /// Where the user logs in.
    pub host: Arc<dyn HostFacts>,
    /// Who conducts it.
    pub caller: Caller,
    /// Who logs in.
    pub user: User,
    /// What PAM said.
    pub context: Context,
    /// The same in the terms of the policy, with the groups as they were.
    pub login: Login,
    /// For a login on a member of a fleet: the member, and where the login there comes from.
    pub from_member: Option<String>,
}

impl LoginAttempt {
    /// What the second factor depends on, in this phase.
    pub(super) fn facts(&self, phase: PhaseInput) -> LoginFacts<'_> {
        LoginFacts {
            host: &*self.host,
            is_root: self.caller.is_root(),
            context: &self.context,
            login: &self.login,
            phase,
        }
    }

    /// The program that carries the dialog, as far as the user hears of it.
    pub(super) fn client(&self) -> Client<'_> {
        let client = pam_context::client(&self.caller, &self.context);
        match &self.from_member {
            Some(from) => Client { from, ..client },
            None => client,
        }
    }

    /// What the policy decides about it.
    pub(super) fn decide(
        &self,
        policy: &Policy,
        account: Option<&Account>,
        now: Time,
    ) -> PolicyDecision {
        let decision = policy.decide(&self.login, account, now);
        match self.host.is_local() {
            true => decision,
            false => on_member::decided(decision, account, self.user.uid),
        }
    }

    /// Whether root logs in at a console of this host.
    pub(super) fn is_of_root_at_console(&self) -> bool {
        self.user.uid == 0 && self.host.is_local() && self.login.origin == LoginOrigin::Local
    }

    /// The process that calls, where the login is on this host: the kernel here knows no other one.
    pub(super) fn local_pid(&self) -> Option<u32> {
        self.caller.pid.filter(|_| self.host.is_local())
    }

    /// The user who runs a program of root's, as far as PAM knows (`PAM_RUSER`, which su and sudo set).
    fn requester(&self) -> Option<&str> {
        let name = self.context.ruser.as_str();
        (self.caller.is_root() && !matches!(name, "" | "root")).then_some(name)
    }
}

/// A dialog under way.
#[derive(Clone)]
pub struct Session {
    /// The login.
    pub attempt: LoginAttempt,
    /// The last answer.
    pub answer: AnswerId,
    /// Its state. It may hold a key: it has no `Debug`.
    pub dialog: Dialog,
}

impl Session {
    /// A dialog without an answer.
    #[must_use]
    pub fn new(attempt: LoginAttempt, id: AttemptId, dialog: Dialog) -> Self {
        let answer = AnswerId {
            attempt: id,
            number: 0,
        };
        Self {
            attempt,
            answer,
            dialog,
        }
    }
}

/// All dialogs under way.
#[derive(Default)]
pub struct Sessions {
    open: HashMap<u32, Slot>,
    last: u32,
    /// Ends those that have waited too long.
    pub(super) watcher: Option<Watcher>,
}

struct Slot {
    dialog: Session,
    /// The record on which the question was asked, until the first answer. It holds secrets.
    loaded: Option<Loaded>,
    since: Instant,
    /// Its memory without the record, in bytes.
    size: usize,
    /// An answer is being judged: there is no question to answer meanwhile.
    judging: bool,
}

impl fmt::Debug for Sessions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sessions")
    }
}

impl Sessions {
    /// Takes up a dialog and numbers it.
    ///
    /// # Errors
    /// [`Error::TooManyDialogs`].
    pub fn open(
        &mut self,
        mut dialog: Session,
        loaded: Option<Loaded>,
        now: Instant,
    ) -> Result<u32, Error> {
        self.end_expired(now);
        if let Some(host) = dialog.attempt.host.for_dialog() {
            dialog.attempt.host = host;
        }
        let scope = dialog.dialog.counted_on();
        let is_local = dialog.attempt.host.is_local();
        let together = self.count(|open| open.attempt.host.is_local() == is_local);
        // A member must not use up what users have elsewhere.
        let caller = &dialog.attempt.caller;
        let is_there = |open: &Session| open.attempt.caller.host == caller.host;
        let about_user = self.count(|open| {
            open.attempt.user.uid == dialog.attempt.user.uid
                && open.dialog.counted_on() == scope
                && is_there(open)
        });
        let is_crowded = together >= CROWDED_FROM
            && self.count(|open| open.attempt.user.uid == dialog.attempt.user.uid) > 0;
        let requester = dialog.attempt.requester();
        let of_requester = requester.map_or(0, |requester| {
            self.count(|open| open.attempt.requester() == Some(requester) && is_there(open))
        });
        let of_caller = self.count(|open| open.attempt.caller.uid == caller.uid && is_there(open));
        // A host has one name as a caller, and each connection here another one.
        let of_host = match is_local {
            true => 0,
            false => self.count(|open| open.attempt.caller.name == dialog.attempt.caller.name),
        };
        let root = dialog.attempt.caller.is_root();
        let most = if root { MAX_SESSIONS } else { MAX_SESSIONS / 2 };
        if together >= most
            || is_crowded
            || about_user >= MAX_PER_USER
            || of_requester >= MAX_PER_REQUESTER
            || of_host >= MAX_PER_HOST
            || (!root && of_caller >= MAX_PER_CALLER)
        {
            return Err(Error::TooManyDialogs);
        }
        let size = dialog_size::of(&dialog);
        let with_record = loaded.as_ref().map_or(0, Loaded::memory);
        if !self.make_room(&dialog, size.saturating_add(with_record)) {
            return Err(Error::TooManyDialogs);
        }
        loop {
            self.last = self.last.wrapping_add(1);
            if !self.open.contains_key(&self.last) {
                let slot = Slot {
                    dialog,
                    loaded,
                    since: now,
                    size,
                    judging: false,
                };
                self.expect(slot.end());
                self.open.insert(self.last, slot);
                return Ok(self.last);
            }
        }
    }

    /// Ends the oldest dialogs of the host of a fleet that begins one of this size, where it has no room otherwise.
    /// Returns whether there is room.
    fn make_room(&mut self, dialog: &Session, size: usize) -> bool {
        let host = &dialog.attempt.caller.name;
        let is_there = |slot: &Slot| slot.dialog.attempt.caller.name == *host;
        let is_local = dialog.attempt.host.is_local();
        while !is_local && self.size(is_there).saturating_add(size) > dialog_size::MAX_OF_HOST {
            let waiting = self.open.iter();
            let waiting = waiting.filter(|(_, slot)| is_there(slot) && !slot.judging);
            let Some((&oldest, _)) = waiting.min_by_key(|(_, slot)| slot.since) else {
                return false;
            };
            self.open.remove(&oldest);
        }
        let together = self.size(|slot| slot.dialog.attempt.host.is_local() == is_local);
        let most = match is_local {
            true => dialog_size::MAX_OF_THIS_HOST,
            false => dialog_size::MAX_OF_MEMBERS,
        };
        together.saturating_add(size) <= most
    }

    /// The memory of dialogs, in bytes.
    fn size(&self, which: impl Fn(&Slot) -> bool) -> usize {
        let which = self.open.values().filter(|slot| which(slot));
        which.map(Slot::memory).sum()
    }

    /// The thread that ends dialogs learns when one ends.
    fn expect(&self, end: Instant) {
        if let Some(watcher) = &self.watcher {
            watcher.expect(end);
        }
    }

    /// Ends the dialogs that have waited too long. Returns when the next one will have; `None` if there is none.
    pub(super) fn end_expired(&mut self, now: Instant) -> Option<Instant> {
        self.open.retain(|_, slot| !slot.is_expired(now));
        self.open.values().map(Slot::end).min()
    }

    /// Takes a dialog up for the judgement of an answer, with the record on which the question was
    /// asked if it is the first. Until [`Self::resume`] or [`Self::close`] a second answer finds no
    /// question.
    ///
    /// # Errors
    /// [`Error::NoSuchDialog`] for one that is over, being judged, or another connection's.
    pub fn take_for_answer(
        &mut self,
        number: u32,
        sender: &str,
        now: Instant,
    ) -> Result<(Session, Option<Loaded>), Error> {
        self.take(number, sender, now, |last| {
            let number = last.number.saturating_add(1);
            Some(AnswerId { number, ..last })
        })
    }

    /// As [`Self::take_for_answer`], for an answer that the host of the login has numbered.
    ///
    /// # Errors
    /// [`Error::NoSuchDialog`], also for a dialog of another attempt.
    pub fn take_for_numbered(
        &mut self,
        number: u32,
        sender: &str,
        answer: AnswerId,
        now: Instant,
    ) -> Result<(Session, Option<Loaded>), Error> {
        self.take(number, sender, now, |last| {
            (last.attempt == answer.attempt).then_some(answer)
        })
    }

    fn take(
        &mut self,
        number: u32,
        sender: &str,
        now: Instant,
        answer_after: impl FnOnce(AnswerId) -> Option<AnswerId>,
    ) -> Result<(Session, Option<Loaded>), Error> {
        let slot = self.open.get_mut(&number);
        let slot = slot.filter(|slot| slot.dialog.attempt.caller.name == sender);
        let slot = slot.filter(|slot| !slot.judging && !slot.is_expired(now));
        let slot = slot.ok_or(Error::NoSuchDialog)?;
        slot.dialog.answer = answer_after(slot.dialog.answer).ok_or(Error::NoSuchDialog)?;
        slot.judging = true;
        Ok((slot.dialog.clone(), slot.loaded.take()))
    }

    /// The dialog goes on with its next question, if its connection is still there.
    pub fn resume(&mut self, number: u32, dialog: Dialog, now: Instant) {
        if let Some(slot) = self.open.get_mut(&number) {
            slot.dialog.dialog = dialog;
            slot.since = now;
            slot.judging = false;
            let end = slot.end();
            self.expect(end);
        }
    }

    /// The dialog is over.
    pub fn close(&mut self, number: u32) {
        self.open.remove(&number);
    }

    /// How long the dialogs of a connection wait for an answer; `None` where it has none.
    pub fn idle_timeout(&self, sender: &str) -> Option<Duration> {
        let own = |slot: &&Slot| slot.dialog.attempt.caller.name == sender;
        self.open.values().filter(own).map(Slot::idle_timeout).max()
    }

    /// Drops every dialog of a connection that is gone, and what has gone silent.
    pub fn forget(&mut self, sender: &str, now: Instant) {
        self.open
            .retain(|_, slot| slot.dialog.attempt.caller.name != sender && !slot.is_expired(now));
    }

    fn count(&self, which: impl Fn(&Session) -> bool) -> usize {
        self.open
            .values()
            .filter(|slot| which(&slot.dialog))
            .count()
    }
}

impl Slot {
    /// In bytes.
    fn memory(&self) -> usize {
        let record = self.loaded.as_ref().map_or(0, Loaded::memory);
        self.size.saturating_add(record)
    }

    fn idle_timeout(&self) -> Duration {
        match self.dialog.dialog {
            Dialog::AskCode(_) | Dialog::AskRecoveryCode(_) | Dialog::AskRemember(_) => {
                IDLE_TIMEOUT
            }
            Dialog::Enroll(_) => ENROLLMENT_IDLE_TIMEOUT,
        }
    }

    /// When it will have waited too long.
    fn end(&self) -> Instant {
        self.since + self.idle_timeout()
    }

    fn is_expired(&self, now: Instant) -> bool {
        now >= self.end()
    }
}

#[cfg(test)]
mod tests {
    use tfa_core::{
        Account, AskCode, Authenticator, Enroll, Groups, HostName, Identity, LoginOrigin, Methods,
        Parameters, Picture, Secret, Subject, ThrottleScope, Time,
    };

    use std::sync::Mutex;
    use std::thread;

    use super::*;
    use crate::fleet::{MemberFacts, ToldSubject};
    use crate::host::facts::LocalHost;
    use crate::host::subject::SubjectQuery;
    use crate::host::time_limit::CallsFor;
    use crate::login::expiry;

    const ID: AttemptId = AttemptId::new([7; AttemptId::LENGTH]);

    fn dialog(sender: &str, uid: u32, user: u32) -> Session {
        let mut account = Account::new(user);
        let key = Secret::new(&[7; 20]).unwrap();
        let authenticator = Authenticator::totp("phone", Parameters::default(), key);
        let now = Time::from_secs(1_700_000_000);
        account.bind(authenticator, now).unwrap();
        let begun = AskCode::begin(&account, ThrottleScope::UNKNOWN, now);
        Session::new(attempt(sender, uid, user), ID, begun.dialog.unwrap())
    }

    fn attempt(sender: &str, uid: u32, user: u32) -> LoginAttempt {
        let name = format!("user{user}");
        LoginAttempt {
            host: Arc::new(LocalHost(CallsFor::Logins)),
            caller: Caller {
                name: sender.to_owned(),
                uid,
                pid: None,
                host: None,
            },
            user: User {
                name: name.clone(),
                uid: user,
                aliases: Vec::new(),
            },
            context: Context::default(),
            login: Login {
                subject: Subject {
                    uid: user,
                    canonical: Identity {
                        name,
                        groups: Groups::default(),
                    },
                    aliases: Vec::new(),
                },
                host: None,
                service: String::new(),
                origin: LoginOrigin::Local,
                methods: Methods::default(),
                keys: Vec::new(),
                host_requires: None,
            },
            from_member: None,
        }
    }

    /// A dialog of a host of a fleet.
    fn of_host(name: &str, user: u32) -> Session {
        let mut session = dialog(name, 0, user);
        session.attempt.host = Arc::new(MemberFacts {
            host: HostName::new("web1").unwrap(),
            attempt: ID,
            at_console: None,
            subject: None,
            session_phase_decides: None,
            goes_on_after_wrong_password: None,
            floor: None,
        });
        session
    }

    #[test]
    fn a_process_of_another_host_is_none_of_this_one() {
        let pid_of = |session: Session| {
            let mut attempt = session.attempt;
            attempt.caller.pid = Some(7);
            attempt.local_pid()
        };
        assert_eq!(pid_of(dialog("connection 7", 0, 1)), Some(7));
        assert_eq!(pid_of(of_host("host web1", 1)), None);
    }

    #[test]
    fn a_host_of_a_fleet_has_a_limit_of_its_own() {
        let (mut sessions, now) = (Sessions::default(), Instant::now());
        let mut open = |session| sessions.open(session, None, now);
        for user in 1..=256 {
            assert!(open(of_host("host web1", user)).is_ok(), "{user}");
        }
        let too_many = open(of_host("host web1", 300));
        assert!(matches!(too_many, Err(Error::TooManyDialogs)));
        assert!(open(of_host("host web2", 300)).is_ok());
        assert!(open(dialog("connection 7", 0, 300)).is_ok());
    }

    #[test]
    fn oldest_dialog_of_a_host_ends_where_its_memory_is_full() {
        let (mut sessions, start) = (Sessions::default(), Instant::now());
        let large = |host: &str| {
            let mut session = of_host(host, 1);
            session.attempt.context.ssh_auth_info = "k".repeat(dialog_size::MAX_OF_HOST / 4);
            session
        };
        let mut open = |host, after| {
            let after = start + Duration::from_secs(after);
            sessions.open(large(host), None, after).unwrap()
        };
        let [oldest, second, third] = [0, 1, 2].map(|after| open("host web1", after));
        let of_other = open("host web2", 0);
        let newest = open("host web1", 3);
        let mut take = |number, host| sessions.take_for_answer(number, host, start);
        assert!(matches!(
            take(oldest, "host web1"),
            Err(Error::NoSuchDialog)
        ));
        for number in [second, third, newest] {
            assert!(take(number, "host web1").is_ok(), "{number}");
        }
        assert!(take(of_other, "host web2").is_ok());
        // Their answers are being judged: none of them ends.
        let full = sessions.open(large("host web1"), None, start);
        assert!(matches!(full, Err(Error::TooManyDialogs)));
    }

    #[test]
    fn dialogs_of_members_together_are_bounded_and_take_no_place_of_this_host() {
        let (mut sessions, now) = (Sessions::default(), Instant::now());
        let most = dialog_size::MAX_OF_MEMBERS / dialog_size::MAX_OF_HOST;
        let opened = (0..=most).take_while(|host| {
            let mut session = of_host(&format!("host web{host}"), 1);
            session.attempt.context.ssh_auth_info = "k".repeat(dialog_size::MAX_OF_HOST - 5000);
            sessions.open(session, None, now).is_ok()
        });
        assert_eq!(opened.count(), most);
        // Root logs in at the console.
        let mut open = |session| sessions.open(session, None, now);
        assert!(open(dialog("connection 7", 0, 0)).is_ok());
        let mut sessions = Sessions::default();
        let mut open = |session| sessions.open(session, None, now);
        let user = |number| u32::try_from(number).unwrap();
        for number in 0..MAX_SESSIONS {
            let host = format!("host web{}", number / MAX_PER_HOST);
            assert!(open(of_host(&host, user(number))).is_ok(), "{number}");
        }
        assert!(open(of_host("host web99", 1)).is_err());
        assert!(open(dialog("connection 7", 0, 0)).is_ok());
        assert!(open(dialog("connection 8", 1000, 1000)).is_ok());
    }

    #[test]
    fn what_only_the_begin_depends_on_is_not_kept() {
        let (mut sessions, now) = (Sessions::default(), Instant::now());
        let mut session = of_host("host web1", 1);
        session.attempt.host = Arc::new(MemberFacts {
            host: HostName::new("web1").unwrap(),
            attempt: ID,
            at_console: Some(true),
            subject: Some(ToldSubject {
                query: SubjectQuery::membership(Vec::new()),
                identities: Vec::new(),
            }),
            session_phase_decides: None,
            goes_on_after_wrong_password: None,
            floor: None,
        });
        let number = sessions.open(session, None, now).unwrap();
        let (session, _) = sessions.take_for_answer(number, "host web1", now).unwrap();
        let kept = format!("{:?}", session.attempt.host);
        assert!(kept.contains("subject: None"), "{kept}");
        assert!(kept.contains("at_console: Some(true)"), "{kept}");
    }

    #[test]
    fn dialog_without_a_connection_ends_by_itself() {
        let sessions = Arc::new(Mutex::new(Sessions::default()));
        let nearly = IDLE_TIMEOUT - Duration::from_millis(100);
        let since = Instant::now().checked_sub(nearly).unwrap();
        {
            let mut locked = sessions.lock().unwrap();
            let number = locked.open(of_host("host web1", 1), None, since);
            assert!(number.is_ok());
            expiry::watch(&sessions, &mut locked);
        }
        // The thread ends too.
        let start = Instant::now();
        while sessions.lock().unwrap().watcher.is_some() {
            assert!(start.elapsed() < Duration::from_secs(60));
            thread::yield_now();
        }
        assert_eq!(sessions.lock().unwrap().open.len(), 0);
    }

    #[test]
    fn dialog_that_begins_later_and_ends_earlier_is_not_kept() {
        let sessions = Arc::new(Mutex::new(Sessions::default()));
        let now = Instant::now();
        let mut enrollment = set_up("host web1");
        enrollment.attempt.host = of_host("host web1", 1).attempt.host;
        {
            let mut locked = sessions.lock().unwrap();
            locked.open(enrollment, None, now).unwrap();
            expiry::watch(&sessions, &mut locked);
        }
        let until = |is_so: &dyn Fn(&Sessions) -> bool| {
            while !is_so(&sessions.lock().unwrap()) {
                assert!(now.elapsed() < Duration::from_secs(60));
                thread::yield_now();
            }
        };
        // The thread waits for the enrollment.
        let enrollment_ends = now + ENROLLMENT_IDLE_TIMEOUT;
        until(&|sessions| {
            let watcher = sessions.watcher.as_ref();
            watcher.is_some_and(|watcher| watcher.looks_at() == enrollment_ends)
        });
        let nearly = IDLE_TIMEOUT - Duration::from_millis(500);
        let mut locked = sessions.lock().unwrap();
        let since = now.checked_sub(nearly).unwrap();
        locked.open(of_host("host web1", 1), None, since).unwrap();
        assert_eq!(locked.open.len(), 2);
        drop(locked);
        until(&|sessions| sessions.open.len() == 1);
    }

    #[test]
    fn dialogs_at_one_member_take_no_place_at_another_one() {
        let at = |member: &str, uid, user| {
            let mut session = of_host(&format!("host {member}"), user);
            session.attempt.caller.uid = uid;
            session.attempt.caller.host = HostName::new(member).ok();
            session.attempt.context.ruser = "alice".to_owned();
            session
        };
        let (mut sessions, now) = (Sessions::default(), Instant::now());
        let mut open = |session| sessions.open(session, None, now).is_ok();
        for _ in 0..MAX_PER_CALLER {
            assert!(open(at("web1", 1000, 1000)));
        }
        assert!(!open(at("web1", 1000, 1000)) && open(at("web2", 1000, 1000)));
        for user in 2000..2064 {
            assert!(open(at("web1", 0, user)));
        }
        assert!(!open(at("web1", 0, 3000)) && open(at("web2", 0, 3000)));
        let mut own = dialog(":1.5", 0, 3000);
        own.attempt.context.ruser = "alice".to_owned();
        assert!(open(own));
    }

    fn set_up(sender: &str) -> Session {
        let key = Secret::new(&[7; 20]).unwrap();
        let authenticator = Authenticator::totp("phone", Parameters::default(), key);
        let now = Time::from_secs(1_700_000_000);
        let begun = Enroll::begin(
            None,
            authenticator,
            None,
            false,
            Picture::First,
            ThrottleScope::UNKNOWN,
            now,
        );
        Session::new(attempt(sender, 0, 1000), ID, begun.dialog.unwrap())
    }

    #[test]
    fn each_answer_of_a_dialog_has_a_number_of_its_own() {
        let (mut dialogs, now) = (Sessions::default(), Instant::now());
        let number = dialogs.open(dialog(":1.5", 0, 1000), None, now).unwrap();
        for answers in 1..=3 {
            let (session, _) = dialogs.take_for_answer(number, ":1.5", now).unwrap();
            let expected = AnswerId {
                attempt: ID,
                number: answers,
            };
            assert_eq!(session.answer, expected);
            dialogs.resume(number, session.dialog, now);
        }
    }

    #[test]
    fn enrollment_waits_ten_minutes() {
        let (mut dialogs, now) = (Sessions::default(), Instant::now());
        let number = dialogs.open(set_up(":1.5"), None, now).unwrap();
        assert!(
            dialogs
                .take_for_answer(number, ":1.5", now + IDLE_TIMEOUT)
                .is_ok()
        );
        let number = dialogs.open(set_up(":1.5"), None, now).unwrap();
        assert!(
            dialogs
                .take_for_answer(number, ":1.5", now + ENROLLMENT_IDLE_TIMEOUT)
                .is_err()
        );
    }

    #[test]
    fn a_connection_is_waited_for_as_long_as_its_dialogs_wait_and_no_longer() {
        let (mut dialogs, now) = (Sessions::default(), Instant::now());
        assert_eq!(dialogs.idle_timeout(":1.5"), None);
        let question = dialogs.open(dialog(":1.5", 0, 1000), None, now).unwrap();
        dialogs.open(set_up(":1.6"), None, now).unwrap();
        assert_eq!(dialogs.idle_timeout(":1.5"), Some(IDLE_TIMEOUT));
        assert_eq!(dialogs.idle_timeout(":1.6"), Some(ENROLLMENT_IDLE_TIMEOUT));
        dialogs.close(question);
        assert_eq!(dialogs.idle_timeout(":1.5"), None);
    }

    #[test]
    fn a_dialog_is_its_callers_alone() {
        let (mut dialogs, now) = (Sessions::default(), Instant::now());
        let number = dialogs.open(dialog(":1.5", 0, 1000), None, now).unwrap();
        assert!(matches!(
            dialogs.take_for_answer(number, ":1.6", now),
            Err(Error::NoSuchDialog)
        ));
        assert!(dialogs.take_for_answer(number, ":1.5", now).is_ok());
        assert!(matches!(
            dialogs.take_for_answer(number, ":1.5", now),
            Err(Error::NoSuchDialog)
        ));
    }

    #[test]
    fn a_dialog_dies_with_its_connection_and_with_silence() {
        let (mut dialogs, now) = (Sessions::default(), Instant::now());
        let number = dialogs.open(dialog(":1.5", 0, 1000), None, now).unwrap();
        dialogs.forget(":1.5", now);
        assert!(dialogs.take_for_answer(number, ":1.5", now).is_err());
        let number = dialogs.open(dialog(":1.5", 0, 1000), None, now).unwrap();
        assert!(
            dialogs
                .take_for_answer(number, ":1.5", now + IDLE_TIMEOUT)
                .is_err()
        );
    }

    #[test]
    fn a_session_counts_while_an_answer_is_judged_and_ends_with_its_peer() {
        let (mut dialogs, now) = (Sessions::default(), Instant::now());
        let numbers: Vec<u32> = (0..MAX_PER_CALLER)
            .map(|_| dialogs.open(dialog(":1.9", 1000, 1000), None, now).unwrap())
            .collect();
        for number in &numbers {
            dialogs.take_for_answer(*number, ":1.9", now).unwrap();
        }
        let more = dialogs.open(dialog(":1.9", 1000, 1000), None, now);
        assert!(matches!(more, Err(Error::TooManyDialogs)));

        let next = dialog(":1.9", 1000, 1000).dialog;
        dialogs.resume(numbers[0], next.clone(), now);
        assert!(dialogs.take_for_answer(numbers[0], ":1.9", now).is_ok());
        dialogs.forget(":1.9", now);
        dialogs.resume(numbers[1], next, now);
        assert!(dialogs.take_for_answer(numbers[1], ":1.9", now).is_err());
    }

    #[test]
    fn the_number_of_sessions_is_bounded() {
        let (mut dialogs, now) = (Sessions::default(), Instant::now());
        for _ in 0..MAX_PER_CALLER {
            dialogs.open(dialog(":1.9", 1000, 1000), None, now).unwrap();
        }
        assert!(matches!(
            dialogs.open(dialog(":1.10", 1000, 1000), None, now),
            Err(Error::TooManyDialogs)
        ));
        for _ in 0..MAX_PER_USER {
            dialogs.open(dialog(":1.5", 0, 2000), None, now).unwrap();
        }
        assert!(matches!(
            dialogs.open(dialog(":1.5", 0, 2000), None, now),
            Err(Error::TooManyDialogs)
        ));
        assert!(dialogs.open(dialog(":1.5", 0, 3000), None, now).is_ok());
        assert!(
            dialogs
                .open(dialog(":1.5", 0, 2000), None, now + IDLE_TIMEOUT)
                .is_ok()
        );
    }

    #[test]
    fn users_without_a_dialog_get_one_when_others_have_taken_most() {
        let (mut dialogs, now) = (Sessions::default(), Instant::now());
        for number in 0..MAX_SESSIONS {
            let user = 2000 + u32::try_from(number % 16).unwrap();
            let _ = dialogs.open(dialog(":1.5", 0, user), None, now);
        }
        for user in 3000..3000 + u32::try_from(MAX_SESSIONS - CROWDED_FROM).unwrap() {
            let opened = dialogs.open(dialog(":1.5", 0, user), None, now);
            assert!(opened.is_ok(), "{user}");
        }
        let more = dialogs.open(dialog(":1.5", 0, 9999), None, now);
        assert!(matches!(more, Err(Error::TooManyDialogs)));
    }

    #[test]
    fn one_user_who_runs_su_has_a_bounded_number_of_dialogs() {
        let run_by = |ruser: &str, user| {
            let mut dialog = dialog(":1.5", 0, user);
            ruser.clone_into(&mut dialog.attempt.context.ruser);
            dialog
        };
        let (mut dialogs, now) = (Sessions::default(), Instant::now());
        for number in 0..MAX_PER_REQUESTER {
            let user = 2000 + u32::try_from(number).unwrap();
            let opened = dialogs.open(run_by("mallory", user), None, now);
            assert!(opened.is_ok(), "{user}");
        }
        let more = dialogs.open(run_by("mallory", 3000), None, now);
        assert!(matches!(more, Err(Error::TooManyDialogs)));
        for (ruser, user) in [("bob", 3000), ("", 3000), ("root", 3000), ("root", 2000)] {
            assert!(dialogs.open(run_by(ruser, user), None, now).is_ok());
        }
    }
}
