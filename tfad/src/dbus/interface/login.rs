//! `org.tfad.Tfa1.Login` on the bus. The PAM module comes this way where it cannot connect to the
//! daemon's own socket.

use std::collections::HashMap;
use std::sync::Arc;

use tfa_proto::{Context, WireTurn};
use zbus::Connection;
use zbus::message::Header;
use zbus::wire::OwnedVariant;
use zeroize::Zeroizing;

use crate::dbus::calls::Calls;
use crate::dbus::error::BusError;
use crate::login::LoginService;

/// The interface.
#[derive(Debug)]
pub(crate) struct LoginInterface {
    logins: Arc<dyn LoginService>,
    calls: Arc<Calls>,
}

impl LoginInterface {
    pub(crate) fn new(logins: Arc<dyn LoginService>, calls: &Arc<Calls>) -> Self {
        let calls = Arc::clone(calls);
        Self { logins, calls }
    }
}

#[zbus::interface(name = "org.tfad.Tfa1.Login")]
impl LoginInterface {
    /// Begins the dialog for a user.
    #[zbus(out_args("dialog", "turn"))]
    async fn begin(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        user: String,
        context: HashMap<String, OwnedVariant>,
    ) -> Result<(u32, WireTurn), BusError> {
        let call = self.calls.admit(&header, connection).await?;
        let (logins, caller) = (Arc::clone(&self.logins), call.caller.clone());
        let begun = call.run(move || logins.begin(&caller, &user, Context::from_dict(&context)));
        let (dialog, turn) = begun.await?;
        Ok((dialog, turn.into()))
    }

    /// Answers the question that the dialog asked last.
    #[zbus(out_args("turn"))]
    async fn answer(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        dialog: u32,
        reply: String,
    ) -> Result<(WireTurn,), BusError> {
        let reply = Zeroizing::new(reply);
        let call = self.calls.admit(&header, connection).await?;
        let (logins, sender) = (Arc::clone(&self.logins), call.caller.name.clone());
        let answered = call.run(move || logins.answer(&sender, dialog, &reply));
        // A turn alone would go out as its four parts.
        let turn = answered.await?;
        Ok((turn.into(),))
    }

    /// Ends the dialog without a verdict.
    async fn cancel(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        dialog: u32,
    ) -> Result<(), BusError> {
        // On a member it is a call to a verifier.
        let call = self.calls.admit(&header, connection).await?;
        let (logins, sender) = (Arc::clone(&self.logins), call.caller.name.clone());
        let cancelled = call.run(move || logins.cancel(&sender, dialog));
        Ok(cancelled.await?)
    }
}
