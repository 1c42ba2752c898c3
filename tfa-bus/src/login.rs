//! The client of `.Login`, for the PAM module.

use zbus::Connection;
use zbus::message::Body;

use crate::{Context, LOGIN, NAME, PATH, Turn, WireTurn};

/// Speaks `org.tfad.Tfa1.Login` over a connection. Plain method calls: nothing is cached, no
/// signal is subscribed to, so a login costs one round trip a turn.
#[derive(Debug)]
pub struct LoginClient<'bus> {
    connection: &'bus Connection,
}

impl<'bus> LoginClient<'bus> {
    /// A client over that connection.
    #[must_use]
    pub fn new(connection: &'bus Connection) -> Self {
        Self { connection }
    }

    /// Begins the dialog for a user. Returns the dialog's number and its first turn.
    ///
    /// # Errors
    /// What the bus or the daemon answered; a turn that is not understood is a failure too.
    pub async fn begin(&self, user: &str, context: &Context) -> zbus::Result<(u32, Turn)> {
        let body = self.call("Begin", &(user, context.to_dict())).await?;
        let (dialog, turn): (u32, WireTurn) = body.deserialize()?;
        Ok((dialog, understood(turn)?))
    }

    /// Answers the question that the dialog asked last.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub async fn answer(&self, dialog: u32, reply: &str) -> zbus::Result<Turn> {
        let body = self.call("Answer", &(dialog, reply)).await?;
        let (turn,): (WireTurn,) = body.deserialize()?;
        understood(turn)
    }

    /// Ends the dialog without a verdict.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub async fn cancel(&self, dialog: u32) -> zbus::Result<()> {
        self.call("Cancel", &dialog).await.map(|_| ())
    }

    async fn call<B>(&self, method: &str, arguments: &B) -> zbus::Result<Body>
    where
        B: serde::ser::Serialize + zbus::wire::DynamicType,
    {
        let reply = self
            .connection
            .call_method(Some(NAME), PATH, Some(LOGIN), method, arguments)
            .await?;
        Ok(reply.body())
    }
}

fn understood(turn: WireTurn) -> zbus::Result<Turn> {
    Turn::try_from(turn).map_err(|garbled| zbus::Error::Failure(garbled.to_string()))
}
