//! The client of `.Admin`: any account, for root and for users with polkit's authorization
//! `org.tfad.tfa1.manage`.

use std::collections::HashMap;

use tfa_proto::{
    AuditRecord, DaemonFacts, Exemption, Explanation, ExportedAuthenticator, FleetHost,
    HypotheticalLogin, Impact, Import, ImportResult, PublishedPolicy, RecoveryStatus, Renamed,
    Status, TokenParameters, UserFacts,
};

use crate::error::Error;

/// `org.tfad.Tfa1.Admin`.
#[zbus::proxy(
    interface = "org.tfad.Tfa1.Admin",
    default_service = "org.tfad.Tfa1",
    default_path = "/org/tfad/Tfa1"
)]
pub trait Admin {
    /// Returns a page of the accounts that have a record and that the filter (a
    /// [`ListFilter`](tfa_proto::ListFilter)) selects, in the order of the names of their records. Pages are
    /// as in [`Self::users`]; one may be empty and not the last. The last value counts the records that were
    /// read for the page.
    #[zbus(allow_interactive_auth)]
    fn list(&self, filter: &str, after: &str) -> Result<(Vec<Status>, String, u32), Error>;

    /// Returns a page of the names of all records, in order, without a look-up of their users. Pages are as
    /// in [`Self::users`].
    #[zbus(allow_interactive_auth)]
    fn record_names(&self, after: &str) -> Result<(Vec<String>, String), Error>;

    /// Returns one account.
    #[zbus(allow_interactive_auth)]
    fn show(&self, user: &str) -> Result<Status, Error>;

    /// Deletes the record of an account, even a damaged one.
    #[zbus(allow_interactive_auth)]
    fn reset(&self, user: &str) -> Result<(), Error>;

    /// Resets the counters of wrong codes and removes the locks.
    #[zbus(allow_interactive_auth)]
    fn unlock(&self, user: &str) -> Result<(), Error>;

    /// Assigns the records of old names to the users of new names (old and new in each pair), with the
    /// uids of these users: all in one change, or none. `uids` has those of new names that are users of members.
    /// With `check` nothing is changed.
    #[zbus(allow_interactive_auth)]
    fn rename(
        &self,
        names: &[(&str, &str)],
        uids: HashMap<&str, u32>,
        check: bool,
    ) -> Result<Vec<Renamed>, Error>;

    /// Creates an invitation that is valid for `seconds` seconds, and replaces an earlier one. Returns
    /// the invitation code, which is returned only once, the end of its validity, and for whom it is. `facts` may have
    /// the uid of a user of members of the fleet.
    #[zbus(allow_interactive_auth)]
    fn invite(
        &self,
        user: &str,
        seconds: u64,
        facts: UserFacts,
    ) -> Result<(String, u64, UserFacts), Error>;

    /// Exempts a user for `seconds` seconds, and replaces an earlier exemption. Returns the end, and who is exempt.
    /// `facts` is as in [`Self::invite`].
    #[zbus(allow_interactive_auth)]
    fn exempt(
        &self,
        user: &str,
        seconds: u64,
        reason: &str,
        facts: UserFacts,
    ) -> Result<(u64, UserFacts), Error>;

    /// Ends the exemption of a user.
    #[zbus(allow_interactive_auth)]
    fn end_exemption(&self, user: &str) -> Result<(), Error>;

    /// Pauses two-factor login of a user of whom it is not required.
    #[zbus(allow_interactive_auth)]
    fn disable(&self, user: &str) -> Result<(), Error>;

    /// Ends a pause and an exemption of a user.
    #[zbus(allow_interactive_auth)]
    fn enable(&self, user: &str) -> Result<(), Error>;

    /// What of the policy in force lets logins proceed without a second factor.
    #[zbus(allow_interactive_auth)]
    fn policy_exemptions(&self) -> Result<Vec<Exemption>, Error>;

    /// The exemptions and pauses of users. Pages are as in [`Self::list`].
    #[zbus(allow_interactive_auth)]
    fn user_exemptions(&self, after: &str) -> Result<(Vec<Exemption>, String), Error>;

    /// Activates an authenticator of which the administrator has the key. Returns its id, and whose it is.
    #[zbus(allow_interactive_auth)]
    fn add_authenticator(
        &self,
        user: &str,
        parameters: TokenParameters,
        key: &[u8],
    ) -> Result<(u32, UserFacts), Error>;

    /// Takes over enrollments that another program kept. With `check` nothing is changed.
    #[zbus(allow_interactive_auth)]
    fn import(&self, imports: &[Import], check: bool) -> Result<Vec<ImportResult>, Error>;

    /// The authenticators of a user that have codes, with their keys. Only root may call it.
    fn export(&self, user: &str) -> Result<Vec<ExportedAuthenticator>, Error>;

    /// Deletes an authenticator that is not the last one.
    #[zbus(allow_interactive_auth)]
    fn remove_authenticator(&self, user: &str, id: u32) -> Result<(), Error>;

    /// Forgets a remembered device.
    #[zbus(allow_interactive_auth)]
    fn forget_device(&self, user: &str, id: u32) -> Result<(), Error>;

    /// Forgets all remembered devices, and returns their number.
    #[zbus(allow_interactive_auth)]
    fn forget_devices(&self, user: &str) -> Result<u32, Error>;

    /// Simulates a login under the policy in force, or under the one in these files (name and text, in
    /// the order in which they are read).
    #[zbus(allow_interactive_auth)]
    fn explain(
        &self,
        files: &[(&str, &str)],
        user: &str,
        login: HypotheticalLogin,
    ) -> Result<Explanation, Error>;

    /// Simulates a login of each of these users under a policy that is given as in [`Self::explain`],
    /// without audit mode. Also returns whether audit mode is on.
    #[zbus(allow_interactive_auth)]
    fn impact(
        &self,
        files: &[(&str, &str)],
        login: HypotheticalLogin,
        users: &[&str],
    ) -> Result<(bool, Vec<Impact>), Error>;

    /// Returns a page of the login names of the users of this host, in order: the names greater than
    /// `after`, which is empty for the first page. With `root`, root is included. Also returns the
    /// `after` of the next page, or an empty name if there is none.
    #[zbus(allow_interactive_auth)]
    fn users(&self, root: bool, after: &str) -> Result<(Vec<String>, String), Error>;

    /// The members of a group, given by name or number: the users that it lists, and those whose primary
    /// group it is. Pages are as in [`Self::users`].
    #[zbus(allow_interactive_auth)]
    fn members(&self, group: &str, after: &str) -> Result<(Vec<String>, String), Error>;

    /// The logins that audit mode recorded. Pages are as in [`Self::list`].
    #[zbus(allow_interactive_auth)]
    fn audit_records(&self, after: &str) -> Result<(Vec<AuditRecord>, String), Error>;

    /// Creates the recovery code of the host, and makes an earlier one void. Only root may call it.
    fn create_recovery_code(&self) -> Result<String, Error>;

    /// Makes the authority of the fleet, unless there is one, and certifies this host as a verifier at that port, for
    /// a public key with its proof. Returns whether the authority is new, the certificate of this host, and that of
    /// the authority. Only root may call it.
    fn found_fleet(
        &self,
        host: &str,
        port: u16,
        point: &[u8],
        proof: &[u8],
    ) -> Result<(bool, Vec<u8>, Vec<u8>), Error>;

    /// Makes an invitation of a host, and returns its token and its end. With a port the host is invited as a
    /// verifier, which only root may do.
    #[zbus(allow_interactive_auth)]
    fn invite_host(&self, host: &str, seconds: u64, port: u16) -> Result<(String, u64), Error>;

    /// The hosts of the fleet. The first page begins with the open invitations. Pages are as in [`Self::users`].
    #[zbus(allow_interactive_auth)]
    fn list_hosts(&self, after: &str) -> Result<(Vec<FleetHost>, String), Error>;

    /// Removes a host: its calls are refused from now on.
    #[zbus(allow_interactive_auth)]
    fn remove_host(&self, host: &str) -> Result<(), Error>;

    /// Admits a host again that was removed, where the fleet has no authority of its own.
    #[zbus(allow_interactive_auth)]
    fn readmit_host(&self, host: &str) -> Result<(), Error>;

    /// What the daemon knows of its policy and itself.
    #[zbus(allow_interactive_auth)]
    fn facts(&self) -> Result<DaemonFacts, Error>;

    /// The state of the recovery code of the host. Only root may call it.
    fn recovery_status(&self) -> Result<RecoveryStatus, Error>;

    /// The published policy, as the store has it now.
    #[zbus(allow_interactive_auth)]
    fn published_policy(&self) -> Result<PublishedPolicy, Error>;

    /// Publishes a policy in place of the one with the revision `expected`, which is 0 for none. With `check`
    /// it is checked only. Returns its revision, which is 0 then, and warnings.
    #[zbus(allow_interactive_auth)]
    fn publish_policy(
        &self,
        text: &str,
        expected: u64,
        check: bool,
    ) -> Result<(u64, Vec<String>), Error>;

    /// Removes the published policy that has the revision `expected`; 0 for any, also one that cannot be read.
    #[zbus(allow_interactive_auth)]
    fn unpublish_policy(&self, expected: u64) -> Result<(), Error>;
}
