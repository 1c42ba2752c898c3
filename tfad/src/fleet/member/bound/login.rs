//! A login that this host decides itself, because no verifier can be reached: with a code that is bound to it.
//!
//! A login comes here at its begin alone, and stays here.

use tfa_core::ThrottleScope;
use tfa_core::{BoundJudgement, FactorKind, Input, LockState, LoginOrigin, Offline, OfflineLogin};
use tfa_proto::{Context, Line, LineKind, Next, Phase, PromptStyle, Question, Turn, Verdict};
use tfa_text::wrapped;

use super::BoundStore;
use crate::caller::Caller;
use crate::config::Config;
use crate::fleet::member::attempt::Attempt;
use crate::host::{clock, host_name};
use crate::log::{Journal, LoginEvent, VerifiedBy};
use crate::login::enrollment::WIDE;
use crate::login::{Error, pam_context};
use crate::messages;

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
            self.log(journal, caller, LoginEvent::NoBoundCodes);
            let text = messages::no_bound_codes(&host_name());
            return Ok(ended(Verdict::Denied, LineKind::Error, text));
        };
        match codes.lock_state(self.scope, now) {
            LockState::Unlocked => {}
            lock => return Ok(self.locked(journal, caller, lock)),
        }
        Ok(ask(vec![line(
            LineKind::Info,
            messages::asks_for_bound_code(&host_name()),
        )]))
    }

    /// Judges an answer. What it changed is stored before this returns.
    pub(in crate::fleet::member) fn answer(
        &mut self,
        store: &BoundStore,
        journal: &Journal,
        (caller, config): (&Caller, &Config),
        typed: &str,
    ) -> Result<Turn, Error> {
        let now = clock::now();
        if !self.is_permitted(caller, config)? {
            let text = messages::no_bound_codes(&host_name());
            return Ok(ended(Verdict::Denied, LineKind::Error, text));
        }
        self.answers_left = self.answers_left.saturating_sub(1);
        let code = match Input::parse(typed) {
            Input::Backup(code) => code,
            Input::Empty => {
                self.log(journal, caller, LoginEvent::NoRightCode);
                return Ok(denied());
            }
            _ => {
                return Ok(self.again(
                    journal,
                    caller,
                    line(LineKind::Error, messages::NOT_A_BOUND_CODE.to_owned()),
                ));
            }
        };
        let context = self.attempt.context();
        let login = OfflineLogin {
            service: &context.service,
            from: pam_context::client(caller, context).from,
            scope: self.scope,
        };
        let judgement = store.judge(self.attempt.user(), &code, login, now)?;
        Ok(match judgement {
            BoundJudgement::Accepted { left } => {
                self.log(journal, caller, LoginEvent::Verified(VerifiedBy::BoundCode));
                self.accepted(left)
            }
            BoundJudgement::AlreadyUsed => {
                self.log(journal, caller, LoginEvent::CodeReused);
                let text = messages::USED_BOUND_CODE.to_owned();
                self.again(journal, caller, line(LineKind::Error, text))
            }
            BoundJudgement::Wrong(LockState::Unlocked) => {
                self.log(journal, caller, LoginEvent::WrongCode);
                let text = messages::WRONG_BOUND_CODE.to_owned();
                self.again(journal, caller, line(LineKind::Failure, text))
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
            BoundJudgement::OtherSet => {
                self.log(journal, caller, LoginEvent::NoBoundCodes);
                let text = messages::no_bound_codes(&host_name());
                ended(Verdict::Denied, LineKind::Error, text)
            }
        })
    }

    fn accepted(&self, left: usize) -> Turn {
        let text = messages::bound_code_used(left, &host_name());
        Turn {
            // The account phase would find no verifier either.
            covers_account: self.attempt.context().phase == Phase::Auth,
            ..ended(Verdict::VerifiedByBackupCode, LineKind::Info, text)
        }
    }

    fn again(&self, journal: &Journal, caller: &Caller, says: Line) -> Turn {
        if self.answers_left == 0 {
            self.log(journal, caller, LoginEvent::NoRightCode);
            return Turn {
                lines: vec![says],
                ..denied()
            };
        }
        ask(vec![says])
    }

    fn locked(&self, journal: &Journal, caller: &Caller, lock: LockState) -> Turn {
        let scope = self.scope.without_known_origins();
        self.log(journal, caller, LoginEvent::Locked(scope));
        let text = messages::bound_codes_locked(lock);
        ended(Verdict::Locked, LineKind::Error, text)
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

fn ask(lines: Vec<Line>) -> Turn {
    Turn {
        lines,
        next: Next::Ask(Question {
            text: messages::ASK_BOUND_CODE.to_owned(),
            style: PromptStyle::Hidden,
            digits: 0,
        }),
        covers_account: false,
    }
}

fn denied() -> Turn {
    Turn {
        lines: Vec::new(),
        next: Next::Verdict(Verdict::Denied),
        covers_account: false,
    }
}

fn ended(verdict: Verdict, kind: LineKind, text: String) -> Turn {
    Turn {
        lines: vec![line(kind, text)],
        next: Next::Verdict(verdict),
        covers_account: false,
    }
}

fn line(kind: LineKind, text: String) -> Line {
    Line {
        kind,
        text: wrapped(&text, WIDE),
    }
}
