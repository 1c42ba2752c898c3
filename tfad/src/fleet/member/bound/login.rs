//! A login that this host decides itself, because no verifier can be reached: with a code that is bound to it.
//!
//! A login comes here at its begin alone, and stays here.

use std::time::Instant;

use tfa_core::{BackupCode, BoundJudgement, FactorKind, Input, LockState, LoginOrigin};
use tfa_core::{Offline, OfflineLogin, ThrottleScope, Time};
use tfa_proto::{Context, Line, LineKind, Phase, Turn, Verdict};

use super::BoundStore;
use super::turns::{ask, denied, ended, line};
use crate::caller::Caller;
use crate::config::Config;
use crate::fleet::member::attempt::Attempt;
use crate::host::{clock, host_name};
use crate::log::{Journal, LoginEvent, VerifiedBy};
use crate::login::{Error, pam_context};
use crate::messages;
use crate::state::{DaemonState, HashedFor};

/// How many answers a login has.
const MAX_TRIES: u8 = 3;

/// A login that waits for a bound code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::fleet::member) struct OfflineDialog {
    attempt: Attempt,
    scope: ThrottleScope,
    answers_left: u8,
}

impl OfflineDialog {
    /// The login, if it may be decided here. `None` where nothing is decided here but that it is refused.
    pub(in crate::fleet::member) fn of(attempt: &Attempt, config: &Config) -> Option<Self> {
        let context = attempt.context();
        let may_ask = match context.phase {
            Phase::Auth => true,
            // A login whose auth phase was skipped, in a service that must not skip it. One whose auth phase has run
            // began with a verifier.
            Phase::Account => {
                context.auth_result.is_none() && pam_context::guards(&config.policy, context)
            }
            Phase::Session => false,
        };
        let permits = attempt.offline() == Offline::BoundCodes
            && attempt.accepts(FactorKind::BackupCode)
            && !attempt.depends_on_method();
        (may_ask && permits).then(|| Self {
            scope: scope(attempt, context, config),
            attempt: attempt.clone(),
            answers_left: MAX_TRIES,
        })
    }

    /// Whether the policy of now permits what that of the begin did.
    fn is_permitted(&self, caller: &Caller, config: &Config) -> Result<bool, Error> {
        let (user, context) = (self.attempt.user().clone(), self.attempt.context().clone());
        let now = Attempt::new(caller, user, context, config)?;
        Ok(Self::of(&now, config).is_some())
    }

    pub(in crate::fleet::member) const fn attempt(&self) -> &Attempt {
        &self.attempt
    }

    /// The first turn.
    pub(in crate::fleet::member) fn begin(
        &self,
        store: &BoundStore,
        journal: &Journal,
        caller: &Caller,
    ) -> Result<Turn, Error> {
        let now = clock::now();
        let codes = store.load(self.attempt.user())?;
        let Some(codes) = codes.filter(|codes| codes.left() > 0) else {
            return Ok(self.no_codes(journal, caller));
        };
        match codes.lock_state(self.scope, now) {
            LockState::Unlocked => {}
            lock => return Ok(self.locked(journal, caller, lock)),
        }
        let text = messages::asks_for_bound_code(&host_name());
        Ok(ask(vec![line(LineKind::Info, &text)]))
    }

    /// Judges an answer. What it changed is stored before this returns.
    pub(in crate::fleet::member) fn answer(
        &mut self,
        store: &BoundStore,
        state: &DaemonState,
        caller: &Caller,
        typed: &str,
    ) -> Result<Turn, Error> {
        let (now, journal) = (clock::now(), &state.journal);
        if !self.is_permitted(caller, &state.config())? {
            return Ok(self.no_longer_permitted(journal, caller));
        }
        self.answers_left = self.answers_left.saturating_sub(1);
        match Input::parse(typed) {
            Input::Backup(code) => self.judge(store, state, caller, &code, now),
            Input::Empty => {
                self.log(journal, caller, LoginEvent::NoRightCode);
                Ok(denied(Vec::new()))
            }
            _ => {
                let says = line(LineKind::Error, messages::NOT_A_BOUND_CODE);
                Ok(self.again(journal, caller, says))
            }
        }
    }

    fn judge(
        &self,
        store: &BoundStore,
        state: &DaemonState,
        caller: &Caller,
        code: &BackupCode,
        now: Time,
    ) -> Result<Turn, Error> {
        let (journal, user) = (&state.journal, self.attempt.user());
        let context = self.attempt.context();
        let login = OfflineLogin {
            service: &context.service,
            from: pam_context::client(caller, context).from,
            scope: self.scope,
        };
        let purpose = match caller.is_root() {
            true => HashedFor::Login(user.uid),
            false => HashedFor::Call,
        };
        let may_hash = || state.count_hash(caller, purpose, Instant::now());
        let judgement = store.judge(user, code, login, (now, &may_hash))?;
        Ok(match judgement {
            BoundJudgement::Accepted { left } => {
                self.log(journal, caller, LoginEvent::Verified(VerifiedBy::BoundCode));
                self.accepted(left)
            }
            BoundJudgement::AlreadyUsed => {
                self.log(journal, caller, LoginEvent::CodeReused);
                let says = line(LineKind::Error, messages::USED_BOUND_CODE);
                self.again(journal, caller, says)
            }
            BoundJudgement::Wrong(LockState::Unlocked) => {
                self.log(journal, caller, LoginEvent::WrongCode);
                let says = line(LineKind::Failure, messages::WRONG_BOUND_CODE);
                self.again(journal, caller, says)
            }
            BoundJudgement::Wrong(lock) => {
                self.log(journal, caller, LoginEvent::WrongCode);
                let mut turn = self.locked(journal, caller, lock);
                turn.lines
                    .iter_mut()
                    .for_each(|line| line.kind = LineKind::Failure);
                turn
            }
            BoundJudgement::Locked(lock) => self.locked(journal, caller, lock),
            BoundJudgement::OtherSet => self.no_codes(journal, caller),
        })
    }

    fn no_codes(&self, journal: &Journal, caller: &Caller) -> Turn {
        self.log(journal, caller, LoginEvent::NoBoundCodes);
        let text = messages::no_bound_codes(&host_name());
        ended(Verdict::Denied, LineKind::Error, &text)
    }

    fn no_longer_permitted(&self, journal: &Journal, caller: &Caller) -> Turn {
        let error = Error::CutOff {
            why: messages::POLICY_WITHOUT_BOUND_CODES.to_owned(),
            console: false,
        };
        journal.report(caller, &self.attempt.user().name, error);
        let text = messages::BOUND_CODES_NO_LONGER_PERMITTED;
        ended(Verdict::Denied, LineKind::Error, text)
    }

    fn accepted(&self, left: usize) -> Turn {
        let text = messages::bound_code_used(left, &host_name());
        Turn {
            // The account phase would find no verifier either.
            covers_account: self.attempt.context().phase == Phase::Auth,
            ..ended(Verdict::VerifiedByBackupCode, LineKind::Info, &text)
        }
    }

    fn again(&self, journal: &Journal, caller: &Caller, says: Line) -> Turn {
        if self.answers_left == 0 {
            self.log(journal, caller, LoginEvent::NoRightCode);
            return denied(vec![says]);
        }
        ask(vec![says])
    }

    fn locked(&self, journal: &Journal, caller: &Caller, lock: LockState) -> Turn {
        let scope = self.scope.without_known_origins();
        self.log(journal, caller, LoginEvent::Locked(scope));
        let text = messages::bound_codes_locked(lock);
        ended(Verdict::Locked, LineKind::Error, &text)
    }

    fn log(&self, journal: &Journal, caller: &Caller, event: LoginEvent<'_>) {
        let (user, context) = (self.attempt.user(), self.attempt.context());
        journal.log_login(caller, &user.name, context, event);
    }
}

/// What wrong codes are counted on.
fn scope(attempt: &Attempt, context: &Context, config: &Config) -> ThrottleScope {
    if !attempt.is_of_root() {
        return ThrottleScope::OwnProgram;
    }
    let at_console = context.at_console(&config.consoles);
    let inside_session = pam_context::is_inside_session(true, &context.service);
    let origin = LoginOrigin::new(&context.rhost, at_console, inside_session);
    pam_context::scope_of_origin(&origin, &[])
}
