//! A phase of a login of this host, as each verifier is told of it.

use tfa_fleet_wire::{AttemptBytes, BeginLogin, LoginFacts, NeededFact};
use tfa_proto::Context;

use crate::caller::Caller;
use crate::config::Config;
use crate::fleet::{Floor, floor, translate};
use crate::host::facts::{HostFacts as _, LocalHost};
use crate::host::random;
use crate::host::time_limit::CallsFor;
use crate::host::users::User;
use crate::login::{Error, floor_here};

/// The host of the logins.
const HERE: LocalHost = LocalHost(CallsFor::Logins);

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
}

impl Attempt {
    /// A new attempt, with the facts that cost no call of the name service.
    pub(super) fn new(
        caller: &Caller,
        user: User,
        context: Context,
        config: &Config,
    ) -> Result<Self, Error> {
        let floor = floor_here(config, caller, user.clone(), context.clone())?;
        let decides = || HERE.session_phase_decides(&context.service).ok();
        let facts = LoginFacts {
            at_console: Some(context.at_console(&config.consoles)),
            subject: None,
            session_phase_decides: context.session_follows.then(decides).flatten(),
            goes_on_after_wrong_password: Some(HERE.goes_on_after_wrong_password(&context.service)),
        };
        Ok(Self {
            id: AttemptBytes(random::attempt_bytes()?),
            caller_uid: caller.uid,
            user,
            context,
            facts,
            floor,
        })
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
                let subject = HERE.subject(&self.user, query).ok();
                let answer = |found| translate::subject_answer(question, &found);
                self.facts.subject = subject.map(answer);
            }
        }
    }
}
