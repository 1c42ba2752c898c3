//! The client of `.Admin`: any account, for root and for whom polkit's `org.tfad.tfa1.manage`
//! lets in.

use crate::{Error, Status};

/// `org.tfad.Tfa1.Admin`.
#[zbus::proxy(
    interface = "org.tfad.Tfa1.Admin",
    default_service = "org.tfad.Tfa1",
    default_path = "/org/tfad/Tfa1"
)]
pub trait Admin {
    /// Every account that has a record.
    #[zbus(allow_interactive_auth)]
    fn list(&self) -> Result<Vec<Status>, Error>;

    /// One account.
    #[zbus(allow_interactive_auth)]
    fn show(&self, user: &str) -> Result<Status, Error>;

    /// Forgets everything about an account, a damaged record included.
    #[zbus(allow_interactive_auth)]
    fn reset(&self, user: &str) -> Result<(), Error>;

    /// Clears the wrong codes and the lock.
    #[zbus(allow_interactive_auth)]
    fn unlock(&self, user: &str) -> Result<(), Error>;
}
