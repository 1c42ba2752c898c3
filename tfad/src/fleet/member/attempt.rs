//! A phase of a login of this host, as each verifier is told of it.

use std::time::{Duration, Instant};

use tfa_core::{FactorKind, Offline};
use tfa_fleet_wire::{AttemptBytes, BeginLogin, LoginFacts, NeededFact};
use tfa_proto::{Context, Next, Phase, Turn, Verdict};

use crate::caller::Caller;
use crate::config::Config;
use crate::fleet::{Floor, floor, translate};
use crate::host::facts::{HostFacts as _, LocalHost};
use crate::host::time_limit::CallsFor;
use crate::host::users::User;
use crate::host::{pam_files, random};
use crate::login::{Error, PolicyHere, policy_here, session_gate, untrusted};

/// The host of the logins.
pub(super) const HERE: LocalHost = LocalHost(CallsFor::Logins);

/// A name service that has taken so long for the policy of this host is not asked for a verifier: both may take
/// eight seconds, and the module waits for fifteen.
const SLOW: Duration = Duration::from_secs(2);

/// A phase of a login. It is the same attempt at each verifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) id: AttemptBytes,
    caller_uid: u32,
    user: User,
    context: Context,
    facts: LoginFacts,
    /// What the policy of this host requires.
    floor: Option<Floor>,
    /// What the policy of this host permits while no verifier can be reached.
    offline: Offline,
    /// The name service was slow.
    is_slow: bool,
    /// A rule here depends on what the session phase knows: it decides what the account phase lets in.
    session_decides: bool,
    /// Such a rule may accept other factors than the auth phase has verified.
    account_decides: bool,
}

impl Attempt {
    /// A new attempt, with the facts that cost no call of the name service.
    pub(super) fn new(
        caller: &Caller,
        user: User,
        context: Context,
        config: &Config,
    ) -> Result<Self, Error> {
        let context = match caller.is_root() {
            true => context,
            false => untrusted(context),
        };
        let start = Instant::now();
        let PolicyHere { floor, offline } =
            policy_here(config, caller, user.clone(), context.clone())?;
        let is_slow = start.elapsed() >= SLOW;
        let (policy, is_ssh) = (&config.policy, context.is_ssh());
        let session_decides = session_gate::can_decide(&HERE, &context, policy)?;
        let pam = pam_files::answers(&context.service);
        let facts = LoginFacts {
            at_console: Some(context.at_console(&config.consoles)),
            subject: None,
            session_phase_decides: context.session_follows.then_some(pam.session_phase_decides),
            goes_on_after_wrong_password: Some(pam.goes_on_after_wrong_password),
        };
        Ok(Self {
            id: AttemptBytes(random::attempt_bytes()?),
            caller_uid: caller.uid,
            user,
            context,
            facts,
            floor,
            offline,
            is_slow,
            session_decides,
            account_decides: is_ssh && policy.names_factors_by_method(),
        })
    }

    /// Who logs in.
    pub(super) const fn user(&self) -> &User {
        &self.user
    }

    /// What to do without a verifier. A login that has begun with one does not go on here.
    pub(super) fn without_verifier(
        &self,
        error: Error,
        is_cut_off: impl FnOnce() -> bool,
    ) -> Error {
        match error {
            Error::NoVerifier(why) => Error::CutOff {
                why,
                console: self.offline == Offline::Console && is_cut_off(),
            },
            error => error,
        }
    }

    /// The context, as far as its caller may tell it.
    pub(super) const fn context(&self) -> &Context {
        &self.context
    }

    /// What the policy of this host permits while no verifier can be reached.
    pub(super) const fn offline(&self) -> Offline {
        self.offline
    }

    /// Whether the policy of this host accepts a factor of this kind.
    pub(super) fn accepts(&self, kind: FactorKind) -> bool {
        let floor = self.floor.as_ref();
        floor.is_none_or(|floor| floor.effect.factors.contains(kind))
    }

    /// Whether a later phase, which knows the method of sshd, may require something else.
    pub(super) const fn depends_on_method(&self) -> bool {
        self.session_decides || self.account_decides
    }

    /// Whether a program of root asks.
    pub(super) const fn is_of_root(&self) -> bool {
        self.caller_uid == 0
    }

    /// The PAM service.
    pub(super) fn service(&self) -> &str {
        &self.context.service
    }

    /// What a verifier is told.
    pub(super) fn begin(&self) -> BeginLogin {
        let mut context = translate::entries(&self.context);
        context.extend(self.floor.as_ref().map(floor::entry));
        BeginLogin {
            attempt: self.id,
            user: translate::login_user(&self.user),
            context,
            caller_uid: self.caller_uid,
            facts: self.facts.clone(),
        }
    }

    /// A turn of a verifier, with what the policy of this host leaves to a later phase. The verifier does not
    /// know it, and each phase tells it what the policy requires then. `None` for a verdict that this phase
    /// cannot have.
    pub(super) fn with_later_phases(&self, turn: Turn) -> Option<Turn> {
        let verdict = match &turn.next {
            Next::Verdict(verdict) => Some(*verdict),
            Next::Ask(_) => None,
        };
        if !verdict.is_none_or(|verdict| self.can_end_with(verdict)) {
            return None;
        }
        let is_verified_auth =
            self.context.phase == Phase::Auth && verdict.is_some_and(Verdict::is_verified);
        let is_left = |verdict: Verdict| {
            let lets_in = verdict == Verdict::NotRequired || verdict.is_verified();
            self.session_decides && lets_in && verdict != Verdict::Recovered
        };
        Some(Turn {
            next: match turn.next {
                Next::Verdict(verdict) if is_left(verdict) => Next::Verdict(Verdict::LeftToSession),
                next => next,
            },
            covers_account: turn.covers_account && is_verified_auth && !self.account_decides,
            ..turn
        })
    }

    /// Whether a verifier can end this phase with a verdict.
    fn can_end_with(&self, verdict: Verdict) -> bool {
        match verdict {
            // The recovery code belongs to one host, which asks for it itself.
            Verdict::Recovered => false,
            // The user has enrolled, which the account phase offers.
            Verdict::Verified => self.context.phase != Phase::Auth,
            Verdict::LeftToSession => {
                self.context.phase == Phase::Account && self.context.session_follows
            }
            Verdict::VerifiedByTotp
            | Verdict::VerifiedByHotp
            | Verdict::VerifiedBySecurityKey
            | Verdict::VerifiedByBackupCode
            | Verdict::Remembered
            | Verdict::CodeOfSession
            | Verdict::NotRequired
            | Verdict::Denied
            | Verdict::MustEnroll
            | Verdict::Locked
            | Verdict::UnknownUser => true,
        }
    }

    /// Looks up a fact that a verifier needs.
    pub(super) fn tell(&mut self, needed: NeededFact) {
        match needed {
            // It was told already, and is told again.
            NeededFact::Console => {}
            NeededFact::SessionPhase => {
                let decides = HERE.session_phase_decides(&self.context.service);
                self.facts.session_phase_decides = decides.ok();
            }
            NeededFact::Subject(question) => {
                let query = translate::query(question.clone());
                let subject = match self.is_slow {
                    // As after a call that has taken too long.
                    true => Some(query.unanswered(&self.user)),
                    false => HERE.subject(&self.user, query).ok(),
                };
                let answer = |found| translate::subject_answer(question, &found);
                self.facts.subject = subject.map(answer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tfa_fleet_wire::{LoginGroup, Membership, SubjectQuestion};

    use super::*;

    /// A login that root's program begins for a user.
    fn attempt(name: &str, uid: u32) -> Attempt {
        let user = User {
            name: name.to_owned(),
            uid,
            aliases: Vec::new(),
        };
        let caller = Caller {
            name: "connection 1".to_owned(),
            uid: 0,
            pid: None,
            host: None,
        };
        Attempt::new(&caller, user, Context::default(), &Config::default()).unwrap()
    }

    #[test]
    fn slow_name_service_is_not_asked_twice() {
        let group = LoginGroup::Number(0);
        let question = SubjectQuestion {
            all_names: false,
            groups: vec![group.clone()],
            in_rules: Vec::new(),
        };
        let mut attempt = attempt("root", 0);
        for (is_slow, belongs) in [(false, Some(true)), (true, None)] {
            attempt.is_slow = is_slow;
            attempt.tell(NeededFact::Subject(question.clone()));
            let told = attempt.begin().facts.subject.unwrap();
            let group = group.clone();
            let expected = [Membership { group, belongs }];
            assert_eq!(told.identities[0].groups, expected, "{is_slow}");
        }
    }

    #[test]
    fn slow_name_service_leaves_the_names_in_rules_possible() {
        let question = SubjectQuestion {
            all_names: true,
            groups: vec![LoginGroup::Number(0)],
            in_rules: vec!["deploy".to_owned()],
        };
        let mut attempt = attempt("alice", 1000);
        attempt.is_slow = true;
        attempt.tell(NeededFact::Subject(question));
        let told = attempt.begin().facts.subject.unwrap();
        let names: Vec<_> = told.identities.iter().map(|one| &*one.name).collect();
        assert_eq!(names, ["alice", "deploy"]);
    }
}
