//! What a phase of a login does under the policy's ruling: the one table of decision, phase, and
//! what the auth phase came to.
//!
//! The auth phase asks for codes. Nothing is set up there: in many stacks it runs on after a wrong
//! password. The account phase runs only after the whole auth stack has succeeded. It takes people
//! through the set-up, and keeps out who came round the auth phase.

use crate::{Decision, Exemption, Ruling, Time, Would};

/// What the auth phase of the same login came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// The second factor.
    Factor,
    /// Nothing was asked for.
    Nothing,
    /// What was asked for was not given, and the stack went on all the same.
    Refused,
    /// It never ran: an SSH key alone, root's `su`, a stack without the auth line.
    Never,
}

/// The phase, and what is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The auth phase.
    Auth {
        /// An account phase follows, which takes people through the set-up.
        account_follows: bool,
    },
    /// The account phase.
    Account {
        /// What the auth phase came to.
        met: Met,
        /// The policy guards this service.
        guarded: bool,
        /// Nobody is asked what need not be asked.
        silent: bool,
    },
}

/// What a phase does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// It asks for a code.
    Ask,
    /// It lets the login go on: the second factor was met.
    Satisfied,
    /// It lets the login go on, for nothing is asked of it.
    Exempt(Exemption),
    /// It lets the login go on, and says until when that is.
    Grace(Time),
    /// It takes the person through the set-up; until that moment the login goes on without, too.
    SetUp(Option<Time>),
    /// It leaves all to the account phase.
    Defer,
    /// It lets the login go on: this service is not guarded.
    Unguarded,
    /// It refuses.
    Refuse(Bar),
}

/// Why a login is refused without a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bar {
    /// It has to be set up, and not by this stack.
    MustEnroll,
    /// It should have been set up in time.
    TooLate,
    /// Which rule holds could not be found out.
    Undecided,
    /// The second factor is required, and the login came round it.
    Unmet,
    /// The auth phase refused, and the stack or the login program went on.
    AuthRefused,
}

impl Ruling {
    /// What a phase does whatever the policy asks of this user.
    #[must_use]
    pub fn none_needed(stage: Stage) -> Option<Course> {
        match stage {
            Stage::Account {
                met: Met::Factor, ..
            } => Some(Course::Satisfied),
            Stage::Account {
                met: Met::Never,
                guarded: false,
                ..
            } => Some(Course::Unguarded),
            Stage::Auth { .. } | Stage::Account { .. } => None,
        }
    }

    /// In audit mode, what would have become of the login in this phase, where that is something
    /// else. Of two phases the later one says it.
    #[must_use]
    pub fn would(&self, stage: Stage) -> Option<Would> {
        let decision = self.audited?;
        let strict = Self {
            decision,
            required: true,
            audited: None,
            ..self.clone()
        };
        let course = strict.course(stage);
        if course == self.course(stage) {
            return None;
        }
        if let Stage::Auth {
            account_follows: true,
        } = stage
        {
            return None;
        }
        match course {
            Course::Ask => Some(Would::BeAsked),
            Course::Grace(_) | Course::SetUp(Some(_)) => Some(Would::BeTold),
            Course::SetUp(None) | Course::Refuse(Bar::MustEnroll) => Some(Would::HaveToSetUp),
            Course::Refuse(Bar::TooLate) => Some(Would::BeTooLate),
            // The same without audit mode, so there is nothing to note.
            Course::Refuse(Bar::AuthRefused) => None,
            Course::Refuse(Bar::Unmet) => Some(Would::BeUnguarded),
            Course::Refuse(Bar::Undecided) => Some(Would::BeUndecided),
            Course::Satisfied | Course::Exempt(_) | Course::Defer | Course::Unguarded => None,
        }
    }

    /// What a phase does under this ruling.
    #[must_use]
    pub fn course(&self, stage: Stage) -> Course {
        match stage {
            Stage::Auth { account_follows } => auth(self.decision, account_follows),
            Stage::Account {
                met,
                guarded,
                silent,
            } => account(self, met, guarded, silent),
        }
    }
}

fn auth(decision: Decision, account_follows: bool) -> Course {
    match decision {
        Decision::Ask => Course::Ask,
        Decision::Exempt(why) => Course::Exempt(why),
        Decision::Grace(_) | Decision::SetUp if account_follows => Course::Defer,
        Decision::Grace(until) => Course::Grace(until),
        Decision::SetUp => Course::Refuse(Bar::MustEnroll),
        Decision::TooLate => Course::Refuse(Bar::TooLate),
        Decision::Undecided => Course::Refuse(Bar::Undecided),
    }
}

fn account(ruling: &Ruling, met: Met, guarded: bool, silent: bool) -> Course {
    match (met, ruling.decision) {
        (Met::Factor, _) => Course::Satisfied,
        (_, Decision::Exempt(why)) => Course::Exempt(why),
        // A stack has ignored the refusal, or sshd went on from its method `password` to a key. The
        // two look alike, and in the first case a wrong code must not do.
        (Met::Refused, _) => Course::Refuse(Bar::AuthRefused),
        (Met::Nothing, Decision::Ask) => Course::Ask,
        (Met::Nothing, Decision::Grace(until)) if silent => Course::Grace(until),
        (Met::Nothing, Decision::Grace(until)) => Course::SetUp(Some(until)),
        (Met::Nothing, Decision::SetUp) => Course::SetUp(None),
        (Met::Never, _) if !guarded => Course::Unguarded,
        (Met::Never, Decision::Grace(until)) => Course::Grace(until),
        (Met::Never, Decision::Ask | Decision::SetUp) if ruling.required => {
            Course::Refuse(Bar::Unmet)
        }
        (Met::Never, Decision::Ask | Decision::SetUp) => Course::Unguarded,
        (_, Decision::TooLate) => Course::Refuse(Bar::TooLate),
        (_, Decision::Undecided) => Course::Refuse(Bar::Undecided),
    }
}
