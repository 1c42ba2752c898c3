//! The prompts for the recovery code of the host, and the enrollment that follows it.

use tfa_core::{Account, AskRecoveryCode, Enroll, FailureReason, Message, ThrottleScope};
use tfa_proto::{Turn, Verdict};

use super::{Error, Logins, log, pam_context, recovery, render};
use crate::config::Config;
use crate::host::{clock, random};
use crate::login::enrollment::DEFAULT_NAME;
use crate::login::evaluation::{Evaluation, Reply};
use crate::login::recovery::Refusal;
use crate::login::sessions::LoginAttempt;
use crate::messages;

impl Evaluation<'_> {
    /// Asks for the recovery code of the host in place of a refusal, where that is possible.
    pub(super) fn ask_for_recovery_code(&self) -> Option<Reply> {
        let (facts, user) = (self.attempt.facts(self.phase), &self.attempt.user);
        let may_recover = || self.may_recover();
        let refusal = recovery::replaced_refusal(
            self.config,
            facts,
            &self.decision,
            self.account,
            may_recover,
            self.now,
        )?;
        let new = Account::new(user.uid);
        let begun = AskRecoveryCode::begin(self.account.unwrap_or(&new), self.now)?;
        self.record_refusal(Some(FailureReason::NotEnrolled));
        let said = match refusal {
            Refusal::Denied(reason) => (true, self.denial(reason)),
            Refusal::NoInvitation => {
                log::not_enrolled(&self.logins.state.journal, self.attempt);
                messages::message(Message::NoInvitation, self.now)
            }
        };
        let refused = render::end(Verdict::Denied, Some(said));
        Some(Reply::Dialog(refused.lines, begun))
    }

    /// Whether the user may use the recovery code of the host. It asks the name service, and blocks. If it
    /// cannot be determined whether there is a code, the error is logged, and there is none.
    pub(super) fn may_recover(&self) -> bool {
        let has_code = self.logins.accounts.has_recovery_code();
        let has_code = has_code.unwrap_or_else(|error| {
            self.report(error);
            false
        });
        let (host, user) = (&*self.attempt.host, &self.attempt.user);
        has_code && recovery::may_use(self.config, host, user)
    }
}

impl Logins {
    /// Offers a new authenticator after a login with the recovery code of the host.
    pub(super) fn offer_replacement(
        &self,
        config: &Config,
        attempt: LoginAttempt,
    ) -> Result<(u32, Turn), Error> {
        let scope = pam_context::throttle_scope(attempt.caller.is_root(), &attempt.login);
        let scope = attempt.host.throttle_scope(scope);
        // The code that this daemon keeps was not checked for a host that has its own.
        if scope != ThrottleScope::Console || !attempt.host.is_local() {
            return Ok((0, render::end(Verdict::Verified, None)));
        }
        let new = config.authenticator.usual(DEFAULT_NAME, random::secret()?);
        let Some(authenticator) = new else {
            // The policy allows none that a login can enroll.
            return Ok((0, render::end(Verdict::Verified, None)));
        };
        let picture = self.picture_of(config, &attempt, &authenticator);
        let now = clock::now();
        let begun = Enroll::begin_after_recovery(authenticator, picture, scope, now);
        self.open_dialog(Vec::new(), begun, attempt, None, now)
    }
}
