//! An owner: an enrolled account, with its phone and its backup codes.

use tfa_core::{
    Account, AuthenticatorId, AuthenticatorKind, Credential, Factor, Input, Judgement, LockState,
    Refusal, ThrottleScope, Time, VerifiedBy,
};

use crate::phone::{NOON, Phone, after, code};
use crate::sheet;

pub(crate) const UID: u32 = 1000;
/// What a right code of the first authenticator is.
pub(crate) const CODE: Factor =
    Factor::Authenticator(AuthenticatorId::new(1), AuthenticatorKind::Totp);
/// A login by the first authenticator.
pub(crate) const FIRST: VerifiedBy = VerifiedBy::Authenticator(AuthenticatorId::new(1));
/// Six digits that no phone of the tests shows in the hours around noon.
pub(crate) const WRONG: &str = "000000";

pub(crate) struct Owner {
    pub(crate) account: Account,
    pub(crate) phone: Phone,
}

impl Owner {
    /// Enrolled a day before noon, with [`sheet::FIRST`].
    pub(crate) fn new() -> Self {
        let phone = Phone::usual(7);
        let account = account(&phone);
        Self { account, phone }
    }

    /// The code that the phone shows `steps` time steps from now.
    pub(crate) fn code(&self, now: Time, steps: i64) -> Credential {
        self.phone.code(after(now, steps * self.phone.period()))
    }

    pub(crate) fn judge(
        &mut self,
        credential: &Credential,
        scope: ThrottleScope,
        now: Time,
    ) -> Judgement {
        self.account.judge(credential, scope, now)
    }

    /// Types `times` wrong codes, each as soon as the account is unlocked. Returns the time of the
    /// next possible try, or of the last one under a permanent lock.
    pub(crate) fn fail(&mut self, times: u32, scope: ThrottleScope, mut now: Time) -> Time {
        for _ in 0..times {
            match self.account.judge(&code(WRONG), scope, now) {
                Judgement::Wrong(LockState::Until(until)) => now = until,
                Judgement::Wrong(_) => {}
                other => panic!("judged {other:?}"),
            }
        }
        now
    }

    /// Types wrong codes until the lock is permanent. Returns the time of the last one.
    pub(crate) fn lock_permanently(&mut self, scope: ThrottleScope, now: Time) -> Time {
        self.fail(permanent_after(scope), scope, now)
    }

    pub(crate) fn failures(&self, scope: ThrottleScope) -> u32 {
        self.account.throttle().counter(scope).failures()
    }

    pub(crate) fn backup_codes_left(&self) -> usize {
        self.account.backup().map_or(0, tfa_core::BackupSet::left)
    }
}

/// The wrong codes in a row after which a lock is permanent.
pub(crate) fn permanent_after(scope: ThrottleScope) -> u32 {
    match scope {
        ThrottleScope::Remote(_) => 45,
        ThrottleScope::Session | ThrottleScope::OwnProgram => 15,
        ThrottleScope::Console => 100,
        ThrottleScope::AtMember(_) => 10,
    }
}

/// An account that was enrolled with a phone a day before noon.
pub(crate) fn account(phone: &Phone) -> Account {
    let yesterday = after(NOON, -86_400);
    let mut account = Account::new(UID);
    account.set_up(phone.authenticator(), yesterday).unwrap();
    let codes = Some(sheet::FIRST.set());
    account
        .confirm(&phone.typed(yesterday), codes, yesterday)
        .unwrap();
    account
}

/// An account with several phones, in this order.
pub(crate) fn account_of_several(phones: &[Phone]) -> Account {
    let mut account = account(&phones[0]);
    for (phone, number) in phones[1..].iter().zip(2..) {
        let authenticator = phone.authenticator_named(&format!("phone {number}"));
        account.bind(authenticator, NOON).unwrap();
    }
    account
}

/// A wrong code for a request that needs a proof.
pub(crate) fn wrong_code() -> Credential {
    code(WRONG)
}

/// Six wrong digits for the question that confirms a pending authenticator.
pub(crate) fn wrong_entry() -> Input {
    Input::parse(WRONG)
}

/// A wrong code without a drift hint.
pub(crate) const PLAINLY_WRONG: Refusal = Refusal::WrongCode(None);
