//! The network, etcd, crashes and members around the processes of the verifiers.
//!
//! A member may do more here than the daemon's own: it begins a login at one verifier and at the next, at any time, and
//! sends each answer to each dialog of the login, as often as the plan allows. So a fault of a member, or of the network before
//! a verifier, adds nothing.

use std::cell::RefCell;
use std::collections::HashMap;

use tfa_store::etcd::{Compare, KvError, TxnReply, Write};
use tfa_testkit::KvServer;

use crate::intern::Interner;
use crate::plan::{Mutation, Plan};
use crate::process::{Answer, Call, Ended, Job, Process, Progress, Reply, Said, WRONG};
use crate::search::Model;
use crate::state::{Action, Left, Open, Seen, State};
use crate::undisturbed::{completed, enrolled, process, reply};

/// A fleet within the bounds of a plan.
pub struct Fleet {
    pub(crate) plan: Plan,
    tables: RefCell<Tables>,
    first: State,
}

/// Values by number, and what was computed before.
#[derive(Default)]
struct Tables {
    servers: Interner<KvServer>,
    calls: Interner<Call>,
    processes: Interner<Process>,
    progress: HashMap<u32, Progress>,
    served: HashMap<(u32, u32), (u32, Reply)>,
    records: HashMap<u32, Record>,
}

/// What the record is in a state of etcd.
#[derive(Clone, Copy)]
pub(crate) struct Record {
    pub(crate) exists: bool,
    /// By the clock of each verifier.
    pub(crate) is_locked: bool,
}

impl Fleet {
    /// The fleet of a plan.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        let first = State {
            etcd: 0,
            before: 0,
            open: Vec::new(),
            late: Vec::new(),
            asked: vec![0; plan.logins.len()],
            begun: vec![0; plan.logins.len()],
            left: Left {
                enrollments: plan.enrollments,
                removals: plan.removals,
                faults: plan.faults,
                crashes: plan.crashes,
            },
            seen: Seen::default(),
        };
        let server = enrolled(&plan);
        let fleet = Self {
            plan,
            tables: RefCell::default(),
            first,
        };
        fleet.tables.borrow_mut().servers.number(server);
        fleet
    }

    /// How far a process has come. It is run twice: a process is a function of what has reached it.
    fn progress(&self, process: u32) -> Progress {
        let mut tables = self.tables.borrow_mut();
        if let Some(progress) = tables.progress.get(&process) {
            return progress.clone();
        }
        let value = tables.processes.value(process);
        let progress = value.run();
        assert!(progress == value.run(), "the process is not deterministic");
        tables.progress.insert(process, progress.clone());
        progress
    }

    /// What a call does to etcd.
    fn serve(&self, etcd: u32, call: u32) -> (u32, Reply) {
        let mut tables = self.tables.borrow_mut();
        if let Some(served) = tables.served.get(&(etcd, call)) {
            return served.clone();
        }
        let mut server = KvServer::clone(&tables.servers.value(etcd));
        let mut made = Call::clone(&tables.calls.value(call));
        let reply = match &mut made {
            Call::Txn(txn) if self.is(Mutation::PutAlways) => {
                txn.compares.clear();
                reply(&mut server, &made)
            }
            _ => reply(&mut server, &made),
        };
        let served = (tables.servers.number(server), reply);
        tables.served.insert((etcd, call), served.clone());
        served
    }

    /// Forgets transactions that can never be applied: a key has a greater revision than they compare. etcd gives no
    /// revision twice.
    fn forget_void(&self, state: &mut State) {
        if self.is(Mutation::PutAlways) {
            return;
        }
        let tables = self.tables.borrow();
        let etcd = tables.servers.value(state.etcd);
        let is_void = |compare: &Compare| match compare {
            Compare::Revision(key, revision) if *revision > 0 => etcd.revision(key) > *revision,
            Compare::Revision(..) | Compare::Value(..) => false,
        };
        state.late.retain(|call| match &*tables.calls.value(*call) {
            Call::Txn(txn) => !txn.compares.iter().any(is_void),
            _ => false,
        });
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.plan.mutation == Some(mutation)
    }

    /// The call that an open process waits for.
    fn call(&self, open: &Open) -> Option<u32> {
        let Progress::Calls(mut call) = self.progress(open.process) else {
            return None;
        };
        if let (Call::Txn(txn), true) = (&mut call, self.is(Mutation::RemovalDeletes)) {
            let removes = txn.then.len() > 1 || self.job(open) == Job::Remove;
            for write in txn.then.iter_mut().filter(|_| removes) {
                if let Write::Put(key, value) = write
                    && value.first() == Some(&0)
                {
                    *write = Write::Delete(key.clone());
                }
            }
        }
        Some(self.tables.borrow_mut().calls.number(call))
    }

    fn is_txn(&self, call: u32) -> bool {
        matches!(&*self.tables.borrow().calls.value(call), Call::Txn(_))
    }

    fn job(&self, open: &Open) -> Job {
        self.tables.borrow().processes.value(open.process).job
    }

    /// The record that is in etcd.
    pub(crate) fn record(&self, etcd: u32) -> Record {
        if let Some(record) = self.tables.borrow().records.get(&etcd) {
            return *record;
        }
        let looks = (0..self.plan.verifiers).map(|verifier| {
            let look = process(&self.plan, Job::Look, verifier, u8::MAX);
            let server = self.tables.borrow().servers.value(etcd);
            match completed(&mut KvServer::clone(&server), look) {
                Progress::Ended(_, Ended::Seen { exists, is_locked }) => (exists, is_locked),
                _ => panic!("the record cannot be read"),
            }
        });
        let looks: Vec<_> = looks.collect();
        let record = Record {
            exists: looks.iter().any(|(exists, _)| *exists),
            is_locked: looks.iter().all(|(_, is_locked)| *is_locked),
        };
        self.tables.borrow_mut().records.insert(etcd, record);
        record
    }

    /// The number of a process: that of its login and its dialog, so that it does not tell which one of several began
    /// first.
    fn number(&self, state: &State, job: Job, login: Option<usize>) -> u8 {
        let of_jobs = match job {
            Job::Enroll(_) => 100 + state.left.enrollments,
            _ => 200 + state.left.removals,
        };
        login.map_or(of_jobs, |login| {
            let login_number = u8::try_from(login).expect("few logins");
            login_number * self.plan.dialogs + state.begun[login]
        })
    }

    fn begin(&self, state: &mut State, job: Job, verifier: u8, login: Option<usize>) {
        let is_enrollment = |one: &Open| matches!(self.job(one), Job::Enroll(_));
        let is_alone = !state.open.iter().any(is_enrollment);
        if matches!(job, Job::Enroll(_)) {
            state.seen.is_removed = false;
            for one in &mut state.open {
                (one.is_alone, one.after_removal) = (false, false);
            }
        }
        let number = self.number(state, job, login);
        let process = process(&self.plan, job, verifier, number);
        let process = self.tables.borrow_mut().processes.number(process);
        state.open.push(Open {
            number,
            process,
            login,
            verifier,
            after_lock: false,
            after_removal: false,
            is_alone,
        });
        // Until its first read, it has no effect and depends on nothing.
        self.serve_open(state, state.open.len() - 1);
    }

    /// etcd takes the call of an open process, and the reply arrives.
    fn serve_open(&self, state: &mut State, place: usize) {
        let open = &state.open[place];
        let call = self.call(open).expect("a call");
        let reply = if self.is_stale(open, call) {
            self.serve(state.before, call).1
        } else {
            self.apply(state, call)
        };
        self.go_on(state, place, |process| process.replies.push(reply));
    }

    fn apply(&self, state: &mut State, call: u32) -> Reply {
        let (etcd, reply) = self.serve(state.etcd, call);
        if etcd != state.etcd && self.is(Mutation::StaleReads) {
            state.before = state.etcd;
        }
        state.etcd = etcd;
        reply
    }

    /// Whether a call reads what etcd had before its last change: the first read that has to be fresh.
    fn is_stale(&self, open: &Open, call: u32) -> bool {
        let tables = self.tables.borrow();
        let replies = &tables.processes.value(open.process).replies;
        self.is(Mutation::StaleReads) && !self.is_txn(call) && replies.len() == 1
    }

    /// Gives an open process more of what it waits for, and ends it where it has ended.
    fn go_on(&self, state: &mut State, place: usize, more: impl FnOnce(&mut Process)) {
        let number = state.open[place].process;
        let mut process = Process::clone(&self.tables.borrow().processes.value(number));
        more(&mut process);
        let answer = process.answers.last().copied();
        let number = self.tables.borrow_mut().processes.number(process);
        state.open[place].process = number;
        match self.progress(number) {
            Progress::Calls(_) => {}
            Progress::Asks(said) => {
                Self::hear(state, said);
                if let (Some(login), Some(answer)) = (state.open[place].login, answer) {
                    state.asked[login] = state.asked[login].max(answer.number);
                }
            }
            Progress::Ended(said, how) => {
                Self::hear(state, said);
                let open = state.open.remove(place);
                self.end(state, &open, answer, how);
            }
        }
    }

    fn hear(state: &mut State, said: Said) {
        state.seen.is_locked |= said.is_locked;
        state.seen.was_used |= said.is_used;
    }

    fn end(&self, state: &mut State, open: &Open, answer: Option<Answer>, how: Ended) {
        match (how, open.login, answer) {
            (Ended::Verified { again }, Some(login), Some(answer)) => {
                state.seen.accepted.insert((login, answer.number));
                state.seen.let_in_after_lock |= open.after_lock;
                state.seen.let_in_after_removal |= open.after_removal;
                state.seen.was_right_again |= again;
            }
            (Ended::Done, None, _) if self.job(open) == Job::Remove => {
                state.seen.is_removed |= open.is_alone;
            }
            _ => {}
        }
    }

    /// The last answer that a login can send: the user has typed it.
    pub(crate) fn code(&self, login: usize, number: u32) -> &'static str {
        self.plan.logins[login].types[usize::try_from(number).expect("a number") - 1]
    }

    fn attempt(&self, login: usize) -> crate::process::Attempt {
        let login = match self.plan.mutation {
            Some(Mutation::NoAttemptId) => return None,
            Some(Mutation::OneAttemptId) => &self.plan.logins[0],
            _ => &self.plan.logins[login],
        };
        Some((login.member, login.random))
    }

    /// What may happen to an open process.
    fn actions_of(&self, state: &State, place: usize, actions: &mut Vec<Action>) {
        let open = &state.open[place];
        if let Some(call) = self.call(open) {
            actions.push(Action::Serve(place));
            if state.left.faults > 0 && self.is_txn(call) {
                let faults = [Action::Lose, Action::Unsent, Action::Double];
                actions.extend(faults.map(|fault| fault(place)));
            }
            return;
        }
        let Some(login) = open.login else { return };
        let answers = self
            .tables
            .borrow()
            .processes
            .value(open.process)
            .answers
            .len();
        if answers < self.plan.answers {
            let types = u32::try_from(self.plan.logins[login].types.len()).expect("few answers");
            let numbers = 1..=types.min(state.asked[login] + 1);
            actions.extend(numbers.map(|number| Action::Send {
                open: place,
                number,
            }));
        }
    }
}

impl Model for Fleet {
    type State = State;
    type Action = Action;

    fn initial(&self) -> State {
        self.first.clone()
    }

    fn actions(&self, state: &State) -> Vec<Action> {
        let mut actions = Vec::new();
        for login in 0..self.plan.logins.len() {
            if state.begun[login] < self.plan.dialogs {
                // The next one in turn, as where the last one is lost.
                let turn = login + usize::from(state.begun[login]);
                let verifier = turn % usize::from(self.plan.verifiers);
                let verifier = u8::try_from(verifier).expect("few verifiers");
                actions.push(Action::Begin { login, verifier });
            }
        }
        if state.left.enrollments > 0 {
            actions.push(Action::Administer(Job::Enroll(0), 0));
        }
        if state.left.removals > 0 {
            actions.push(Action::Administer(Job::Remove, self.plan.verifiers - 1));
        }
        for place in 0..state.open.len() {
            self.actions_of(state, place, &mut actions);
        }
        actions.extend((0..state.late.len()).map(Action::Arrive));
        if state.left.crashes > 0 {
            let has_work = |verifier: &u8| state.open.iter().any(|one| one.verifier == *verifier);
            let verifiers = (0..self.plan.verifiers).filter(has_work);
            actions.extend(verifiers.map(Action::Crash));
        }
        actions
    }

    fn next(&self, state: &State, action: &Action) -> State {
        let mut state = state.clone();
        match *action {
            Action::Begin { login, verifier } => {
                state.begun[login] += 1;
                let job = Job::Login(self.attempt(login));
                self.begin(&mut state, job, verifier, Some(login));
            }
            Action::Send { open, number } => {
                let login = state.open[open].login.expect("a login");
                let code = self.code(login, number);
                if code == WRONG {
                    state.seen.wrong.insert((login, number));
                }
                state.open[open].after_lock = state.seen.is_locked;
                state.open[open].after_removal = state.seen.is_removed;
                self.go_on(&mut state, open, |process| {
                    process.answers.push(Answer { number, code });
                });
            }
            Action::Administer(job, verifier) => {
                match job {
                    Job::Remove => state.left.removals -= 1,
                    _ => state.left.enrollments -= 1,
                }
                self.begin(&mut state, job, verifier, None);
            }
            Action::Serve(open) => {
                let call = self.call(&state.open[open]).expect("a call");
                if self.is(Mutation::VerdictBeforeCommit) && self.is_txn(call) {
                    state.late.push(call);
                    let early = Reply::Made(TxnReply::Applied(i64::MAX));
                    self.go_on(&mut state, open, |process| process.replies.push(early));
                } else {
                    self.serve_open(&mut state, open);
                }
            }
            Action::Double(open) => {
                state.left.faults -= 1;
                state.late.extend(self.call(&state.open[open]));
                self.serve_open(&mut state, open);
            }
            Action::Lose(open) => {
                state.left.faults -= 1;
                state.late.extend(self.call(&state.open[open]));
                let lost = Reply::Failed(KvError::Unknown(String::new()));
                self.go_on(&mut state, open, |process| process.replies.push(lost));
            }
            Action::Unsent(open) => {
                state.left.faults -= 1;
                let unsent = Reply::Failed(KvError::Unsent(String::new()));
                self.go_on(&mut state, open, |process| process.replies.push(unsent));
            }
            Action::Arrive(late) => {
                let call = state.late.remove(late);
                self.apply(&mut state, call);
            }
            Action::Crash(verifier) => {
                state.left.crashes -= 1;
                let (lost, open) = state
                    .open
                    .into_iter()
                    .partition(|one| one.verifier == verifier);
                let lost: Vec<Open> = lost;
                state.open = open;
                let calls = lost.iter().filter_map(|one| self.call(one));
                state.late.extend(calls.filter(|call| self.is_txn(*call)));
            }
        }
        state.open.sort_unstable_by_key(|one| one.number);
        self.forget_void(&mut state);
        state.late.sort_unstable();
        state
    }
}
