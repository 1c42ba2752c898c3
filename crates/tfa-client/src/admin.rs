//! The client of `.Admin`: any account, for root and for whom polkit's `org.tfad.tfa1.manage`
//! lets in.

use tfa_proto::{Error, Explanation, Impact, Renamed, Seen, Status, Supposed};

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

    /// Moves the records of old names to the users of new names (old and new in each pair), with the
    /// uids that these have: all in one change, or none. With `check` nothing is changed.
    #[zbus(allow_interactive_auth)]
    fn rename(&self, names: &[(&str, &str)], check: bool) -> Result<Vec<Renamed>, Error>;

    /// Makes an invitation that is good for so many seconds; one made before is void. Returns the
    /// word, which is told once, and until when it is good.
    #[zbus(allow_interactive_auth)]
    fn invite(&self, user: &str, seconds: u64) -> Result<(String, u64), Error>;

    /// What would become of a login under the policy in force, or under the one in these files (name
    /// and text, in the order in which they are read).
    #[zbus(allow_interactive_auth)]
    fn explain(
        &self,
        files: &[(&str, &str)],
        user: &str,
        login: Supposed,
    ) -> Result<Explanation, Error>;

    /// What a policy, chosen as in [`Self::explain`], would mean for these users once audit mode is
    /// over; and whether it is on.
    #[zbus(allow_interactive_auth)]
    fn impact(
        &self,
        files: &[(&str, &str)],
        login: Supposed,
        users: &[&str],
    ) -> Result<(bool, Vec<Impact>), Error>;

    /// What audit mode saw.
    #[zbus(allow_interactive_auth)]
    fn seen(&self) -> Result<Vec<Seen>, Error>;
}
