//! How a login begins that is asked for a second factor: by a security key, from a remembered device, or
//! with a question.
//!
//! A login (`begin`) and a simulation (`simulate`) both call [`begin`], so that an explanation cannot
//! differ from the login that it explains.

use std::time::Duration;

use tfa_core::{
    Account, AskCode, Authenticator, AuthenticatorKind, Begun, Device, Factors, Message, Next,
    RememberRules, Time, Verdict,
};

use super::facts::LoginFacts;
use super::{remember, security_key, session_code};

/// How a login begins that is asked for a second factor.
#[expect(
    clippy::large_enum_variant,
    reason = "it is returned by value once, and is nearly always a prompt"
)]
pub(super) enum SecondFactor<'account> {
    /// sshd has accepted an active security key of the user.
    SecurityKey(&'account Authenticator),
    /// The prompt for a code, or the refusal of an account that is locked.
    Prompt(Prompt<'account>),
}

/// The prompt for a code, and what may replace the code.
pub(super) struct Prompt<'account> {
    pub(super) begun: Begun,
    /// The remembered device from which the login comes: no code is asked for.
    pub(super) device: Option<&'account Device>,
    /// A code that was given less than this time ago in the same login session serves: none is asked for.
    pub(super) session_code: Option<Duration>,
}

impl SecondFactor<'_> {
    /// As [`Prompt::accepts_nothing`].
    pub(super) fn accepts_nothing(&self) -> bool {
        match self {
            Self::SecurityKey(_) => false,
            Self::Prompt(prompt) => prompt.accepts_nothing(),
        }
    }
}

impl Prompt<'_> {
    /// Whether the login can use no second factor that the policy accepts. It is refused, or asked for
    /// the recovery code of the host.
    pub(super) fn accepts_nothing(&self) -> bool {
        let turn = &self.begun.turn;
        match turn.says {
            Some(Message::NoUsableFactor) => true,
            Some(Message::AcceptedFactors(_) | Message::NoSecurityKey { .. }) => {
                turn.next == Next::End(Verdict::Denied)
            }
            _ => false,
        }
    }
}

/// Decides how a login begins whose action is [`Ask`](tfa_core::PhaseAction::Ask), and which accepts these
/// second factors. `may_recover` is as in [`AskCode::begin_with_recovery`].
pub(super) fn begin<'account>(
    rules: &RememberRules,
    facts: LoginFacts<'_>,
    account: &'account Account,
    factors: Factors,
    may_recover: impl FnOnce() -> bool,
    now: Time,
) -> SecondFactor<'account> {
    if factors.contains(AuthenticatorKind::SecurityKey)
        && let Some(key) = security_key::of_login(facts, account)
    {
        return SecondFactor::SecurityKey(key);
    }
    let begun = {
        let scope = facts.throttle_scope();
        AskCode::begin_with_recovery(account, factors, scope, may_recover, now)
    };
    // Neither a device nor an earlier code passes a lock, or replaces a factor that a rule names.
    let is_open = factors.is_any() && begun.takes_any_code();
    SecondFactor::Prompt(Prompt {
        device: is_open
            .then(|| remember::device_of(rules, facts, account, now))
            .flatten(),
        session_code: is_open
            .then(|| session_code::length(rules, facts))
            .flatten(),
        begun,
    })
}
