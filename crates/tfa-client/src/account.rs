//! The client of `.Account`: the caller's own account, by the uid that the bus vouches for.

use tfa_proto::{Error, Offer, Parameters, Status};

/// `org.tfad.Tfa1.Account`. A `proof` is a current code or a backup code; either is used up. Each method
/// that takes one asks polkit for `org.tfad.tfa1.enroll` first; an empty proof is then answered with
/// [`Error::CodeNeeded`], so that the password is asked for before the code.
#[zbus::proxy(
    interface = "org.tfad.Tfa1.Account",
    default_service = "org.tfad.Tfa1",
    default_path = "/org/tfad/Tfa1"
)]
pub trait Account {
    /// Where the account stands.
    fn status(&self) -> Result<Status, Error>;

    /// Why every login on this host is refused now; empty where logins are served.
    fn refusal(&self) -> Result<String, Error>;

    /// Offers a first authenticator. Asks polkit for `org.tfad.tfa1.enroll`, which asks the
    /// person for the password. Nothing is enabled before [`Self::confirm`].
    #[zbus(allow_interactive_auth)]
    fn setup(&self, parameters: Parameters) -> Result<Offer, Error>;

    /// Offers an authenticator that is to replace the present ones, which go on working until
    /// the new one is confirmed. Named `Move` on the bus.
    #[zbus(name = "Move", allow_interactive_auth)]
    fn move_to(&self, proof: &str, parameters: Parameters) -> Result<Offer, Error>;

    /// Proves the offered authenticator by a code of it and puts it in force. Returns the backup
    /// codes that come with a first set-up, in order, or none after a move.
    fn confirm(&self, code: &str) -> Result<Vec<String>, Error>;

    /// Withdraws the offer.
    fn abandon(&self) -> Result<(), Error>;

    /// Makes a new set of backup codes; the old set is void.
    #[zbus(allow_interactive_auth)]
    fn new_backup_codes(&self, proof: &str) -> Result<Vec<String>, Error>;

    /// Stops asking for codes and keeps the keys.
    #[zbus(allow_interactive_auth)]
    fn pause(&self, proof: &str) -> Result<(), Error>;

    /// Asks for codes again.
    #[zbus(allow_interactive_auth)]
    fn resume(&self, proof: &str) -> Result<(), Error>;

    /// Forgets the authenticators and the backup codes.
    #[zbus(allow_interactive_auth)]
    fn remove(&self, proof: &str) -> Result<(), Error>;

    /// Tries a code without using it up. Returns `authenticator` or `backup-code`.
    fn test(&self, code: &str) -> Result<String, Error>;
}
