//! `org.tfad.Tfa1.Login` on the bus. The PAM module comes this way where nobody listens at the
//! daemon's own socket.

use std::collections::HashMap;
use std::sync::Arc;

use tfa_proto::{Error, WireTurn};
use zbus::Connection;
use zbus::message::Header;
use zbus::wire::OwnedVariant;

use crate::dbus::caller::sender;
use crate::login::{self, Logins};
use crate::state::DaemonState;

/// The interface.
#[derive(Debug)]
pub struct Login {
    state: Arc<DaemonState>,
    logins: Arc<Logins>,
}

impl Login {
    /// The interface to the logins of a host.
    #[must_use]
    pub fn new(state: Arc<DaemonState>, logins: Arc<Logins>) -> Self {
        Self { state, logins }
    }
}

#[zbus::interface(name = "org.tfad.Tfa1.Login")]
impl Login {
    /// Begins the dialog for a user.
    #[zbus(out_args("dialog", "turn"))]
    async fn begin(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        user: &str,
        context: HashMap<String, OwnedVariant>,
    ) -> Result<(u32, WireTurn), Error> {
        let context = login::context(&context)?;
        let sender = sender(&header)?;
        let caller = self.state.callers.identify(connection, sender).await?;
        let begun = self.logins.begin(&caller, user, context);
        begun.await.map(|(dialog, turn)| (dialog, turn.into()))
    }

    /// Answers the question that the dialog asked last.
    #[zbus(out_args("turn"))]
    async fn answer(
        &self,
        #[zbus(header)] header: Header<'_>,
        dialog: u32,
        reply: String,
    ) -> Result<(WireTurn,), Error> {
        let sender = sender(&header)?;
        let answered = self.logins.answer(&sender, dialog, reply);
        // A turn alone would go out as its four parts.
        answered.await.map(|turn| (turn.into(),))
    }

    /// Ends the dialog without a verdict.
    async fn cancel(&self, #[zbus(header)] header: Header<'_>, dialog: u32) -> Result<(), Error> {
        self.logins.cancel(&sender(&header)?, dialog)
    }
}
