//! The prompt for a code.

use super::prompt::Prompt;
use super::{
    Answered, AskRecoveryCode, AskRemember, Begun, Dialog, Message, Next, Rememberable, Turn,
    Verdict,
};
use crate::{Account, Client, Credential, Factors, LockScope, LockState, ThrottleScope, Time};

/// The state of the dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskCode {
    prompt: Prompt,
}

impl AskCode {
    /// Asks for a code, unless the account is locked.
    #[must_use]
    pub fn begin(account: &Account, scope: ThrottleScope, now: Time) -> Begun {
        Self::begin_with_recovery(account, Factors::ANY, scope, || false, now)
    }

    /// As [`Self::begin`], with the second factors that are accepted. `may_recover` tells whether the
    /// user may use the host's recovery code. It is called only at the console, for an account that is
    /// permanently locked, or that has nothing else to enter there. Where nothing else can be entered, the
    /// dialog is [`AskRecoveryCode`].
    #[must_use]
    pub fn begin_with_recovery(
        account: &Account,
        factors: Factors,
        scope: ThrottleScope,
        may_recover: impl FnOnce() -> bool,
        now: Time,
    ) -> Begun {
        let counted_on = account.lock_scope(scope, now);
        let closed = account.lock_state(scope, now);
        let says = match (closed, account.backup_lock_state(scope, now)) {
            (LockState::Unlocked, _) => {
                let has_any = account.has_codes_of(factors) || account.backup_codes_of(factors) > 0;
                if !has_any && scope == ThrottleScope::Console && may_recover() {
                    let says = Some(Message::NoUsableFactor);
                    return AskRecoveryCode::begin_after(says, account, now);
                }
                if !has_any {
                    return Begun::end(accepted(account, factors), Verdict::Denied);
                }
                accepted(account, factors)
            }
            (LockState::Permanent, LockState::Unlocked) => {
                match (account.backup_codes_of(factors) > 0, may_recover()) {
                    (true, false) => Some(Message::BackupCodeOnly),
                    (true, true) => Some(Message::BackupOrRecoveryCodeOnly),
                    (false, true) => {
                        let says = Some(Message::RecoveryCodeOnly);
                        return AskRecoveryCode::begin_after(says, account, now);
                    }
                    (false, false) => {
                        let locked = Message::Locked(LockState::Permanent, counted_on);
                        return Begun::end(Some(locked), Verdict::Locked);
                    }
                }
            }
            (LockState::Permanent, until @ LockState::Until(_)) => {
                return Begun::end(Some(Message::Locked(until, counted_on)), Verdict::Locked);
            }
            (closed, _) => {
                return Begun::end(Some(Message::Locked(closed, counted_on)), Verdict::Locked);
            }
        };
        let turn = Turn {
            says,
            report: None,
            next: question(account, factors),
        };
        Begun {
            turn,
            dialog: Some(Dialog::AskCode(Self {
                prompt: Prompt::new(account, scope, now),
            })),
        }
    }

    /// The scope in which wrong codes are counted.
    #[must_use]
    pub fn scope(&self) -> ThrottleScope {
        self.prompt.scope()
    }

    /// What wrong codes counted on when the dialog began.
    #[must_use]
    pub fn counted_on(&self) -> LockScope {
        self.prompt.counted_on()
    }

    /// Handles an answer. The caller evaluates the policy again ([`PolicyDecision::asks_for`]): if the
    /// account is no longer asked for a second factor, the dialog ends with a refusal, and the next login
    /// follows the new state.
    ///
    /// [`PolicyDecision::asks_for`]: crate::PolicyDecision::asks_for
    #[must_use]
    pub fn answer(
        &self,
        asked_for: Option<Factors>,
        account: &mut Account,
        credential: &Credential,
        client: Client<'_>,
        now: Time,
    ) -> Answered {
        self.judge(asked_for, account, credential, client, now).0
    }

    /// As [`Self::answer`]. After a right code, it also remembers the device for some minutes, and asks
    /// whether to remember it for days, as far as that is offered.
    #[must_use]
    pub fn answer_with_offer(
        &self,
        asked_for: Option<Factors>,
        account: &mut Account,
        credential: &Credential,
        client: Client<'_>,
        offer: Rememberable<'_>,
        now: Time,
    ) -> Answered {
        let (answered, before) = self.judge(asked_for, account, credential, client, now);
        match before {
            None => AskRemember::after(answered, account, self.scope(), offer, now),
            // The turn of then, of which all is stored.
            Some(at) => AskRemember::after(answered, &mut account.clone(), self.scope(), offer, at),
        }
    }

    /// Handles an answer. Also returns when the same one was right before.
    fn judge(
        &self,
        asked_for: Option<Factors>,
        account: &mut Account,
        credential: &Credential,
        client: Client<'_>,
        now: Time,
    ) -> (Answered, Option<Time>) {
        let Some(factors) = asked_for else {
            let changed = Answered::end(Some(Message::Changed), Verdict::Denied);
            return (changed, None);
        };
        // The policy has changed since the question, and accepts nothing that the user can type. After the
        // last backup code, that code itself may come again.
        if !account.has_codes_of(factors)
            && account.backup_codes_of(factors) == 0
            && !account.was_judged(client, credential, now)
        {
            let refused = Answered::end(accepted(account, factors), Verdict::Denied);
            return (refused, None);
        }
        let followed = self
            .prompt
            .answer(factors, account, credential, client, now);
        let before = followed.right_before();
        let answered = followed.ask_again(|says, prompt| {
            let dialog = Dialog::AskCode(Self { prompt });
            (says, question(account, factors), dialog)
        });
        (answered, before)
    }
}

/// The question for whatever the user can type.
fn question(account: &Account, factors: Factors) -> Next {
    if account.has_codes_of(factors) {
        Next::AskCode {
            digits: account.digits_of(factors),
        }
    } else {
        Next::AskBackupCode
    }
}

/// Says which second factors are accepted, unless that is any code of the user.
fn accepted(account: &Account, factors: Factors) -> Option<Message> {
    let backup_codes_left = account.backup_codes_left();
    match (factors.is_any(), account.has_codes_of(factors)) {
        (true, true) => None,
        (true, false) => Some(Message::NoSecurityKey { backup_codes_left }),
        (false, _) => Some(Message::AcceptedFactors(factors)),
    }
}
