//! The question that an answer is judged by: for a code, or for the recovery code of the host.

use tfa_core::{
    Account, Answered, AskCode, AskRecoveryCode, Client, Credential, Policy, Rememberable,
    ThrottleScope, Time,
};

use super::recovery::Refusal;
use super::sessions::LoginAttempt;

/// A question that was asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Question<'dialog> {
    Code(&'dialog AskCode),
    RecoveryCode(&'dialog AskRecoveryCode),
}

/// What an answer is judged by, besides the account.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grounds<'a> {
    pub(super) policy: &'a Policy,
    pub(super) attempt: &'a LoginAttempt,
    pub(super) client: Client<'a>,
    /// What is remembered after a right code.
    pub(super) offer: Rememberable<'a>,
    pub(super) now: Time,
}

impl Question<'_> {
    /// The scope in which wrong codes are counted.
    pub(super) fn scope(self) -> ThrottleScope {
        match self {
            Self::Code(question) => question.scope(),
            Self::RecoveryCode(question) => question.scope(),
        }
    }

    /// Judges an answer by what the policy decides now.
    pub(super) fn answer(
        self,
        grounds: &Grounds<'_>,
        account: &mut Account,
        credential: &Credential,
    ) -> Answered {
        let Grounds {
            policy,
            attempt,
            client,
            offer,
            now,
        } = *grounds;
        let decision = attempt.decide(policy, Some(account), now);
        let asked_for = decision.asks_for();
        match self {
            Self::Code(question) => {
                let offer = Rememberable {
                    // The device would not serve this login again.
                    asks: offer.asks && decision.factors().is_any(),
                    ..offer
                };
                question.answer_with_offer(asked_for, account, credential, client, offer, now)
            }
            Self::RecoveryCode(question) => {
                let is_barred = asked_for.is_some()
                    || Refusal::of(policy, &decision, Some(account), now).is_some();
                question.answer(is_barred, account, credential, client, now)
            }
        }
    }
}
