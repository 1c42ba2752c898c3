//! What the terms ask of one account.

use super::{AfterGrace, Identity, Login, Mode, Policy, Possible, RuleEffect, Source};
use crate::{Account, State, Time};

/// What the policy asks of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// A code.
    Ask,
    /// Nothing.
    Exempt(Exemption),
    /// Nothing before that moment; then a second factor.
    Grace(Time),
    /// A second factor, which has to be set up first.
    SetUp,
    /// No login: it should have been set up in time.
    TooLate,
    /// No login: which rule holds could not be found out.
    Undetermined,
}

/// Why nothing is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exemption {
    /// The mode is off.
    Off,
    /// The user has not set it up, and need not.
    NotSetUp,
    /// The user has paused it, and may.
    Paused,
}

/// A decision, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDecision {
    /// What is asked.
    pub requirement: Requirement,
    /// Whether a second factor is required, so that a login which met none may be refused.
    pub required: bool,
    /// Whether a first login has to be noted, because the grace begins with it.
    pub notes_first_login: bool,
    /// In audit mode, what the requirement would have asked, be it the same.
    pub audited: Option<Requirement>,
    /// The terms that decided.
    pub source: Source,
}

impl Policy {
    /// Decides over a login of an account; `None` is a user without a record.
    ///
    /// Of a user with several names, and of a session that may have been opened from several
    /// places, the strictest decision holds.
    ///
    /// Where something could not be found out, every rule that may be the one is asked. If they
    /// agree, that is the decision; if one of them asks for a code, a code is asked for; if each
    /// wants it set up, the strictest of them holds; else there is no login.
    #[must_use]
    pub fn decide(&self, login: &Login, account: Option<&Account>, now: Time) -> PolicyDecision {
        let decide_under = |who| self.decide_under(who, login, account, now);
        let first = decide_under(&login.subject.canonical);
        let others = login.subject.aliases.iter().map(decide_under);
        others.fold(first, PolicyDecision::stricter)
    }

    /// Decides over a login under one of the user's names.
    fn decide_under(
        &self,
        who: &Identity,
        login: &Login,
        account: Option<&Account>,
        now: Time,
    ) -> PolicyDecision {
        let Possible { effect, in_session } = self.effects_for(who, login);
        let decision = |effect: &RuleEffect| self.rule(effect, account, now);
        let known = effect.into_iter().map(decision).reduce(PolicyDecision::or);
        let known = known.unwrap_or_else(|| decision(&self.otherwise));
        let in_session = in_session.into_iter().map(decision);
        in_session.fold(known, PolicyDecision::stricter)
    }

    fn rule(&self, effect: &RuleEffect, account: Option<&Account>, now: Time) -> PolicyDecision {
        let strict = effect.decide(account, now);
        let required = effect.require(now);
        let decision = PolicyDecision {
            requirement: strict,
            required,
            notes_first_login: effect.note_first_login(now),
            audited: None,
            source: effect.source.clone(),
        };
        if !(self.audit && required) {
            return decision;
        }
        PolicyDecision {
            requirement: optional(account),
            required: false,
            notes_first_login: false,
            audited: Some(strict),
            ..decision
        }
    }
}

impl RuleEffect {
    /// Decides over an account.
    fn decide(&self, account: Option<&Account>, now: Time) -> Requirement {
        if self.mode == Mode::Off {
            return Requirement::Exempt(Exemption::Off);
        }
        if !self.require(now) {
            return optional(account);
        }
        match account.map_or(State::None, Account::state) {
            // Who may not be without it cannot pause it either.
            State::Enabled | State::Paused => Requirement::Ask,
            State::None | State::Pending => match self.grace_until(account, now) {
                Some(until) if now < until => Requirement::Grace(until),
                _ => match self.after_grace {
                    AfterGrace::Enroll => Requirement::SetUp,
                    // The administrator has opened the door to one person.
                    AfterGrace::Deny if account.is_some_and(|account| account.is_invited(now)) => {
                        Requirement::SetUp
                    }
                    AfterGrace::Deny => Requirement::TooLate,
                },
            },
        }
    }
}

fn optional(account: Option<&Account>) -> Requirement {
    match account.map_or(State::None, Account::state) {
        State::Enabled => Requirement::Ask,
        State::Paused => Requirement::Exempt(Exemption::Paused),
        State::None | State::Pending => Requirement::Exempt(Exemption::NotSetUp),
    }
}

impl PolicyDecision {
    /// What would be asked if nothing were let off for the audit.
    #[must_use]
    pub fn strict(&self) -> Requirement {
        self.audited.unwrap_or(self.requirement)
    }

    /// One of the two, and nobody knows which: the strict one.
    fn or(self, other: Self) -> Self {
        let strict = self.strict().or(other.strict());
        let others = strict == other.strict() && strict != self.strict();
        Self {
            requirement: self.requirement.or(other.requirement),
            required: self.required || other.required,
            notes_first_login: self.notes_first_login || other.notes_first_login,
            audited: self.audited.or(other.audited).map(|_| strict),
            source: if others { other.source } else { self.source },
        }
    }
}

impl Requirement {
    fn or(self, other: Self) -> Self {
        use Requirement::{Ask, Exempt, Grace, SetUp, TooLate, Undetermined};
        match (self, other) {
            (Ask, _) | (_, Ask) => Ask,
            // Off is said only where it is certain: it lets a login go on whatever the account.
            (Exempt(Exemption::Off), Exempt(why)) | (Exempt(why), Exempt(_)) => Exempt(why),
            (Grace(until), Grace(other)) => Grace(until.min(other)),
            (TooLate, SetUp | Grace(_) | TooLate) | (SetUp | Grace(_), TooLate) => TooLate,
            (SetUp, Grace(_) | SetUp) | (Grace(_), SetUp) => SetUp,
            (Exempt(_), _) | (_, Exempt(_)) | (Undetermined, _) | (_, Undetermined) => Undetermined,
        }
    }
}
