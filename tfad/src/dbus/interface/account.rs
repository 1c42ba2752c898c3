//! `org.tfad.Tfa1.Account`: the caller's own account, by the uid that the bus vouches for.

use std::sync::Arc;

use tfa_core::{DeviceMark, Input};
use tfa_proto::SecurityKeyParameters;
use tfa_proto::{ACTION_ENROLL, Device, Error, OpenEnum, Parameters, PendingAuthenticator, Status};
use zbus::Connection;
use zbus::message::Header;
use zeroize::Zeroizing;

use crate::account::Accounts;
use crate::dbus::calls::{self, Call, Calls};
use crate::dbus::error::BusError;
use crate::dbus::polkit::{self, Grounds};
use crate::login::Logins;
use crate::messages;
use crate::owner::{Owner, SecondFactor, tested};
use crate::state::DaemonState;

/// The interface.
#[derive(Debug)]
pub(crate) struct AccountInterface {
    state: Arc<DaemonState>,
    accounts: Arc<Accounts>,
    /// Its password prompts.
    logins: Arc<Logins>,
    calls: Arc<Calls>,
}

/// A call of an owner.
struct OwnerCall<'call> {
    call: Call,
    owner: Owner,
    logins: &'call Logins,
    header: &'call Header<'call>,
    connection: &'call Connection,
}

#[zbus::interface(name = "org.tfad.Tfa1.Account")]
impl AccountInterface {
    /// The state of the account.
    #[zbus(out_args("status"))]
    async fn status(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Status, BusError> {
        let call = self.begin(&header, connection).await?;
        Ok(call.run(|owner| owner.status()).await?)
    }

    /// Why every login on this host is refused now; empty where logins are served.
    #[zbus(out_args("reason"))]
    async fn refusal(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, BusError> {
        let _call = self.calls.admit(&header, connection).await?;
        let refusal = self.state.refusal();
        let refusal = refusal.or_else(|| self.state.publication().problem());
        Ok(refusal.unwrap_or_default())
    }

    /// Creates a first authenticator, which is pending until `Confirm`.
    #[zbus(out_args("pending_authenticator"))]
    async fn setup(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        mut parameters: Parameters,
    ) -> Result<PendingAuthenticator, BusError> {
        let invitation = Zeroizing::new(parameters.invitation.take().unwrap_or_default());
        let mut call = self.begin_change(&header, connection).await?;
        // Checked before polkit asks for the password.
        let (authenticator, invitation) = call
            .run(move |owner| {
                let authenticator = owner.first_authenticator(&parameters)?;
                let invitation = Input::parse(&invitation);
                owner.may_set_up(&invitation)?;
                Ok((authenticator, invitation))
            })
            .await?;
        call.authorize().await?;
        Ok(call
            .run(move |owner| owner.set_up(&authenticator, &invitation))
            .await?)
    }

    /// Creates a further authenticator, which is pending until `Confirm`.
    #[zbus(out_args("pending_authenticator"))]
    async fn add(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        proof: String,
        parameters: Parameters,
    ) -> Result<PendingAuthenticator, BusError> {
        self.with_proof(
            &header,
            connection,
            proof,
            move |owner| owner.further_authenticator(&parameters),
            |owner, factor, authenticator| owner.add(&authenticator, factor),
        )
        .await
    }

    /// Creates an authenticator that replaces an active one at `Confirm`.
    #[zbus(name = "Move", out_args("pending_authenticator"))]
    async fn move_to(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        proof: String,
        parameters: Parameters,
    ) -> Result<PendingAuthenticator, BusError> {
        let replaces = parameters.replaces;
        self.with_proof(
            &header,
            connection,
            proof,
            move |owner| owner.successor(&parameters),
            move |owner, factor, authenticator| owner.move_to(replaces, &authenticator, factor),
        )
        .await
    }

    /// Keeps a first security key, which becomes active with the first login that uses it. Returns the
    /// backup codes that become active with it.
    #[zbus(out_args("backup_codes"))]
    async fn setup_security_key(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        mut parameters: SecurityKeyParameters,
    ) -> Result<Vec<String>, BusError> {
        let invitation = Zeroizing::new(parameters.invitation.take().unwrap_or_default());
        let mut call = self.begin_change(&header, connection).await?;
        // Checked before polkit asks for the password.
        let (new, invitation) = call
            .run(move |owner| {
                let invitation = Input::parse(&invitation);
                let new = owner.first_security_key(&parameters, &invitation)?;
                Ok((new, invitation))
            })
            .await?;
        call.authorize().await?;
        Ok(call
            .run(move |owner| owner.set_up_security_key(&new, &invitation))
            .await?)
    }

    /// Activates a further security key.
    #[zbus(out_args("id"))]
    async fn add_security_key(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        proof: String,
        parameters: SecurityKeyParameters,
    ) -> Result<u32, BusError> {
        self.with_proof(
            &header,
            connection,
            proof,
            move |owner| owner.further_security_key(&parameters),
            |owner, factor, new| owner.add_security_key(&new, factor),
        )
        .await
    }

    /// Activates a security key in place of an active authenticator.
    #[zbus(out_args("id"))]
    async fn move_to_security_key(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        proof: String,
        parameters: SecurityKeyParameters,
    ) -> Result<u32, BusError> {
        let replaces = parameters.replaces;
        self.with_proof(
            &header,
            connection,
            proof,
            move |owner| owner.succeeding_security_key(&parameters),
            move |owner, factor, new| owner.move_to_security_key(replaces, &new, factor),
        )
        .await
    }

    /// Verifies the first code of the pending authenticator and activates it.
    #[zbus(out_args("backup_codes"))]
    async fn confirm(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        code: String,
    ) -> Result<Vec<String>, BusError> {
        let code = Input::parse(&Zeroizing::new(code));
        let call = self.begin_change(&header, connection).await?;
        Ok(call.run(move |owner| owner.confirm(&code)).await?)
    }

    /// Withdraws the pending authenticator.
    async fn abandon(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), BusError> {
        let call = self.begin_change(&header, connection).await?;
        Ok(call.run(|owner| owner.abandon()).await?)
    }

    /// Makes a new set of backup codes; the old set is void.
    #[zbus(out_args("backup_codes"))]
    async fn new_backup_codes(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        proof: String,
    ) -> Result<Vec<String>, BusError> {
        self.with_proof(
            &header,
            connection,
            proof,
            unchecked,
            |owner, factor, ()| owner.new_backup_codes(factor),
        )
        .await
    }

    /// Makes codes that are bound to this host. A member makes them, in `forwarded.rs`.
    #[zbus(out_args("bound_codes"))]
    async fn new_bound_codes(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        proof: String,
    ) -> Result<Vec<String>, BusError> {
        self.with_proof(
            &header,
            connection,
            proof,
            |_| Err(messages::not_a_member_for_bound_codes()),
            |_, _, ()| Err(messages::not_a_member_for_bound_codes()),
        )
        .await
    }

    /// Stops asking for codes and keeps the keys.
    async fn pause(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        proof: String,
    ) -> Result<(), BusError> {
        let check = Owner::may_switch_off;
        self.with_proof(&header, connection, proof, check, |owner, factor, ()| {
            owner.pause(factor)
        })
        .await
    }

    /// Asks for codes again.
    async fn resume(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        proof: String,
    ) -> Result<(), BusError> {
        self.with_proof(
            &header,
            connection,
            proof,
            unchecked,
            |owner, factor, ()| owner.resume(factor),
        )
        .await
    }

    /// Removes the authenticators and the backup codes.
    async fn remove(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        proof: String,
    ) -> Result<(), BusError> {
        let check = Owner::may_switch_off;
        self.with_proof(&header, connection, proof, check, |owner, factor, ()| {
            owner.remove(factor)
        })
        .await
    }

    /// Gives an authenticator another name.
    async fn rename_authenticator(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        id: u32,
        name: String,
        proof: String,
    ) -> Result<(), BusError> {
        self.with_proof(
            &header,
            connection,
            proof,
            move |owner| owner.may_rename(id, &name).map(|()| name),
            move |owner, factor, name| owner.rename_authenticator(id, &name, factor),
        )
        .await
    }

    /// Removes an authenticator.
    async fn remove_authenticator(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        id: u32,
        proof: String,
    ) -> Result<(), BusError> {
        self.with_proof(
            &header,
            connection,
            proof,
            move |owner| owner.may_remove(id),
            move |owner, factor, ()| owner.remove_authenticator(id, factor),
        )
        .await
    }

    /// Resynchronizes a counter-based authenticator with two codes that follow each other.
    #[zbus(out_args("id"))]
    async fn resynchronize(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        first: String,
        second: String,
    ) -> Result<u32, BusError> {
        let first = Input::parse(&Zeroizing::new(first));
        let second = Input::parse(&Zeroizing::new(second));
        let call = self.begin_change(&header, connection).await?;
        Ok(call
            .run(move |owner| owner.resynchronize(&first, &second))
            .await?)
    }

    /// The remembered devices.
    #[zbus(out_args("devices"))]
    async fn devices(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Vec<Device>, BusError> {
        let call = self.begin(&header, connection).await?;
        let current = call.current_device().await;
        Ok(call.run(move |owner| owner.devices(current)).await?)
    }

    /// Forgets a device that is not the one of the caller's login session.
    async fn forget_device(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        id: u32,
    ) -> Result<(), BusError> {
        let call = self.begin_change(&header, connection).await?;
        let current = call.current_device().await;
        Ok(call
            .run(move |owner| owner.forget_device(id, current))
            .await?)
    }

    /// Forgets all devices but the one of the caller's login session.
    #[zbus(out_args("count"))]
    async fn forget_devices(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<u32, BusError> {
        let call = self.begin_change(&header, connection).await?;
        let current = call.current_device().await;
        Ok(call.run(move |owner| owner.forget_devices(current)).await?)
    }

    /// Verifies a code without using it up.
    #[zbus(out_args("kind"))]
    async fn test(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        code: String,
    ) -> Result<OpenEnum<tfa_proto::Factor>, BusError> {
        let code = Input::parse(&Zeroizing::new(code));
        let call = self.begin_change(&header, connection).await?;
        let factor = call.run(move |owner| owner.test(&code)).await?;
        Ok(tested(factor)?)
    }
}

/// A change that needs no check before its code.
fn unchecked(_: &Owner) -> Result<(), Error> {
    Ok(())
}

impl AccountInterface {
    /// The interface to these accounts.
    pub(crate) fn new(
        state: &Arc<DaemonState>,
        accounts: &Arc<Accounts>,
        logins: &Arc<Logins>,
        calls: &Arc<Calls>,
    ) -> Self {
        Self {
            state: Arc::clone(state),
            accounts: Arc::clone(accounts),
            logins: Arc::clone(logins),
            calls: Arc::clone(calls),
        }
    }

    /// Changes an existing enrollment. The check runs before polkit asks for the password; the change
    /// repeats it afterwards. The change gets what the check returns.
    async fn with_proof<C: Send + 'static, T: Send + 'static>(
        &self,
        header: &Header<'_>,
        connection: &Connection,
        proof: String,
        check: impl FnOnce(&Owner) -> Result<C, Error> + Send + 'static,
        change: impl FnOnce(&Owner, &SecondFactor, C) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, BusError> {
        let proof = Zeroizing::new(proof);
        let mut call = self.begin_change(header, connection).await?;
        let checked = call.run(check).await?;
        let factor = call.authenticate(&proof).await?;
        Ok(call
            .run(move |owner| change(owner, &factor, checked))
            .await?)
    }

    /// Admits a call that changes something.
    async fn begin_change<'call>(
        &'call self,
        header: &'call Header<'call>,
        connection: &'call Connection,
    ) -> Result<OwnerCall<'call>, Error> {
        let call = self.begin(header, connection).await?;
        call.run(|owner| owner.must_be_served()).await?;
        Ok(call)
    }

    /// Admits a call.
    async fn begin<'call>(
        &'call self,
        header: &'call Header<'call>,
        connection: &'call Connection,
    ) -> Result<OwnerCall<'call>, Error> {
        let call = self.calls.admit(header, connection).await?;
        let (state, accounts) = (Arc::clone(&self.state), Arc::clone(&self.accounts));
        let caller = call.caller.clone();
        let owner = call
            .run(move || Owner::find(state, accounts, caller))
            .await?;
        Ok(OwnerCall {
            call,
            owner,
            logins: &self.logins,
            header,
            connection,
        })
    }
}

impl OwnerCall<'_> {
    /// Runs blocking work on a worker thread.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Owner) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let owner = self.owner.clone();
        self.call.run(move || work(&owner)).await
    }

    /// The device from which the caller's login session began, if the daemon knows it. The pid may be
    /// that of another process by now: the answer decides only whether the owner can forget it here.
    async fn current_device(&self) -> Option<DeviceMark> {
        let caller = &self.call.caller;
        let pid = calls::pid_behind(self.connection, &caller.name).await?;
        self.logins.device_of_session(pid, caller.uid)
    }

    /// Has polkit ask for the password. That may take minutes, so what follows is judged by the time
    /// and the policy afterwards.
    ///
    /// # Errors
    /// As [`polkit::authorize`]; [`Error::NotServing`].
    async fn authorize(&mut self) -> Result<Grounds, Error> {
        let caller = &self.call.caller;
        let allowed = polkit::authorize(self.connection, self.header, caller, ACTION_ENROLL).await;
        let grounds = allowed.map_err(|error| self.owner.report(error))?;
        self.owner = self.owner.clone().now();
        self.run(|owner| owner.must_be_served()).await?;
        Ok(grounds)
    }

    /// Has polkit ask for the password before a change of an existing set-up, and finds what proves the
    /// second factor: the code that polkit's login took, or the one that came with the call. That one is
    /// verified by the time afterwards: a call that waits for a password must not keep an old code alive.
    ///
    /// # Errors
    /// [`Error::NotSetUp`]; as [`Self::authorize`]; then [`Error::CodeNeeded`] where there is no code.
    async fn authenticate(&mut self, proof: &str) -> Result<SecondFactor, Error> {
        // Checked before polkit asks for the password.
        self.run(|owner| owner.must_be_set_up()).await?;
        let prompt = self.logins.password_prompts().open(self.owner.user.uid);
        let grounds = self.authorize().await?;
        if grounds == Grounds::Authentication && prompt.take_code().is_some() {
            return Ok(SecondFactor::Verified);
        }
        SecondFactor::typed(proof)
    }
}
