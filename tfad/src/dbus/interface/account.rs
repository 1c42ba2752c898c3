//! `org.tfad.Tfa1.Account`: the caller's own account, by the uid that the bus vouches for.
use std::sync::Arc;

use tfa_core::{Account, Algorithm, Authenticator, BackupCode, Credential, Factor, Input};
use tfa_core::{Proof, Refusal, State, ThrottleScope, Time};
use tfa_proto::{ACTION_ENROLL, Error, Offer, Parameters, Status};
use zbus::Connection;
use zbus::message::Header;
use zeroize::Zeroizing;

use super::status;
use crate::dbus::caller::{Caller, sender};
use crate::dbus::polkit;
use crate::dbus::polkit::Grounds;
use crate::host::clock;
use crate::host::random;
use crate::host::users::{self, User};
use crate::log::journal::Level;
use crate::messages;
use crate::socket::call_limiter::Permit;
use crate::state::DaemonState;

/// How long a name of an authenticator may be.
const NAME_LENGTH: usize = 64;

/// The interface.
#[derive(Debug)]
pub struct OwnAccount {
    state: Arc<DaemonState>,
}

impl OwnAccount {
    /// The interface over a host.
    #[must_use]
    pub fn new(state: Arc<DaemonState>) -> Self {
        Self { state }
    }
}

/// The owner at work. One moment counts for all that is judged in a call, so that a code which was
/// right does not become wrong while hashes are computed.
struct Owner<'state> {
    state: &'state DaemonState,
    caller: Caller,
    user: User,
    now: Time,
    _permit: Permit<'state>,
}

/// What proves the second factor for a change.
enum SecondFactor {
    /// A code that came with the call.
    Typed(Input),
    /// A code that polkit's login used up for this call.
    Verified,
}

#[zbus::interface(name = "org.tfad.Tfa1.Account")]
impl OwnAccount {
    /// Where the account stands.
    #[zbus(out_args("status"))]
    async fn status(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Status, Error> {
        let owner = self.known_owner(&header, connection).await?;
        let account = self.state.accounts.load(&owner.user).await;
        let account = account.map_err(|error| owner.report(error))?;
        let required = self.state.required_of(&owner.user, owner.now).await;
        let known = status::of(&owner.user, account.as_ref(), required.as_ref(), owner.now);
        Ok(Status {
            policy_unknown: self.state.has_bad_config(),
            ..known
        })
    }

    /// Why every login on this host is refused now; empty where logins are served.
    #[zbus(out_args("reason"))]
    async fn refusal(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        let callers = &self.state.callers;
        let caller = callers.identify(connection, sender(&header)?).await?;
        let _permit = self.state.limiter.admit(&caller)?;
        Ok(self.state.refusal().unwrap_or_default())
    }

    /// Offers a first authenticator.
    #[zbus(out_args("offer"))]
    async fn setup(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        parameters: Parameters,
    ) -> Result<Offer, Error> {
        let mut owner = self.owner(&header, connection).await?;
        let authenticator = authenticator(&parameters)?;
        // Said before the password is asked for in vain.
        let account = self.state.accounts.load(&owner.user).await;
        let account = account.map_err(|error| owner.report(error))?;
        match account.as_ref().map(Account::state) {
            Some(State::Enabled | State::Paused) => {
                return Err(messages::refusal(Refusal::AlreadySetUp, owner.now));
            }
            Some(State::None | State::Pending) | None => {}
        }
        let word = Zeroizing::new(parameters.invitation.unwrap_or_default());
        let word = Input::parse(&word);
        owner.check_invitation(&word).await?;
        owner.authorize(connection, &header).await?;
        // One may be needed since polkit asked.
        let invited = owner.check_invitation(&word).await?;
        owner
            .change(|account, now| {
                if invited || account.is_invited(now) {
                    account.check_invitation(&word, ThrottleScope::OwnProgram, now)?;
                }
                account.set_up(authenticator.clone(), now)
            })
            .await?;
        owner.log(Level::Notice, "a first authenticator was offered");
        Ok(offer(&authenticator, &self.state.issuer(), &owner.user))
    }

    /// Offers an authenticator that is to replace the present ones.
    #[zbus(name = "Move", out_args("offer"))]
    async fn move_to(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        proof: String,
        parameters: Parameters,
    ) -> Result<Offer, Error> {
        let proof = Zeroizing::new(proof);
        let mut owner = self.owner(&header, connection).await?;
        let authenticator = authenticator(&parameters)?;
        let factor = owner.authenticate(connection, &header, &proof).await?;
        owner
            .change_with(&factor, |account, proof, now| {
                account.move_to(authenticator.clone(), proof, now)
            })
            .await?;
        owner.log_done("a new authenticator was offered");
        Ok(offer(&authenticator, &self.state.issuer(), &owner.user))
    }

    /// Proves the offered authenticator and puts it in force.
    #[zbus(out_args("backup_codes"))]
    async fn confirm(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        code: String,
    ) -> Result<Vec<String>, Error> {
        let code = Input::parse(&Zeroizing::new(code));
        let owner = self.owner(&header, connection).await?;
        let first = owner
            .change(|account, now| {
                account
                    .check_pending(&code, now)
                    .map(|_| account.authenticators().is_empty())
            })
            .await?;
        let (set, codes) = if first {
            let (set, codes) = self.state.hashing.draw().await?;
            (Some(set), printed(&codes))
        } else {
            (None, Vec::new())
        };
        owner
            .change(|account, now| account.confirm(&code, set.clone(), now))
            .await?;
        owner.log_done("an authenticator was proved and is in force");
        Ok(codes)
    }

    /// Withdraws the offer.
    async fn abandon(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), Error> {
        let owner = self.owner(&header, connection).await?;
        owner.change(|account, _| account.abandon()).await
    }

    /// Makes a new set of backup codes; the old set is void.
    #[zbus(out_args("backup_codes"))]
    async fn new_backup_codes(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        proof: String,
    ) -> Result<Vec<String>, Error> {
        let proof = Zeroizing::new(proof);
        let mut owner = self.owner(&header, connection).await?;
        let factor = owner.authenticate(connection, &header, &proof).await?;
        // Ten hashes are not for anybody who asks.
        if let SecondFactor::Typed(input) = &factor {
            owner.change_with_input(input, Account::check_proof).await?;
        }
        let (set, codes) = self.state.hashing.draw().await?;
        owner
            .change_with(&factor, |account, proof, now| {
                account.replace_backup_codes(set.clone(), proof, now)
            })
            .await?;
        owner.log_done("new backup codes were made");
        Ok(printed(&codes))
    }

    /// Stops asking for codes and keeps the keys.
    async fn pause(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        proof: String,
    ) -> Result<(), Error> {
        let proof = Zeroizing::new(proof);
        let mut owner = self.owner(&header, connection).await?;
        // Said before the password is asked for in vain, and looked at again afterwards.
        owner.may_switch_off().await?;
        let factor = owner.authenticate(connection, &header, &proof).await?;
        owner.may_switch_off().await?;
        owner
            .change_with(&factor, |account, proof, now| account.pause(proof, now))
            .await?;
        owner.log_done("two-factor login was paused");
        Ok(())
    }

    /// Asks for codes again.
    async fn resume(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        proof: String,
    ) -> Result<(), Error> {
        let proof = Zeroizing::new(proof);
        let mut owner = self.owner(&header, connection).await?;
        let factor = owner.authenticate(connection, &header, &proof).await?;
        owner
            .change_with(&factor, |account, proof, now| account.resume(proof, now))
            .await?;
        owner.log_done("two-factor login was resumed");
        Ok(())
    }

    /// Forgets the authenticators and the backup codes.
    async fn remove(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        proof: String,
    ) -> Result<(), Error> {
        let proof = Zeroizing::new(proof);
        let mut owner = self.owner(&header, connection).await?;
        // Said before the password is asked for in vain, and looked at again afterwards.
        owner.may_switch_off().await?;
        let factor = owner.authenticate(connection, &header, &proof).await?;
        owner.may_switch_off().await?;
        owner
            .change_with(&factor, |account, proof, now| account.remove(proof, now))
            .await?;
        owner.log_done("two-factor login was removed");
        Ok(())
    }

    /// Tries a code without using it up.
    #[zbus(out_args("kind"))]
    async fn test(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        code: String,
    ) -> Result<String, Error> {
        let code = Zeroizing::new(code);
        let owner = self.owner(&header, connection).await?;
        let factor = owner
            .change_with_input(&Input::parse(&code), Account::try_code)
            .await?;
        owner.log(Level::Info, "a code was tried and would have been accepted");
        Ok(match factor {
            Factor::Authenticator => "authenticator",
            Factor::BackupCode => "backup-code",
        }
        .to_owned())
    }
}

impl OwnAccount {
    /// The caller, who is about to change something.
    async fn owner(
        &self,
        header: &Header<'_>,
        connection: &Connection,
    ) -> Result<Owner<'_>, Error> {
        let owner = self.known_owner(header, connection).await?;
        // Whether the policy wants an invitation, or forbids to switch off, is not known.
        self.state.serves()?;
        Ok(owner)
    }

    async fn known_owner(
        &self,
        header: &Header<'_>,
        connection: &Connection,
    ) -> Result<Owner<'_>, Error> {
        let caller = self
            .state
            .callers
            .identify(connection, sender(header)?)
            .await?;
        let permit = self.state.limiter.admit(&caller)?;
        let user = users::by_uid(caller.uid).await?;
        Ok(Owner {
            state: &self.state,
            caller,
            user,
            now: clock::now(),
            _permit: permit,
        })
    }
}

impl Owner<'_> {
    /// Has polkit ask for the password. That may take minutes, so what follows is judged by the time
    /// and the policy afterwards.
    ///
    /// # Errors
    /// As [`polkit::authorize`]; [`Error::NotServing`].
    async fn authorize(
        &mut self,
        connection: &Connection,
        header: &Header<'_>,
    ) -> Result<Grounds, Error> {
        let allowed = polkit::authorize(connection, header, &self.caller, ACTION_ENROLL).await;
        let grounds = allowed.map_err(|error| self.report(error))?;
        self.now = clock::now();
        self.state.serves()?;
        Ok(grounds)
    }

    /// Has polkit ask for the password before a change of an existing set-up, and finds out what proves
    /// the second factor: the code that polkit's login took, or the one that came with the call. That is
    /// judged by the time afterwards: a call that waits for a password must not keep an old code alive.
    ///
    /// # Errors
    /// [`Error::NotSetUp`]; as [`Self::authorize`]; then [`Error::CodeNeeded`] where there is no code.
    async fn authenticate(
        &mut self,
        connection: &Connection,
        header: &Header<'_>,
        proof: &str,
    ) -> Result<SecondFactor, Error> {
        // Said before the password is asked for in vain.
        let account = self.state.accounts.load(&self.user).await;
        let account = account.map_err(|error| self.report(error))?;
        match account.as_ref().map(Account::state) {
            Some(State::Enabled | State::Paused) => {}
            Some(State::None | State::Pending) | None => {
                return Err(messages::refusal(Refusal::NotSetUp, self.now));
            }
        }
        let prompt = self.state.password_prompts.open(self.user.uid);
        let grounds = self.authorize(connection, header).await?;
        if grounds == Grounds::Authentication && prompt.take_code() {
            return Ok(SecondFactor::Verified);
        }
        match Input::parse(proof) {
            Input::Empty => Err(messages::code_needed()),
            input => Ok(SecondFactor::Typed(input)),
        }
    }

    /// Refuses to switch off what is required.
    async fn may_switch_off(&self) -> Result<(), Error> {
        match self.state.required_of(&self.user, self.now).await {
            Some(_) => {
                self.log(Level::Notice, "switching off was refused: it is required");
                Err(messages::required())
            }
            None => Ok(()),
        }
    }

    /// Checks the word of an invitation, where one is needed: the policy wants it, or one was made.
    /// It is used up with the set-up. Returns whether one is needed.
    async fn check_invitation(&self, word: &Input) -> Result<bool, Error> {
        let account = self.state.accounts.load(&self.user).await;
        let account = account.map_err(|error| self.report(error))?;
        let is_needed = self.state.config().policy.invitation
            || account.is_some_and(|account| account.is_invited(self.now));
        if !is_needed {
            return Ok(false);
        }
        if matches!(word, Input::Empty) {
            return Err(Error::InvitationNeeded(
                "Setting up takes an invitation from your administrator.".to_owned(),
            ));
        }
        self.change(|account, now| account.check_invitation(word, ThrottleScope::OwnProgram, now))
            .await?;
        Ok(true)
    }

    /// Changes the account; the answer comes after it was stored.
    async fn change<T>(
        &self,
        mut wish: impl FnMut(&mut Account, Time) -> Result<T, Refusal>,
    ) -> Result<T, Error> {
        let granted = self
            .state
            .accounts
            .change(&self.user, |account| wish(account, self.now))
            .await;
        self.answered(granted)
    }

    /// Changes the account on a second factor. A typed code is judged, counted and used up.
    async fn change_with<T>(
        &self,
        factor: &SecondFactor,
        mut wish: impl FnMut(&mut Account, Proof<'_>, Time) -> Result<T, Refusal>,
    ) -> Result<T, Error> {
        match factor {
            SecondFactor::Verified => {
                self.change(|account, now| wish(account, Proof::Verified, now))
                    .await
            }
            SecondFactor::Typed(input) => {
                self.change_with_input(input, |account, credential, now| {
                    wish(account, Proof::Typed(credential), now)
                })
                .await
            }
        }
    }

    /// Changes the account on what was typed.
    async fn change_with_input<T>(
        &self,
        input: &Input,
        mut wish: impl FnMut(&mut Account, &Credential, Time) -> Result<T, Refusal>,
    ) -> Result<T, Error> {
        let granted = self
            .state
            .judge(
                &self.user,
                input,
                ThrottleScope::OwnProgram,
                self.now,
                None,
                |account, credential| match wish(account, credential, self.now) {
                    Err(Refusal::Rehash) => None,
                    answer => Some(answer),
                },
            )
            .await;
        self.answered(granted)
    }

    fn answered<T>(&self, granted: Result<Result<T, Refusal>, Error>) -> Result<T, Error> {
        let granted = granted.map_err(|error| self.report(error))?;
        granted.map_err(|refusal| {
            match refusal {
                Refusal::WrongCode(_) | Refusal::WrongAndLocked(_) => {
                    self.log(Level::Warning, "wrong code");
                }
                Refusal::Locked(_) => self.log(Level::Warning, "locked after too many wrong codes"),
                Refusal::WrongInvitation => self.log(Level::Warning, "wrong invitation"),
                Refusal::AlreadyUsed => self.log(Level::Warning, "a code that was used before"),
                _ => {}
            }
            messages::refusal(refusal, self.now)
        })
    }

    fn log_done(&self, what: &str) {
        self.state.log_done(&self.caller, &self.user.name, what);
    }

    fn log(&self, level: Level, what: &str) {
        self.state
            .log_change(level, &self.caller, &self.user.name, what);
    }

    fn report(&self, error: Error) -> Error {
        self.state.report(&self.caller, &self.user.name, error)
    }
}

/// A new authenticator as the owner wants it.
fn authenticator(wish: &Parameters) -> Result<Authenticator, Error> {
    let usual = tfa_core::Parameters::default();
    let algorithm = match &wish.algorithm {
        None => usual.algorithm(),
        Some(name) => Algorithm::from_name(name).ok_or_else(|| {
            Error::InvalidArgument("The algorithms are SHA1, SHA256 and SHA512.".to_owned())
        })?,
    };
    let parameters = tfa_core::Parameters::new(
        algorithm,
        wish.digits.unwrap_or_else(|| u32::from(usual.digits())),
        wish.period.unwrap_or_else(|| usual.period()),
    )
    .map_err(messages::bad_parameters)?;
    let name = wish.name.clone().unwrap_or_else(|| "phone".to_owned());
    if name.is_empty()
        || name.chars().count() > NAME_LENGTH
        || name.chars().any(tfa_proto::is_misleading)
    {
        return Err(Error::InvalidArgument(format!(
            "A name has 1 to {NAME_LENGTH} characters, none of them a control character."
        )));
    }
    Ok(Authenticator::new(name, parameters, random::secret()?))
}

/// The authenticator as it is shown to its owner, once.
fn offer(authenticator: &Authenticator, issuer: &str, user: &User) -> Offer {
    let parameters = authenticator.parameters();
    Offer {
        uri: authenticator.uri(issuer, &user.name).to_string(),
        secret: authenticator.secret().to_base32().to_string(),
        issuer: issuer.to_owned(),
        account: user.name.clone(),
        algorithm: parameters.algorithm().name().to_owned(),
        digits: u32::from(parameters.digits()),
        period: parameters.period(),
    }
}

fn printed(codes: &[BackupCode]) -> Vec<String> {
    codes.iter().map(BackupCode::to_printed).collect()
}
