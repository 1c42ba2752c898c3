//! Calls of owners on this host, which a verifier answers.

use std::time::Instant;

use tfa_fleet_wire::{
    AccountCall, AttemptBytes, LoginCall, LoginReply, NeededFact, Reply, SecretBytes,
};
use tfa_proto::Error;

use super::Forwarder;
use super::attempt::HERE;
use super::calls::{Failed, MAX_ROUNDS, not_understood, refused};
use super::remote::RemoteDialog;
use crate::fleet::translate;
use crate::host::facts::HostFacts as _;
use crate::host::users::User;
use crate::login;
use crate::login::password_prompts::{POLKIT, PasswordPrompts};
use crate::messages;
use crate::owner::Method;

/// A login for the password of a call, in which a verifier has verified a code of the owner.
#[derive(Debug, Clone)]
pub struct Proved {
    verifier: String,
    attempt: AttemptBytes,
}

impl Forwarder {
    /// The calls on this host that wait for a password at polkit.
    pub(crate) const fn password_prompts(&self) -> &PasswordPrompts<Proved> {
        &self.password_prompts
    }

    /// Tells a call that waits for a password of the code of this login.
    pub(super) fn note_proof(&self, remote: &RemoteDialog) {
        let attempt = remote.attempt();
        if attempt.service() == POLKIT {
            let proved = Proved {
                verifier: remote.verifier().to_owned(),
                attempt: attempt.id,
            };
            let uid = attempt.user().uid;
            self.password_prompts.code_was_used(uid, proved);
        }
    }

    /// Makes a call of this user at a verifier. Returns the result of the method. A change is made once.
    ///
    /// # Errors
    /// Those of the verifier; without a reply, whether the change was made is not known, and the text tells it.
    pub fn account(
        &self,
        user: &User,
        method: Method,
        arguments: SecretBytes,
        proved: Option<Proved>,
    ) -> Result<SecretBytes, login::Error> {
        let (verifier, proved_by) = proved.map(|one| (one.verifier, one.attempt)).unzip();
        let mut call = AccountCall {
            user: translate::login_user(user),
            method: method.name().to_owned(),
            arguments,
            subject: None,
            proved_by,
            only_reads: method.only_reads(),
        };
        let mut until = Instant::now() + self.times.account;
        for _ in 0..MAX_ROUNDS {
            let left = until.saturating_duration_since(Instant::now());
            let request = LoginCall::Account(call.clone());
            let reply = match self.fleet.send(request, verifier.as_deref(), false, left) {
                Ok(Reply::Login { reply, .. }) => reply,
                Ok(Reply::NoVerifier(why)) => return Err(login::Error::NoVerifier(why)),
                Ok(Reply::NoAnswer(why)) => return Err(login::Error::NoAnswer(why)),
                Ok(Reply::Lost(why)) => return Err(unknown_outcome(method, &why)),
                Ok(_) => return Err(unknown_outcome(method, messages::REPLY_NOT_UNDERSTOOD)),
                Err(Failed::Unsent(error)) => return Err(error),
                Err(Failed::Unknown(why)) => return Err(unknown_outcome(method, &why)),
            };
            match reply {
                LoginReply::Account(result) => return Ok(result),
                LoginReply::NeedFact(NeededFact::Subject(question)) => {
                    let start = Instant::now();
                    let query = translate::query(question.clone());
                    let subject = HERE.subject(user, query).ok();
                    let answer = |found| translate::subject_answer(question, &found);
                    call.subject = subject.map(answer);
                    until += start.elapsed();
                }
                LoginReply::Refused { error, text } => return Err(refused(&error, text)),
                LoginReply::NeedFact(_) | LoginReply::Begun { .. } | LoginReply::Cancelled => break,
            }
        }
        Err(not_understood())
    }
}

/// The call was made, and what became of it is not known.
fn unknown_outcome(method: Method, why: &str) -> login::Error {
    if method.only_reads() {
        return login::Error::NoAnswer(why.to_owned());
    }
    login::Error::Refused(Error::Storage(messages::unknown_outcome(&why)))
}
