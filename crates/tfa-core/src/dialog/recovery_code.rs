//! The prompt for the host's recovery code: for an administrator at the console who can enter nothing
//! else.

use super::prompt::Prompt;
use super::{Answered, Begun, Dialog, Message, Next, Turn, Verdict};
use crate::{Account, Client, Credential, Factors, LockScope, LockState, ThrottleScope, Time};

/// The state of the dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskRecoveryCode {
    prompt: Prompt,
}

impl AskRecoveryCode {
    /// Asks for the code in a login that is refused otherwise. `None` where wrong codes have locked the
    /// console.
    #[must_use]
    pub fn begin(account: &Account, now: Time) -> Option<Begun> {
        let is_open = account.backup_lock_state(ThrottleScope::Console, now) == LockState::Unlocked;
        is_open.then(|| Self::begin_after(None, account, now))
    }

    /// Asks for the code after a message, at a console that is not locked for it.
    pub(super) fn begin_after(says: Option<Message>, account: &Account, now: Time) -> Begun {
        let turn = Turn {
            says,
            report: None,
            next: Next::AskRecoveryCode,
        };
        let prompt = Prompt::new(account, ThrottleScope::Console, now);
        Begun {
            turn,
            dialog: Some(Dialog::AskRecoveryCode(Self { prompt })),
        }
    }

    /// The scope in which wrong codes are counted: the console.
    #[must_use]
    pub fn scope(&self) -> ThrottleScope {
        self.prompt.scope()
    }

    /// What wrong codes counted on when the dialog began.
    #[must_use]
    pub fn counted_on(&self) -> LockScope {
        self.prompt.counted_on()
    }

    /// Handles an answer. Other credentials than the recovery code are neither checked nor counted. The
    /// caller evaluates the policy again: if it neither refuses the login nor asks it for a second
    /// factor (`is_barred` is false), the dialog ends with a refusal, and the next login follows the new
    /// state.
    #[must_use]
    pub fn answer(
        &self,
        is_barred: bool,
        account: &mut Account,
        credential: &Credential,
        client: Client<'_>,
        now: Time,
    ) -> Answered {
        if !is_barred {
            return Answered::end(Some(Message::Changed), Verdict::Denied);
        }
        let credential = match credential {
            Credential::Recovery(_) | Credential::Empty => credential,
            Credential::Code(_)
            | Credential::CodeOrBackup(..)
            | Credential::Backup(..)
            | Credential::Malformed => &Credential::Malformed,
        };
        self.prompt
            .answer(Factors::ANY, account, credential, client, now)
            .ask_again(|says, prompt| {
                let says = match says {
                    Message::NotACode => Message::NotARecoveryCode,
                    says => says,
                };
                let dialog = Dialog::AskRecoveryCode(Self { prompt });
                (says, Next::AskRecoveryCode, dialog)
            })
    }
}
