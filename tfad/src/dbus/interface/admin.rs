//! `org.tfad.Tfa1.Admin`: any account, for root and for callers that polkit authorizes.

use std::collections::HashMap;
use std::sync::Arc;

use tfa_proto::{
    ACTION_MANAGE, AuditRecord, DaemonFacts, Error, Exemption, Explanation, ExportedAuthenticator,
    FleetHost, HypotheticalLogin, Impact, Import, ImportResult, PublishedPolicy, RecoveryStatus,
    Renamed, Status, TokenParameters, UserFacts,
};
use zbus::Connection;
use zbus::message::Header;
use zeroize::Zeroizing;

use super::administrator::Administrator;
use crate::account::Accounts;
use crate::config::FleetRole;
use crate::dbus::calls::{Call, Calls};
use crate::dbus::error::BusError;
use crate::dbus::polkit;
use crate::fleet::HostLogins;
use crate::fleet::Hosts;
use crate::log::AccountEvent;
use crate::messages;
use crate::state::DaemonState;

/// The interface.
#[derive(Debug)]
pub(crate) struct AdminInterface {
    state: Arc<DaemonState>,
    accounts: Arc<Accounts>,
    /// Know the verifiers of the fleet.
    logins: Arc<HostLogins>,
    hosts: Arc<Hosts>,
    calls: Arc<Calls>,
}

#[zbus::interface(name = "org.tfad.Tfa1.Admin")]
impl AdminInterface {
    /// A page of the accounts that have a record.
    #[zbus(out_args("accounts", "next", "read"))]
    async fn list(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        filter: String,
        after: String,
    ) -> Result<(Vec<Status>, String, u32), BusError> {
        let call = self.admit(&header, connection, "list").await?;
        Ok(self
            .run(&call, move |administrator| {
                administrator.list(&filter, &after)
            })
            .await?)
    }

    /// One account.
    #[zbus(out_args("account"))]
    async fn show(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        user: String,
    ) -> Result<Status, BusError> {
        let call = self.admit(&header, connection, &user).await?;
        Ok(self
            .run(&call, move |administrator| administrator.show(&user))
            .await?)
    }

    /// Forgets everything about an account.
    async fn reset(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        user: String,
    ) -> Result<(), BusError> {
        let call = self.admit(&header, connection, &user).await?;
        Ok(self
            .run(&call, move |administrator| administrator.reset(&user))
            .await?)
    }

    /// Clears the wrong codes and the lock.
    async fn unlock(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        user: String,
    ) -> Result<(), BusError> {
        let call = self.admit(&header, connection, &user).await?;
        Ok(self
            .run(&call, move |administrator| administrator.unlock(&user))
            .await?)
    }

    /// Moves records to other names and uids.
    #[zbus(out_args("renamed"))]
    async fn rename(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        names: Vec<(String, String)>,
        uids: HashMap<String, u32>,
        check: bool,
    ) -> Result<Vec<Renamed>, BusError> {
        let call = self.admit(&header, connection, "rename").await?;
        Ok(self
            .run(&call, move |administrator| {
                administrator.rename(&names, &uids, check)
            })
            .await?)
    }

    /// Makes an invitation.
    #[zbus(out_args("code", "until", "found"))]
    async fn invite(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        user: String,
        seconds: u64,
        facts: UserFacts,
    ) -> Result<(String, u64, UserFacts), BusError> {
        let call = self.admit(&header, connection, &user).await?;
        Ok(self
            .run(&call, move |administrator| {
                administrator.invite(&user, seconds, facts)
            })
            .await?)
    }

    /// Exempts a user for a time.
    #[zbus(out_args("until", "found"))]
    async fn exempt(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        user: String,
        seconds: u64,
        reason: String,
        facts: UserFacts,
    ) -> Result<(u64, UserFacts), BusError> {
        let call = self.admit(&header, connection, &user).await?;
        Ok(self
            .run(&call, move |administrator| {
                administrator.exempt(&user, seconds, &reason, facts)
            })
            .await?)
    }

    /// Ends an exemption.
    async fn end_exemption(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        user: String,
    ) -> Result<(), BusError> {
        let call = self.admit(&header, connection, &user).await?;
        Ok(self
            .run(&call, move |administrator| {
                administrator.end_exemption(&user)
            })
            .await?)
    }

    /// Pauses two-factor login of a user.
    async fn disable(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        user: String,
    ) -> Result<(), BusError> {
        let call = self.admit(&header, connection, &user).await?;
        Ok(self
            .run(&call, move |administrator| administrator.disable(&user))
            .await?)
    }

    /// Ends a pause and an exemption.
    async fn enable(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        user: String,
    ) -> Result<(), BusError> {
        let call = self.admit(&header, connection, &user).await?;
        Ok(self
            .run(&call, move |administrator| administrator.enable(&user))
            .await?)
    }

    /// What of the policy lets logins proceed without a second factor.
    #[zbus(out_args("exemptions"))]
    async fn policy_exemptions(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Vec<Exemption>, BusError> {
        let call = self
            .admit_here(&header, connection, "policy_exemptions")
            .await?;
        Ok(self
            .run(&call, |administrator| administrator.policy_exemptions())
            .await?)
    }

    /// The exemptions and pauses of users.
    #[zbus(out_args("exemptions", "next"))]
    async fn user_exemptions(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        after: String,
    ) -> Result<(Vec<Exemption>, String), BusError> {
        let call = self.admit(&header, connection, "user_exemptions").await?;
        Ok(self
            .run(&call, move |administrator| {
                administrator.user_exemptions(&after)
            })
            .await?)
    }

    /// Activates an authenticator of which the administrator has the key.
    #[zbus(out_args("id", "found"))]
    async fn add_authenticator(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        user: String,
        parameters: TokenParameters,
        key: Vec<u8>,
    ) -> Result<(u32, UserFacts), BusError> {
        let key = Zeroizing::new(key);
        let call = self.admit(&header, connection, &user).await?;
        Ok(self
            .run(&call, move |administrator| {
                administrator.add_authenticator(&user, &parameters, &key)
            })
            .await?)
    }

    /// Takes over enrollments that another program kept.
    #[zbus(out_args("results"))]
    async fn import(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        imports: Vec<Import>,
        check: bool,
    ) -> Result<Vec<ImportResult>, BusError> {
        let call = self.admit(&header, connection, "import").await?;
        Ok(self
            .run(&call, move |administrator| {
                administrator.import(&imports, check)
            })
            .await?)
    }

    /// The authenticators of a user, with their keys.
    #[zbus(out_args("authenticators"))]
    async fn export(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        user: String,
    ) -> Result<Vec<ExportedAuthenticator>, BusError> {
        let call = self.admit_root(&header, connection, &user).await?;
        Ok(self
            .run(&call, move |administrator| administrator.export(&user))
            .await?)
    }

    /// Removes an authenticator.
    async fn remove_authenticator(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        user: String,
        id: u32,
    ) -> Result<(), BusError> {
        let call = self.admit(&header, connection, &user).await?;
        Ok(self
            .run(&call, move |administrator| {
                administrator.remove_authenticator(&user, id)
            })
            .await?)
    }

    /// Forgets a remembered device.
    async fn forget_device(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        user: String,
        id: u32,
    ) -> Result<(), BusError> {
        let call = self.admit(&header, connection, &user).await?;
        Ok(self
            .run(&call, move |administrator| {
                administrator.forget_device(&user, id)
            })
            .await?)
    }

    /// Forgets all remembered devices.
    #[zbus(out_args("count"))]
    async fn forget_devices(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        user: String,
    ) -> Result<u32, BusError> {
        let call = self.admit(&header, connection, &user).await?;
        Ok(self
            .run(&call, move |administrator| {
                administrator.forget_devices(&user)
            })
            .await?)
    }

    /// What would become of a login.
    #[zbus(out_args("explanation"))]
    async fn explain(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        files: Vec<(String, String)>,
        user: String,
        login: HypotheticalLogin,
    ) -> Result<Explanation, BusError> {
        let call = self.admit(&header, connection, &user).await?;
        Ok(self
            .run(&call, move |administrator| {
                administrator.explain(&files, &user, &login)
            })
            .await?)
    }

    /// What a policy would mean for some users.
    #[zbus(out_args("audit", "impacts"))]
    async fn impact(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        files: Vec<(String, String)>,
        login: HypotheticalLogin,
        users: Vec<String>,
    ) -> Result<(bool, Vec<Impact>), BusError> {
        let call = self.admit(&header, connection, "impact").await?;
        Ok(self
            .run(&call, move |administrator| {
                administrator.impact(&files, &login, users)
            })
            .await?)
    }

    /// The names of all records.
    #[zbus(out_args("names", "next"))]
    async fn record_names(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        after: String,
    ) -> Result<(Vec<String>, String), BusError> {
        let call = self.admit(&header, connection, "record names").await?;
        Ok(self
            .run(&call, move |administrator| {
                administrator.record_names(&after)
            })
            .await?)
    }

    /// The accounts of persons on this host.
    #[zbus(out_args("users", "next"))]
    async fn users(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        root: bool,
        after: String,
    ) -> Result<(Vec<String>, String), BusError> {
        let call = self.admit_here(&header, connection, "users").await?;
        Ok(self
            .run(&call, move |administrator| administrator.users(root, after))
            .await?)
    }

    /// The members of a group.
    #[zbus(out_args("members", "next"))]
    async fn members(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        group: String,
        after: String,
    ) -> Result<(Vec<String>, String), BusError> {
        let call = self.admit_here(&header, connection, "members").await?;
        Ok(self
            .run(&call, move |administrator| {
                administrator.members(&group, after)
            })
            .await?)
    }

    /// Creates the recovery code of the host.
    #[zbus(out_args("code"))]
    async fn create_recovery_code(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, BusError> {
        let call = self.admit_root(&header, connection, "recovery").await?;
        Ok(self
            .run(&call, |administrator| administrator.create_recovery_code())
            .await?)
    }

    /// The state of the recovery code of the host.
    #[zbus(out_args("status"))]
    async fn recovery_status(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<RecoveryStatus, BusError> {
        let call = self
            .admit_root_here(&header, connection, "recovery")
            .await?;
        Ok(self
            .run(&call, |administrator| administrator.recovery_status())
            .await?)
    }

    /// What the doctor of the administrators' command asks.
    #[zbus(out_args("facts"))]
    async fn facts(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<DaemonFacts, BusError> {
        let call = self.admit_here(&header, connection, "facts").await?;
        Ok(self
            .run(&call, |administrator| administrator.facts())
            .await?)
    }

    /// The published policy.
    #[zbus(out_args("policy"))]
    async fn published_policy(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<PublishedPolicy, BusError> {
        let call = self.admit(&header, connection, "policy").await?;
        Ok(self
            .run(&call, |administrator| administrator.published_policy())
            .await?)
    }

    /// Publishes a policy, or checks it.
    #[zbus(out_args("revision", "warnings"))]
    async fn publish_policy(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        text: String,
        expected: u64,
        check: bool,
    ) -> Result<(u64, Vec<String>), BusError> {
        let call = self.admit(&header, connection, "policy").await?;
        Ok(self
            .run(&call, move |administrator| {
                administrator.publish_policy(text, expected, check)
            })
            .await?)
    }

    /// Removes the published policy.
    async fn unpublish_policy(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        expected: u64,
    ) -> Result<(), BusError> {
        let call = self.admit(&header, connection, "policy").await?;
        Ok(self
            .run(&call, move |administrator| {
                administrator.unpublish_policy(expected)
            })
            .await?)
    }

    /// Makes the authority of the fleet, and has this host certified as a verifier.
    #[zbus(out_args("is_new", "certificate", "authority"))]
    async fn found_fleet(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        host: String,
        port: u16,
        point: Vec<u8>,
        proof: Vec<u8>,
    ) -> Result<(bool, Vec<u8>, Vec<u8>), BusError> {
        let call = self.admit_root(&header, connection, "fleet").await?;
        Ok(self
            .run(&call, move |administrator| {
                administrator.found_fleet(&host, port, (point, proof))
            })
            .await?)
    }

    /// Invites a host into the fleet.
    #[zbus(out_args("token", "until"))]
    async fn invite_host(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        host: String,
        seconds: u64,
        port: u16,
    ) -> Result<(String, u64), BusError> {
        let call = self.admit(&header, connection, "hosts").await?;
        let (token, until) = self
            .run(&call, move |administrator| {
                administrator.invite_host(&host, seconds, port)
            })
            .await?;
        Ok((token.to_string(), until))
    }

    /// A page of the hosts of the fleet.
    #[zbus(out_args("hosts", "next"))]
    async fn list_hosts(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        after: String,
    ) -> Result<(Vec<FleetHost>, String), BusError> {
        let call = self.admit(&header, connection, "hosts").await?;
        Ok(self
            .run(&call, move |administrator| administrator.list_hosts(&after))
            .await?)
    }

    /// Removes a host from the fleet.
    async fn remove_host(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        host: String,
    ) -> Result<(), BusError> {
        let call = self.admit(&header, connection, "hosts").await?;
        Ok(self
            .run(&call, move |administrator| administrator.remove_host(&host))
            .await?)
    }

    /// Admits a host again that was removed.
    async fn readmit_host(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        host: String,
    ) -> Result<(), BusError> {
        let call = self.admit(&header, connection, "hosts").await?;
        Ok(self
            .run(&call, move |administrator| {
                administrator.readmit_host(&host)
            })
            .await?)
    }

    /// A page of the logins that audit mode recorded.
    #[zbus(out_args("audit_records", "next"))]
    async fn audit_records(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        after: String,
    ) -> Result<(Vec<AuditRecord>, String), BusError> {
        let call = self.admit(&header, connection, "audit_records").await?;
        Ok(self
            .run(&call, move |administrator| {
                administrator.audit_records(&after)
            })
            .await?)
    }
}

impl AdminInterface {
    /// The interface to these accounts.
    pub(crate) fn new(
        state: &Arc<DaemonState>,
        accounts: &Arc<Accounts>,
        logins: &Arc<HostLogins>,
        hosts: Hosts,
        calls: &Arc<Calls>,
    ) -> Self {
        Self {
            state: Arc::clone(state),
            accounts: Arc::clone(accounts),
            logins: Arc::clone(logins),
            hosts: Arc::new(hosts),
            calls: Arc::clone(calls),
        }
    }

    /// As [`Self::admit_here`], for a call about accounts: a member of a fleet has none. Root of one member is not
    /// an administrator of the fleet.
    async fn admit(
        &self,
        header: &Header<'_>,
        connection: &Connection,
        about: &str,
    ) -> Result<Call, Error> {
        let call = self.admit_here(header, connection, about).await?;
        self.must_have_accounts(&call).await?;
        Ok(call)
    }

    /// Refuses on a member of a fleet.
    async fn must_have_accounts(&self, call: &Call) -> Result<(), Error> {
        if self.state.role() != Some(FleetRole::Member) {
            return Ok(());
        }
        let logins = Arc::clone(&self.logins);
        let verifiers = call.run(move || Ok::<_, Error>(logins.verifiers()));
        Err(Error::NotAuthorized(messages::not_on_a_member(
            &verifiers.await?,
        )))
    }

    /// Admits a call of root, or of a caller that polkit authorizes. A refusal is logged.
    async fn admit_here(
        &self,
        header: &Header<'_>,
        connection: &Connection,
        about: &str,
    ) -> Result<Call, Error> {
        let call = self.calls.admit(header, connection).await?;
        let authorized = polkit::authorize(connection, header, &call.caller, ACTION_MANAGE).await;
        authorized.inspect_err(|_| {
            let journal = &self.state.journal;
            journal.log_account(&call.caller, about, AccountEvent::NotAdministrator);
        })?;
        Ok(call)
    }

    /// As [`Self::admit_root_here`], for a call about accounts.
    async fn admit_root(
        &self,
        header: &Header<'_>,
        connection: &Connection,
        about: &str,
    ) -> Result<Call, Error> {
        let call = self.admit_root_here(header, connection, about).await?;
        self.must_have_accounts(&call).await?;
        Ok(call)
    }

    /// Admits a call of root alone: polkit's answer does not count. A refusal is logged.
    async fn admit_root_here(
        &self,
        header: &Header<'_>,
        connection: &Connection,
        about: &str,
    ) -> Result<Call, Error> {
        let call = self.calls.admit(header, connection).await?;
        if call.caller.is_root() {
            return Ok(call);
        }
        let journal = &self.state.journal;
        journal.log_account(&call.caller, about, AccountEvent::NotAdministrator);
        Err(Error::NotAuthorized(messages::ROOT_ONLY.to_owned()))
    }

    /// Runs blocking work of a call on a worker thread.
    async fn run<T: Send + 'static>(
        &self,
        call: &Call,
        work: impl FnOnce(&Administrator) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let administrator = Administrator {
            state: Arc::clone(&self.state),
            accounts: Arc::clone(&self.accounts),
            hosts: Arc::clone(&self.hosts),
            caller: call.caller.clone(),
        };
        call.run(move || {
            // What the policy says is told by the newest one. Where it is not known, the work refuses.
            let _ = administrator.state.publication().newest();
            work(&administrator)
        })
        .await
    }
}
