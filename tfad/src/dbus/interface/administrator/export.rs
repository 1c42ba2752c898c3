//! Keys that leave for another program. The owner learns of it, and the log has an alert.

use tfa_core::Authenticator;
use tfa_proto::{Error, ExportedAuthenticator};

use super::Administrator;
use crate::account::status;
use crate::host::clock;
use crate::log::AccountEvent;
use crate::messages;

impl Administrator {
    /// The authenticators of a user, with their keys.
    pub(in crate::dbus::interface) fn export(
        &self,
        user: &str,
    ) -> Result<Vec<ExportedAuthenticator>, Error> {
        let user = self.accounts.user(user)?;
        let now = clock::now();
        let authenticators = self
            .accounts
            .change(&user, |account| account.export(now))
            .map_err(|error| self.state.journal.report(&self.caller, &user.name, error))?
            .map_err(|refusal| messages::export_refused(refusal, &user.name, now))?;
        let event = AccountEvent::Exported {
            authenticators: authenticators.len(),
        };
        self.state
            .journal
            .log_account(&self.caller, &user.name, event);
        Ok(authenticators.iter().filter_map(exported).collect())
    }
}

fn exported(authenticator: &Authenticator) -> Option<ExportedAuthenticator> {
    let (format, secret) = (authenticator.format()?, authenticator.secret()?);
    let mut exported = ExportedAuthenticator::default();
    exported.kind = status::kind_of(authenticator).into();
    authenticator.name().clone_into(&mut exported.name);
    exported.key.push_str(&secret.to_base32());
    exported.algorithm = match format.algorithm() {
        tfa_core::Algorithm::Sha1 => tfa_proto::Algorithm::Sha1,
        tfa_core::Algorithm::Sha256 => tfa_proto::Algorithm::Sha256,
        tfa_core::Algorithm::Sha512 => tfa_proto::Algorithm::Sha512,
    }
    .into();
    exported.digits = format.digits().into();
    exported.period = authenticator.period();
    exported.counter = authenticator.counter().map(tfa_core::Counter::value);
    Some(exported)
}
