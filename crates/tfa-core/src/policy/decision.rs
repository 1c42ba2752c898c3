//! What the effect of a rule requires of one account.

use super::{
    AfterGrace, Factors, Identity, Login, Mode, Policy, Possible, RuleEffect, Source, Terms,
};
use crate::{Account, State, Time, UserExemption};

/// What the policy requires of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// A code.
    Ask,
    /// Nothing.
    Exempt(Exemption),
    /// Nothing before that time; then a second factor.
    Grace(Time),
    /// A second factor, for which the user must enroll first.
    SetUp,
    /// The login is refused: the user has not enrolled before the end of the grace period.
    TooLate,
    /// The login is refused: the rule that applies could not be determined.
    Undetermined,
}

/// Why no second factor is required.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exemption {
    /// The mode is off.
    Off,
    /// The user has not enrolled, and need not.
    NotSetUp,
    /// The user has paused two-factor login, which the policy permits.
    Paused,
    /// The administrator has exempted the user until that time.
    ByAdministrator(Time),
}

/// The decision of the policy over a login, and its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDecision {
    /// What is required.
    pub requirement: Requirement,
    /// The second factors that the rule accepts. In audit mode: without it.
    pub strict_factors: Factors,
    /// Whether a second factor is required, so that a login without one may be refused.
    pub required: bool,
    /// Whether the login must be recorded as the first one, because the grace period begins with
    /// it.
    pub records_first_login: bool,
    /// Whether the login can enroll the user.
    pub enrolls_in_login: bool,
    /// In audit mode, the requirement without it, also if that is the same.
    pub audited: Option<Requirement>,
    /// Where the rule stands that decided.
    pub source: Source,
    /// The terms of that rule; of a user whom the administrator has exempted, the user's own.
    pub terms: Terms,
}

impl Policy {
    /// Decides over a login. `None` is a user without a record.
    ///
    /// If the host of the login requires more, that applies.
    ///
    /// For a user with several names, and for a session that may have been opened from several
    /// places, the strictest decision applies.
    ///
    /// If something could not be determined, every rule that may apply is evaluated. If they agree,
    /// that is the decision. If one of them requires a code, a code is required. If each requires
    /// enrollment, the strictest applies. In all other cases the login is refused.
    #[must_use]
    pub fn decide(&self, login: &Login, account: Option<&Account>, now: Time) -> PolicyDecision {
        let decide_under = |who| self.decide_under(who, login, account, now);
        let first = decide_under(&login.subject.canonical);
        let others = login.subject.aliases.iter().map(decide_under);
        let decision = others.fold(first, PolicyDecision::stricter);
        match &login.host_requires {
            None => decision,
            Some(required) => decision.with_floor(self.without_audit_of(required, account, now)),
        }
    }

    /// Decides over a login under one of the user's names.
    fn decide_under(
        &self,
        who: &Identity,
        login: &Login,
        account: Option<&Account>,
        now: Time,
    ) -> PolicyDecision {
        let Possible { effect, in_session } = self.effects_for(who, login, now);
        let decision = |effect: &RuleEffect| self.rule(effect, account, now);
        let known = effect.into_iter().map(decision).reduce(PolicyDecision::or);
        let known = known.unwrap_or_else(|| decision(&self.otherwise));
        let in_session = in_session.into_iter().map(decision);
        in_session.fold(known, PolicyDecision::stricter)
    }

    fn rule(&self, effect: &RuleEffect, account: Option<&Account>, now: Time) -> PolicyDecision {
        let decision = self.without_audit_of(effect, account, now);
        if !(self.audit && decision.required) {
            return decision;
        }
        let exemption = account.and_then(|account| account.exemption(now));
        PolicyDecision {
            requirement: optional(account).unless_exempt(exemption),
            required: false,
            records_first_login: false,
            audited: Some(decision.requirement),
            ..decision
        }
    }

    /// The decision of a rule, audit mode aside.
    fn without_audit_of(
        &self,
        effect: &RuleEffect,
        account: Option<&Account>,
        now: Time,
    ) -> PolicyDecision {
        let exemption = account.and_then(|account| account.exemption(now));
        let strict = effect.decide(account, now).unless_exempt(exemption);
        PolicyDecision {
            requirement: strict,
            strict_factors: effect.accepted_factors(now),
            required: effect.require(now),
            records_first_login: effect.records_first_login(now),
            enrolls_in_login: self
                .enrolled_in_login
                .is_some_and(|kind| effect.accepted_factors(now).contains(kind)),
            audited: None,
            source: effect.source.clone(),
            terms: match (strict, exemption) {
                (Requirement::Exempt(Exemption::ByAdministrator(_)), Some(exemption)) => {
                    exemption.terms()
                }
                _ => effect.terms.clone(),
            },
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
                    // The administrator has invited this user.
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
    /// The requirement without audit mode.
    #[must_use]
    pub fn strict(&self) -> Requirement {
        self.audited.unwrap_or(self.requirement)
    }

    /// The second factors that this login accepts.
    #[must_use]
    pub fn factors(&self) -> Factors {
        match self.audited {
            Some(_) => Factors::ANY,
            None => self.strict_factors,
        }
    }

    /// The second factors of which this login asks for one; `None` if it asks for none.
    #[must_use]
    pub fn asks_for(&self) -> Option<Factors> {
        (self.requirement == Requirement::Ask).then(|| self.factors())
    }

    /// The decision of a host that decides for another one, which requires this beside it. The other host can
    /// have the user asked or refused. It cannot have one enroll whom the rules here do not oblige to. Audit
    /// mode is that of the rules here, and holds for them alone.
    fn with_floor(self, floor: Self) -> Self {
        let own = Self {
            strict_factors: self.factors(),
            audited: None,
            ..self
        };
        let enrolls_in_login = own.required && own.enrolls_in_login && floor.enrolls_in_login;
        Self {
            enrolls_in_login,
            ..own.stricter(floor)
        }
    }

    /// The decision where the login begins no grace period: another host tells of it, and could begin one in
    /// the name of each user. Where the period would begin now, the user must enroll.
    #[must_use]
    pub fn without_new_grace(self, account: Option<&Account>) -> Self {
        let has_begun = account.and_then(Account::first_required).is_some();
        let begins = self.records_first_login && !has_begun;
        let requirement = match self.requirement {
            Requirement::Grace(_) if begins => Requirement::SetUp,
            other => other,
        };
        Self {
            requirement,
            records_first_login: false,
            ..self
        }
    }

    /// The decision if it is not known which of the two applies: the strict one.
    fn or(self, other: Self) -> Self {
        let strict = self.strict().or(other.strict());
        let others = strict == other.strict() && strict != self.strict();
        let (source, terms) = if others {
            (other.source, other.terms)
        } else {
            (self.source, self.terms)
        };
        Self {
            requirement: self.requirement.or(other.requirement),
            strict_factors: self.strict_factors.and(other.strict_factors),
            required: self.required || other.required,
            records_first_login: self.records_first_login || other.records_first_login,
            enrolls_in_login: self.enrolls_in_login && other.enrolls_in_login,
            audited: self.audited.or(other.audited).map(|_| strict),
            source,
            terms,
        }
    }
}

impl Requirement {
    /// Nothing, if the administrator has exempted the user of the account. That is none of the
    /// exemptions that the policy makes by itself: it is logged, and the user is told.
    fn unless_exempt(self, exemption: Option<&UserExemption>) -> Self {
        match (self, exemption) {
            (Self::Exempt(_), _) | (_, None) => self,
            (_, Some(exemption)) => Self::Exempt(Exemption::ByAdministrator(exemption.until())),
        }
    }

    fn or(self, other: Self) -> Self {
        use Requirement::{Ask, Exempt, Grace, SetUp, TooLate, Undetermined};
        match (self, other) {
            (Ask, _) | (_, Ask) => Ask,
            (Exempt(why @ Exemption::ByAdministrator(_)), Exempt(_))
            | (Exempt(_), Exempt(why @ Exemption::ByAdministrator(_))) => Exempt(why),
            // Off is said only where it is certain: it lets a login go on whatever the account.
            (Exempt(Exemption::Off), Exempt(why)) | (Exempt(why), Exempt(_)) => Exempt(why),
            (Grace(until), Grace(other)) => Grace(until.min(other)),
            (TooLate, SetUp | Grace(_) | TooLate) | (SetUp | Grace(_), TooLate) => TooLate,
            (SetUp, Grace(_) | SetUp) | (Grace(_), SetUp) => SetUp,
            (Exempt(_), _) | (_, Exempt(_)) | (Undetermined, _) | (_, Undetermined) => Undetermined,
        }
    }
}
