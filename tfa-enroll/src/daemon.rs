//! The daemon, seen from here: calls to the caller's own account, each with a limit on its time.

use tfa_client::AccountProxy;
use tfa_client::{Failure, Interrupt, Terminal, connect, in_passing, is_root, within};
use tfa_proto::{Error, Offer, Parameters, Status};
use zeroize::Zeroizing;

use crate::texts;

/// A set of backup codes, wiped when it goes.
pub(crate) type BackupCodes = Zeroizing<Vec<String>>;

/// The caller's account.
#[derive(Debug)]
pub(crate) struct Daemon {
    account: AccountProxy<'static>,
}

impl Daemon {
    pub(crate) async fn connect() -> Result<Self, Failure> {
        let connection = connect().await?;
        Ok(Self {
            account: AccountProxy::new(&connection).await?,
        })
    }

    /// Why every login is refused; empty where logins are served.
    pub(crate) async fn refusal(&self) -> Result<String, Failure> {
        Ok(answer(self.account.refusal()).await?)
    }

    pub(crate) async fn status(&self) -> Result<Status, Failure> {
        Ok(answer(self.account.status()).await?)
    }

    /// Without a limit: polkit may be waiting for a password. A signal ends the wait: `None`.
    pub(crate) async fn setup(
        &self,
        interrupt: &mut Interrupt,
        parameters: Parameters,
    ) -> Option<Result<Offer, Error>> {
        let answer = interrupt.during(self.account.setup(parameters)).await;
        if answer.is_none() {
            // The offer may be made all the same, to nobody.
            self.abandon().await;
        }
        answer
    }

    pub(crate) async fn move_to(
        &self,
        proof: &str,
        parameters: Parameters,
    ) -> Result<Offer, Error> {
        change(self.account.move_to(proof, parameters)).await
    }

    pub(crate) async fn confirm(&self, code: &str) -> Result<BackupCodes, Error> {
        answer(self.account.confirm(code)).await.map(Zeroizing::new)
    }

    /// As well as it goes: an offer that nobody proves is never in force anyway.
    pub(crate) async fn abandon(&self) {
        in_passing(self.account.abandon()).await;
    }

    pub(crate) async fn new_backup_codes(&self, proof: &str) -> Result<BackupCodes, Error> {
        change(self.account.new_backup_codes(proof))
            .await
            .map(Zeroizing::new)
    }

    pub(crate) async fn pause(&self, proof: &str) -> Result<(), Error> {
        change(self.account.pause(proof)).await
    }

    pub(crate) async fn resume(&self, proof: &str) -> Result<(), Error> {
        change(self.account.resume(proof)).await
    }

    pub(crate) async fn remove(&self, proof: &str) -> Result<(), Error> {
        change(self.account.remove(proof)).await
    }

    pub(crate) async fn test(&self, code: &str) -> Result<String, Error> {
        answer(self.account.test(code)).await
    }
}

/// Without a limit where polkit may be waiting for a password.
async fn change<T>(call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    if is_root() {
        answer(call).await
    } else {
        call.await
    }
}

/// A remark, if that takes a while, and an end, if it takes too long.
async fn answer<T>(call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    within(&Terminal::new(), texts::WAITING, call).await
}
