//! The answers of a login dialog.

use std::time::Instant;

use tfa_core::{
    Account, Answered, BackupCode, Binding, Client, Credential, Device, DeviceMark, Dialog, Enroll,
    Factor, FailureReason, Input, Next, RecoveryCode, Requirement, Time, Verdict,
};
use tfa_proto::Turn;

use super::{Error, Logins, log, pam_context, password_prompts, recovery, remember};
use crate::account::{self, Loaded, Typed};
use crate::host::clock;
use crate::login::login_sessions::GivenCode;
use crate::login::question::{Grounds, Question};
use crate::login::sessions::{LoginAttempt, Session};
use crate::messages;
use crate::state::HashedFor;

/// What an answer led to. A conflict of commits judges an answer again, so nothing of it is kept
/// elsewhere: an earlier verdict must not outlive the one that was stored.
struct Judged {
    turn: tfa_core::Turn,
    /// The dialog that goes on.
    dialog: Option<Dialog>,
    /// The name of the authenticator whose code it was.
    authenticator: String,
    /// The answer has used up a code of the user. The same answer that comes again has not.
    used_code: bool,
    /// What a login session begins with, after a code of the user.
    begins: Option<BegunSession>,
}

/// What a login session begins with.
struct BegunSession {
    /// What the code came from, if the code may serve in the session.
    binding: Option<Binding>,
    /// The device from which it comes.
    device: Option<DeviceMark>,
}

impl Logins {
    /// Verifies an answer. The account is stored before the turn is returned.
    pub(super) fn judge(
        &self,
        session: &Session,
        loaded: Option<Loaded>,
        typed: &str,
    ) -> Result<(Turn, Option<Dialog>), Error> {
        let now = clock::now();
        let (turn, next, drawn, authenticator) = match &session.dialog {
            Dialog::AskCode(question) => {
                let question = Question::Code(question);
                let judged = self.judge_code(session, loaded, question, typed, now)?;
                (judged.turn, judged.dialog, Vec::new(), judged.authenticator)
            }
            Dialog::AskRecoveryCode(question) => {
                let question = Question::RecoveryCode(question);
                let judged = self.judge_code(session, loaded, question, typed, now)?;
                (judged.turn, judged.dialog, Vec::new(), judged.authenticator)
            }
            Dialog::AskRemember(question) => {
                let (turn, next) = self.judge_remember(&session.attempt, question, typed)?;
                // The code was logged before the question.
                let turn = self.render(&turn, next.as_ref(), &[], &session.attempt, now);
                return Ok((turn, next));
            }
            Dialog::Enroll(enroll) => {
                let judged = self.judge_enrollment(session, enroll, typed, now)?;
                let (turn, next, drawn) = judged;
                (turn, next, drawn, enroll.authenticator().name().to_owned())
            }
        };
        let journal = &self.state.journal;
        log::turn(journal, &session.attempt, &turn, &authenticator);
        let turn = self.render(&turn, next.as_ref(), &drawn, &session.attempt, now);
        Ok((turn, next))
    }

    fn judge_code(
        &self,
        session: &Session,
        loaded: Option<Loaded>,
        question: Question<'_>,
        typed: &str,
        now: Time,
    ) -> Result<Judged, Error> {
        let config = self.state.publication().usable()?;
        let LoginAttempt {
            user,
            context,
            host,
            ..
        } = &session.attempt;
        let client = Client {
            answer: Some(session.answer),
            ..session.attempt.client()
        };
        let phase = pam_context::phase(&**host, context, &config.policy);
        let marks = remember::devices_of(&config.remember, session.attempt.facts(phase));
        let grounds = Grounds {
            policy: &config.policy,
            attempt: &session.attempt,
            client,
            offer: remember::rememberable(&config.remember, &marks, &session.attempt),
            now,
        };
        let answer = |account: &mut Account, credential: &Credential| match question
            .answer(&grounds, account, credential)
        {
            Answered::Rehash | Answered::DrawCodes => None,
            Answered::Turn(turn, next) => {
                let rules = &config.remember;
                let begins = begins_session(&turn).then(|| BegunSession {
                    binding: (rules.session_minutes > 0).then(|| account.binding()),
                    device: account
                        .remembered_device(&marks, rules, now)
                        .map(Device::mark),
                });
                let authenticator = name_of_verified(account, &turn);
                Some(Judged {
                    turn,
                    dialog: next,
                    authenticator,
                    used_code: account.has_accepted_code(),
                    begins,
                })
            }
        };
        let input = Input::parse(typed);
        let judged = match &input {
            Input::Recovery(code)
                if recovery::is_accepted(&config, &**host, user, question.scope()) =>
            {
                self.judge_recovery(session, loaded, code, now, answer)?
            }
            input => {
                let caller = &session.attempt.caller;
                let purpose = match caller.is_root() {
                    true => HashedFor::Login(user.uid),
                    false => HashedFor::Call,
                };
                let typed = Typed {
                    input,
                    scope: question.scope(),
                    now,
                    answer: Some(session.answer),
                    may_hash: &|| self.state.count_hash(caller, purpose, Instant::now()),
                };
                self.accounts.judge(user, &typed, loaded, answer)?
            }
        };
        if let Some(BegunSession { binding, device }) = &judged.begins {
            let code = binding.clone().map(|binding| GivenCode {
                at: now,
                instant: Instant::now(),
                binding,
            });
            self.note_session(&session.attempt, code, *device);
        }
        if judged.turn.next.verified().is_some()
            && session.attempt.caller.is_root()
            && session.attempt.context.service == password_prompts::POLKIT
        {
            match host.attempt() {
                _ if host.is_local() => self.password_prompts.code_was_used(user.uid, ()),
                // An answer that comes again may be from another verifier, where it has counted for a call.
                Some(attempt) if judged.used_code => {
                    let now = Instant::now();
                    self.member_proofs.note(attempt, &user.name, now);
                }
                Some(_) | None => {}
            }
        }
        Ok(judged)
    }

    /// Verifies the recovery code of the host. It is void before the turn is returned.
    fn judge_recovery(
        &self,
        session: &Session,
        loaded: Option<Loaded>,
        code: &RecoveryCode,
        now: Time,
        answer: impl FnMut(&mut Account, &Credential) -> Option<Judged>,
    ) -> Result<Judged, Error> {
        let user = &session.attempt.user;
        let is_accepted = |judged: &Option<Judged>| {
            judged
                .as_ref()
                .is_some_and(|one| one.turn.next.verified() == Some(Factor::RecoveryCode))
        };
        let judged = self
            .accounts
            .judge_recovery(user, code, now, loaded, answer, is_accepted)?;
        if is_accepted(&judged) {
            log::recovery_code_used(&self.state.journal, &session.attempt);
        }
        judged.ok_or_else(|| account::Error::Hashing.into())
    }

    fn judge_enrollment(
        &self,
        session: &Session,
        enroll: &Enroll,
        typed: &str,
        now: Time,
    ) -> Result<(tfa_core::Turn, Option<Dialog>, Vec<BackupCode>), Error> {
        let config = self.state.publication().usable()?;
        let LoginAttempt { user, .. } = &session.attempt;
        let client = session.attempt.client();
        // Ten hashes are computed only for a right code.
        let (mut drawn, mut is_new) = (None, false);
        loop {
            let set = drawn.as_ref().map(|(set, _)| set);
            let answered = self.accounts.change(user, |account| {
                let decision = session.attempt.decide(&config.policy, Some(account), now);
                let lacks_invitation = config.policy.invitation && !enroll.is_by_invitation();
                // The policy has changed since the dialog began.
                let requirement = match lacks_invitation || !decision.enrolls_in_login {
                    true => Requirement::Undetermined,
                    false => decision.requirement,
                };
                let answered = enroll.clone().answer(requirement, account, typed, set, now);
                if is_refusal(&answered) {
                    account.record_refusal(FailureReason::NotEnrolled, client, now);
                }
                answered
            })?;
            match answered {
                Answered::DrawCodes | Answered::Rehash => {
                    // Logins of this host are not counted. A member may enroll any number of users that it names.
                    let caller = &session.attempt.caller;
                    if !self.state.count_change(caller, Instant::now()) {
                        let busy = account::Error::Contended(messages::TOO_MANY_DRAWS);
                        return Err(busy.into());
                    }
                    is_new = caller.host.is_some() && self.accounts.load(user)?.is_none();
                    if is_new && !self.state.admits_new_user(caller, Instant::now()) {
                        let busy = account::Error::Contended(messages::TOO_MANY_NEW_USERS);
                        return Err(busy.into());
                    }
                    drawn = Some(self.accounts.draw_backup_codes()?);
                }
                Answered::Turn(turn, next) => {
                    if is_new {
                        self.state
                            .count_new_user(&session.attempt.caller, Instant::now());
                    }
                    let codes = drawn.map(|(_, codes)| codes.to_vec()).unwrap_or_default();
                    return Ok((turn, next, codes));
                }
            }
        }
    }
}

/// Whether a login ends because the user has not enrolled.
fn is_refusal(answered: &Answered) -> bool {
    match answered {
        Answered::Turn(turn, _) => turn.next == Next::End(Verdict::NotSetUp),
        Answered::Rehash | Answered::DrawCodes => false,
    }
}

/// Whether the answer was a code of the user, which later logins of the session can be served by. The
/// recovery code is not.
fn begins_session(turn: &tfa_core::Turn) -> bool {
    match turn.next.verified() {
        Some(Factor::Authenticator(..) | Factor::BackupCode) => true,
        Some(Factor::RecoveryCode | Factor::SecurityKey(_)) | None => false,
    }
}

/// The name of the authenticator that the login was verified with; empty if it was not.
fn name_of_verified(account: &Account, turn: &tfa_core::Turn) -> String {
    let Some(factor) = turn.next.verified() else {
        return String::new();
    };
    let authenticator = match factor {
        Factor::Authenticator(id, _) | Factor::SecurityKey(id) => account.authenticator(id),
        Factor::BackupCode | Factor::RecoveryCode => None,
    };
    authenticator.map_or_else(String::new, |one| one.name().to_owned())
}
