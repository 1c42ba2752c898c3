//! The question that an answer is judged by: for a code, or for the recovery code of the host.

use tfa_core::{
    Account, Answered, AskCode, AskRecoveryCode, Client, Credential, Policy, PolicyDecision,
    ThrottleScope, Time,
};

use super::recovery::Refusal;

/// A question that was asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Question<'dialog> {
    Code(&'dialog AskCode),
    RecoveryCode(&'dialog AskRecoveryCode),
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
        policy: &Policy,
        decision: &PolicyDecision,
        account: &mut Account,
        credential: &Credential,
        client: Client<'_>,
        now: Time,
    ) -> Answered {
        match self {
            Self::Code(question) => {
                question.answer(decision.asks_for(), account, credential, client, now)
            }
            Self::RecoveryCode(question) => {
                let is_barred = decision.asks_for().is_some()
                    || Refusal::of(policy, decision, Some(account), now).is_some();
                question.answer(is_barred, account, credential, client, now)
            }
        }
    }
}
