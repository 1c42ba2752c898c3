//! What the terms ask of one account.

use super::{AfterGrace, Identity, Login, Mode, Policy, Possible, Source, Terms};
use crate::{Account, State, Time};

/// What the policy asks of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
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
    Undecided,
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
pub struct Ruling {
    /// What is asked.
    pub decision: Decision,
    /// Whether a second factor is required, so that a login which met none may be refused.
    pub required: bool,
    /// Whether a first login has to be noted, because the grace begins with it.
    pub notes_first_login: bool,
    /// In audit mode, what the requirement would have asked, be it the same.
    pub audited: Option<Decision>,
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
    pub fn decide(&self, login: &Login, account: Option<&Account>, now: Time) -> Ruling {
        let decide_under = |who| self.decide_under(who, login, account, now);
        let first = decide_under(&login.person.canonical);
        let others = login.person.aliases.iter().map(decide_under);
        others.fold(first, Ruling::stricter)
    }

    /// Decides over a login under one of the user's names.
    fn decide_under(
        &self,
        who: &Identity,
        login: &Login,
        account: Option<&Account>,
        now: Time,
    ) -> Ruling {
        let Possible { terms, in_session } = self.terms_for(who, login);
        let ruling = |terms: &Terms| self.rule(terms, account, now);
        let known = terms.into_iter().map(ruling).reduce(Ruling::or);
        let known = known.unwrap_or_else(|| ruling(&self.otherwise));
        let in_session = in_session.into_iter().map(ruling);
        in_session.fold(known, Ruling::stricter)
    }

    fn rule(&self, terms: &Terms, account: Option<&Account>, now: Time) -> Ruling {
        let strict = terms.decide(account, now);
        let required = terms.require(now);
        let ruling = Ruling {
            decision: strict,
            required,
            notes_first_login: terms.note_first_login(now),
            audited: None,
            source: terms.source.clone(),
        };
        if !(self.audit && required) {
            return ruling;
        }
        Ruling {
            decision: optional(account),
            required: false,
            notes_first_login: false,
            audited: Some(strict),
            ..ruling
        }
    }
}

impl Terms {
    /// Decides over an account.
    fn decide(&self, account: Option<&Account>, now: Time) -> Decision {
        if self.mode == Mode::Off {
            return Decision::Exempt(Exemption::Off);
        }
        if !self.require(now) {
            return optional(account);
        }
        match account.map_or(State::None, Account::state) {
            // Who may not be without it cannot pause it either.
            State::Enabled | State::Paused => Decision::Ask,
            State::None | State::Pending => match self.grace_until(account, now) {
                Some(until) if now < until => Decision::Grace(until),
                _ => match self.after_grace {
                    AfterGrace::Enroll => Decision::SetUp,
                    // The administrator has opened the door to one person.
                    AfterGrace::Deny if account.is_some_and(|account| account.is_invited(now)) => {
                        Decision::SetUp
                    }
                    AfterGrace::Deny => Decision::TooLate,
                },
            },
        }
    }
}

fn optional(account: Option<&Account>) -> Decision {
    match account.map_or(State::None, Account::state) {
        State::Enabled => Decision::Ask,
        State::Paused => Decision::Exempt(Exemption::Paused),
        State::None | State::Pending => Decision::Exempt(Exemption::NotSetUp),
    }
}

impl Ruling {
    /// What would be asked if nothing were let off for the audit.
    #[must_use]
    pub fn strict(&self) -> Decision {
        self.audited.unwrap_or(self.decision)
    }

    /// One of the two, and nobody knows which: the strict one.
    fn or(self, other: Self) -> Self {
        let strict = self.strict().or(other.strict());
        let others = strict == other.strict() && strict != self.strict();
        Self {
            decision: self.decision.or(other.decision),
            required: self.required || other.required,
            notes_first_login: self.notes_first_login || other.notes_first_login,
            audited: self.audited.or(other.audited).map(|_| strict),
            source: if others { other.source } else { self.source },
        }
    }
}

impl Decision {
    fn or(self, other: Self) -> Self {
        use Decision::{Ask, Exempt, Grace, SetUp, TooLate, Undecided};
        match (self, other) {
            (Ask, _) | (_, Ask) => Ask,
            // Off is said only where it is certain: it lets a login go on whatever the account.
            (Exempt(Exemption::Off), Exempt(why)) | (Exempt(why), Exempt(_)) => Exempt(why),
            (Grace(until), Grace(other)) => Grace(until.min(other)),
            (TooLate, SetUp | Grace(_) | TooLate) | (SetUp | Grace(_), TooLate) => TooLate,
            (SetUp, Grace(_) | SetUp) | (Grace(_), SetUp) => SetUp,
            (Exempt(_), _) | (_, Exempt(_)) | (Undecided, _) | (_, Undecided) => Undecided,
        }
    }
}
