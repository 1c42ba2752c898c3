//! Calls to the daemon for the account of the caller.

use tfa_client::AccountProxy;
use tfa_client::{Error, Failure, Terminal, best_effort, connect, is_root, with_timeout};
use tfa_proto::{
    Device, Factor, OpenEnum, Parameters, PendingAuthenticator, SecurityKeyParameters, Status,
};
use zeroize::Zeroizing;

use crate::messages;

/// A set of backup codes, wiped when dropped.
pub(crate) type BackupCodes = Zeroizing<Vec<String>>;

/// The account of the caller.
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

    /// Why the daemon refuses every login; empty if it does not.
    pub(crate) async fn refusal(&self) -> Result<String, Failure> {
        Ok(answer(self.account.refusal()).await?)
    }

    pub(crate) async fn status(&self) -> Result<Status, Failure> {
        Ok(answer(self.account.status()).await?)
    }

    pub(crate) async fn setup(
        &self,
        parameters: Parameters,
    ) -> Result<PendingAuthenticator, Error> {
        // Without a timeout, because polkit may ask for a password.
        self.account.setup(parameters).await
    }

    pub(crate) async fn setup_security_key(
        &self,
        parameters: SecurityKeyParameters,
    ) -> Result<BackupCodes, Error> {
        let codes = self.account.setup_security_key(parameters).await;
        codes.map(Zeroizing::new)
    }

    pub(crate) async fn add_security_key(
        &self,
        proof: &str,
        parameters: SecurityKeyParameters,
    ) -> Result<u32, Error> {
        change(self.account.add_security_key(proof, parameters)).await
    }

    pub(crate) async fn move_to_security_key(
        &self,
        proof: &str,
        parameters: SecurityKeyParameters,
    ) -> Result<u32, Error> {
        change(self.account.move_to_security_key(proof, parameters)).await
    }

    pub(crate) async fn move_to(
        &self,
        proof: &str,
        parameters: Parameters,
    ) -> Result<PendingAuthenticator, Error> {
        change(self.account.move_to(proof, parameters)).await
    }

    pub(crate) async fn add(
        &self,
        proof: &str,
        parameters: Parameters,
    ) -> Result<PendingAuthenticator, Error> {
        change(self.account.add(proof, parameters)).await
    }

    pub(crate) async fn rename_authenticator(
        &self,
        id: u32,
        name: &str,
        proof: &str,
    ) -> Result<(), Error> {
        change(self.account.rename_authenticator(id, name, proof)).await
    }

    pub(crate) async fn remove_authenticator(&self, id: u32, proof: &str) -> Result<(), Error> {
        change(self.account.remove_authenticator(id, proof)).await
    }

    pub(crate) async fn resynchronize(&self, first: &str, second: &str) -> Result<u32, Error> {
        answer(self.account.resynchronize(first, second)).await
    }

    pub(crate) async fn confirm(&self, code: &str) -> Result<BackupCodes, Error> {
        answer(self.account.confirm(code)).await.map(Zeroizing::new)
    }

    /// Ignores errors: a key that is not confirmed never becomes active.
    pub(crate) async fn abandon(&self) {
        best_effort(self.account.abandon()).await;
    }

    pub(crate) async fn new_backup_codes(&self, proof: &str) -> Result<BackupCodes, Error> {
        change(self.account.new_backup_codes(proof))
            .await
            .map(Zeroizing::new)
    }

    pub(crate) async fn new_bound_codes(&self, proof: &str) -> Result<BackupCodes, Error> {
        change(self.account.new_bound_codes(proof))
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

    pub(crate) async fn devices(&self) -> Result<Vec<Device>, Error> {
        answer(self.account.devices()).await
    }

    pub(crate) async fn forget_device(&self, id: u32) -> Result<(), Error> {
        answer(self.account.forget_device(id)).await
    }

    pub(crate) async fn forget_devices(&self) -> Result<u32, Error> {
        answer(self.account.forget_devices()).await
    }

    pub(crate) async fn test(&self, code: &str) -> Result<OpenEnum<Factor>, Error> {
        answer(self.account.test(code)).await
    }
}

/// Without a timeout if polkit may ask for a password.
async fn change<T>(call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    if is_root() {
        answer(call).await
    } else {
        call.await
    }
}

/// With a note if the answer is slow, and a timeout.
async fn answer<T>(call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    with_timeout(&Terminal::new(), messages::WAITING, call).await
}
