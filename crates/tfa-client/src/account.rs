//! The client of `.Account`: the account of the caller, whose uid the bus reports.

use tfa_proto::{
    Device, Factor, OpenEnum, Parameters, PendingAuthenticator, SecurityKeyParameters, Status,
};

use crate::error::Error;

/// `org.tfad.Tfa1.Account`. A `proof` is a current code or a backup code, which is used up. A method
/// with a proof first asks polkit for `org.tfad.tfa1.enroll`, and then answers an empty proof with
/// [`tfa_proto::Error::CodeNeeded`]. That way the password is asked for before the code.
#[zbus::proxy(
    interface = "org.tfad.Tfa1.Account",
    default_service = "org.tfad.Tfa1",
    default_path = "/org/tfad/Tfa1"
)]
pub trait Account {
    /// The state of the account.
    fn status(&self) -> Result<Status, Error>;

    /// Why the daemon refuses every login on this host; empty if it does not.
    fn refusal(&self) -> Result<String, Error>;

    /// Creates the first authenticator, pending until [`Self::confirm`]. Asks polkit for
    /// `org.tfad.tfa1.enroll`, which asks the user for the password.
    #[zbus(allow_interactive_auth)]
    fn setup(&self, parameters: Parameters) -> Result<PendingAuthenticator, Error>;

    /// Creates a further authenticator, pending until [`Self::confirm`].
    #[zbus(allow_interactive_auth)]
    fn add(&self, proof: &str, parameters: Parameters) -> Result<PendingAuthenticator, Error>;

    /// Creates an authenticator that replaces an active one when it is confirmed. Named `Move` on the
    /// bus.
    #[zbus(name = "Move", allow_interactive_auth)]
    fn move_to(&self, proof: &str, parameters: Parameters) -> Result<PendingAuthenticator, Error>;

    /// Enrolls a first security key, pending until a login uses it. Returns the backup codes that become
    /// active with it. Asks polkit as [`Self::setup`] does.
    #[zbus(allow_interactive_auth)]
    fn setup_security_key(&self, parameters: SecurityKeyParameters) -> Result<Vec<String>, Error>;

    /// Adds a security key, which is active at once. Returns its id.
    #[zbus(allow_interactive_auth)]
    fn add_security_key(
        &self,
        proof: &str,
        parameters: SecurityKeyParameters,
    ) -> Result<u32, Error>;

    /// Replaces an active authenticator by a security key. Returns its id.
    #[zbus(allow_interactive_auth)]
    fn move_to_security_key(
        &self,
        proof: &str,
        parameters: SecurityKeyParameters,
    ) -> Result<u32, Error>;

    /// Confirms the pending authenticator with one of its codes, and activates it. Returns the backup
    /// codes after a first enrollment, and none later.
    fn confirm(&self, code: &str) -> Result<Vec<String>, Error>;

    /// Discards the pending authenticator.
    fn abandon(&self) -> Result<(), Error>;

    /// Creates a new set of backup codes. The old set becomes invalid.
    #[zbus(allow_interactive_auth)]
    fn new_backup_codes(&self, proof: &str) -> Result<Vec<String>, Error>;

    /// On a member of a fleet: creates a set of codes that are bound to this host. The old set becomes invalid.
    #[zbus(allow_interactive_auth)]
    fn new_bound_codes(&self, proof: &str) -> Result<Vec<String>, Error>;

    /// Stops asking for codes and keeps the authenticators.
    #[zbus(allow_interactive_auth)]
    fn pause(&self, proof: &str) -> Result<(), Error>;

    /// Asks for codes again.
    #[zbus(allow_interactive_auth)]
    fn resume(&self, proof: &str) -> Result<(), Error>;

    /// Deletes the authenticators and the backup codes.
    #[zbus(allow_interactive_auth)]
    fn remove(&self, proof: &str) -> Result<(), Error>;

    /// Gives an authenticator another name.
    #[zbus(allow_interactive_auth)]
    fn rename_authenticator(&self, id: u32, name: &str, proof: &str) -> Result<(), Error>;

    /// Deletes an authenticator. The last one takes the backup codes with it.
    #[zbus(allow_interactive_auth)]
    fn remove_authenticator(&self, id: u32, proof: &str) -> Result<(), Error>;

    /// The remembered devices.
    fn devices(&self) -> Result<Vec<Device>, Error>;

    /// Forgets a device that is not the one of the caller's login session. It needs no code.
    fn forget_device(&self, id: u32) -> Result<(), Error>;

    /// Forgets all devices but the one of the caller's login session, and returns their number.
    fn forget_devices(&self) -> Result<u32, Error>;

    /// Checks a code without using it up.
    fn test(&self, code: &str) -> Result<OpenEnum<Factor>, Error>;

    /// Resynchronizes a counter-based authenticator with two codes that follow each other, and returns
    /// its id.
    fn resynchronize(&self, first: &str, second: &str) -> Result<u32, Error>;
}
