//! The interface `Account`.

use std::sync::Arc;

use tfa_proto::{
    Authenticator, AuthenticatorKind, Device, Error, Factor, OpenEnum, Parameters,
    PendingAuthenticator, SecurityKeyParameters, State, Status,
};

use super::error::BusError;
use super::{
    AHEAD, INVITATION, NEW_CODE, OLD_INVITATION, ONE_TOO_MANY, PROOF, Polkit, SECRET, Shared,
    authenticator,
};

pub(super) struct AccountInterface(pub(super) Arc<Shared>);

#[zbus::interface(name = "org.tfad.Tfa1.Account")]
impl AccountInterface {
    async fn status(&self) -> Status {
        self.0.account.lock().unwrap().status.clone()
    }

    async fn refusal(&self) -> String {
        self.0.account.lock().unwrap().refusal.clone()
    }

    async fn setup(&self, parameters: Parameters) -> Result<PendingAuthenticator, BusError> {
        let word = parameters.invitation.as_deref();
        let call = word.map_or("Setup".to_owned(), |word| format!("Setup {word}"));
        self.0.record(call).await;
        self.0.check_invitation(&parameters)?;
        self.0.check_polkit()?;
        Ok(self.0.new_authenticator(parameters))
    }

    async fn add(
        &self,
        proof: &str,
        parameters: Parameters,
    ) -> Result<PendingAuthenticator, BusError> {
        self.0.record(with_proof("Add", proof)).await;
        let name = parameters.name.clone().unwrap_or_default();
        self.0.check_free(&name)?;
        self.0.authenticate(proof)?;
        self.0.check_code(proof)?;
        self.0.account.lock().unwrap().adds = true;
        Ok(self.0.new_authenticator(parameters))
    }

    async fn setup_security_key(
        &self,
        parameters: SecurityKeyParameters,
    ) -> Result<Vec<String>, BusError> {
        self.0.record("SetupSecurityKey".to_owned()).await;
        self.0.check_polkit()?;
        self.0.set(State::Pending);
        self.0.account.lock().unwrap().security_key = Some(parameters);
        Ok(backup_codes())
    }

    async fn add_security_key(
        &self,
        proof: &str,
        parameters: SecurityKeyParameters,
    ) -> Result<u32, BusError> {
        self.0.record(with_proof("AddSecurityKey", proof)).await;
        self.0.authenticate(proof)?;
        self.0.check_code(proof)?;
        Ok(self.0.add_security_key(parameters))
    }

    async fn move_to_security_key(
        &self,
        proof: &str,
        parameters: SecurityKeyParameters,
    ) -> Result<u32, BusError> {
        self.0.record(with_proof("MoveToSecurityKey", proof)).await;
        self.0.authenticate(proof)?;
        self.0.check_code(proof)?;
        Ok(self.0.add_security_key(parameters))
    }

    async fn r#move(
        &self,
        proof: &str,
        parameters: Parameters,
    ) -> Result<PendingAuthenticator, BusError> {
        self.0.record(with_proof("Move", proof)).await;
        self.0.authenticate(proof)?;
        self.0.check_code(proof)?;
        if proof == "ABCDE-FGHJK" {
            self.0.account.lock().unwrap().status.backup_codes_left -= 1;
        }
        Ok(self.0.new_authenticator(parameters))
    }

    async fn confirm(&self, code: &str) -> Result<Vec<String>, BusError> {
        self.0.record(format!("Confirm {code}")).await;
        let mut account = self.0.account.lock().unwrap();
        if !account.pending {
            return Err(Error::NothingPending("Nothing waits for a code.".to_owned()).into());
        }
        if code != NEW_CODE {
            return Err(Error::WrongCode(
                "That code is wrong. Type the one that the app shows now.".to_owned(),
            )
            .into());
        }
        account.pending = false;
        if std::mem::take(&mut account.adds) {
            let id = account.status.authenticators.len() as u32 + 1;
            let name = account.parameters.as_ref().and_then(|new| new.name.clone());
            let name = name.unwrap_or_else(|| format!("phone {id}"));
            account.status.authenticators.push(authenticator(id, &name));
        }
        let first = !account.status.is_set_up();
        account.status.state = Some(State::Enabled.into());
        Ok(if first { backup_codes() } else { Vec::new() })
    }

    async fn abandon(&self) -> Result<(), BusError> {
        self.0.record("Abandon".to_owned()).await;
        self.0.account.lock().unwrap().pending = false;
        Ok(())
    }

    async fn new_backup_codes(&self, proof: &str) -> Result<Vec<String>, BusError> {
        self.0.record(with_proof("NewBackupCodes", proof)).await;
        self.0.authenticate(proof)?;
        self.0.check_code(proof)?;
        Ok(backup_codes())
    }

    async fn new_bound_codes(&self, proof: &str) -> Result<Vec<String>, BusError> {
        self.0.record(with_proof("NewBoundCodes", proof)).await;
        self.0.authenticate(proof)?;
        self.0.check_code(proof)?;
        Ok(backup_codes())
    }

    async fn pause(&self, proof: &str) -> Result<(), BusError> {
        self.0.record(with_proof("Pause", proof)).await;
        self.0.check_switch_off()?;
        self.0.authenticate(proof)?;
        Ok(self.0.switch_off(proof, State::Paused)?)
    }

    async fn resume(&self, proof: &str) -> Result<(), BusError> {
        self.0.record(with_proof("Resume", proof)).await;
        self.0.authenticate(proof)?;
        self.0.check_code(proof)?;
        self.0.set(State::Enabled);
        Ok(())
    }

    async fn remove(&self, proof: &str) -> Result<(), BusError> {
        self.0.record(with_proof("Remove", proof)).await;
        self.0.check_switch_off()?;
        self.0.authenticate(proof)?;
        Ok(self.0.switch_off(proof, State::None)?)
    }

    async fn rename_authenticator(&self, id: u32, name: &str, proof: &str) -> Result<(), BusError> {
        self.0
            .record(with_proof(
                &format!("RenameAuthenticator {id} {name}"),
                proof,
            ))
            .await;
        self.0.check_free(name)?;
        self.0.authenticate(proof)?;
        self.0.check_code(proof)?;
        let mut account = self.0.account.lock().unwrap();
        let mut all = account.status.authenticators.iter_mut();
        if let Some(one) = all.find(|one| one.id == id) {
            name.clone_into(&mut one.name);
        }
        Ok(())
    }

    async fn remove_authenticator(&self, id: u32, proof: &str) -> Result<(), BusError> {
        self.0
            .record(with_proof(&format!("RemoveAuthenticator {id}"), proof))
            .await;
        self.0.authenticate(proof)?;
        self.0.check_code(proof)?;
        let mut account = self.0.account.lock().unwrap();
        account.status.authenticators.retain(|one| one.id != id);
        Ok(())
    }

    async fn resynchronize(&self, first: &str, second: &str) -> Result<u32, BusError> {
        self.0
            .record(format!("Resynchronize {first} {second}"))
            .await;
        if [first, second] != AHEAD {
            return Err(Error::WrongCode("Wrong codes.".to_owned()).into());
        }
        let account = self.0.account.lock().unwrap();
        let all = &account.status.authenticators;
        Ok(all.last().map_or(0, |one| one.id))
    }

    async fn devices(&self) -> Vec<Device> {
        self.0.account.lock().unwrap().status.devices.clone()
    }

    async fn forget_device(&self, id: u32) -> Result<(), BusError> {
        self.0.record(format!("ForgetDevice {id}")).await;
        let mut account = self.0.account.lock().unwrap();
        let devices = &mut account.status.devices;
        match devices.iter().find(|one| one.id == id) {
            None => Err(Error::NoSuchDevice("There is no such device.".to_owned()).into()),
            Some(one) if one.current => {
                Err(Error::CurrentDevice("This session began from it.".to_owned()).into())
            }
            Some(_) => {
                devices.retain(|one| one.id != id);
                Ok(())
            }
        }
    }

    async fn forget_devices(&self) -> u32 {
        self.0.record("ForgetDevices".to_owned()).await;
        let mut account = self.0.account.lock().unwrap();
        let devices = &mut account.status.devices;
        let before = devices.len();
        devices.retain(|one| one.current);
        (before - devices.len()) as u32
    }

    async fn test(&self, code: &str) -> Result<OpenEnum<Factor>, BusError> {
        self.0.record(format!("Test {code}")).await;
        self.0.check_code(code)?;
        Ok(if code == PROOF {
            Factor::Authenticator.into()
        } else {
            Factor::BackupCode.into()
        })
    }
}

impl Shared {
    /// Fails as polkit is set to.
    fn check_polkit(&self) -> Result<(), Error> {
        let mut account = self.account.lock().unwrap();
        match account.polkit {
            Polkit::Yes => Ok(()),
            Polkit::WrongPassword(0) => Ok(()),
            Polkit::WrongPassword(more) => {
                account.polkit = Polkit::WrongPassword(more - 1);
                Err(Error::AuthenticationFailed(
                    "the password, or a code after it, was wrong or missing".to_owned(),
                ))
            }
            Polkit::NoAgent => Err(Error::NoAuthenticationAgent(
                "polkit has nothing to ask with".to_owned(),
            )),
            Polkit::Never => Err(Error::NotAuthorized(
                "polkit's rules do not permit it".to_owned(),
            )),
        }
    }

    /// Checks polkit before the code. A missing code is not counted as a wrong one.
    fn authenticate(&self, proof: &str) -> Result<(), Error> {
        self.check_polkit()?;
        if proof.is_empty() && !self.account.lock().unwrap().polkit_takes_code {
            return Err(Error::CodeNeeded("This takes a code.".to_owned()));
        }
        Ok(())
    }

    fn check_code(&self, proof: &str) -> Result<(), Error> {
        match proof {
            // An empty code arrives here only if polkit has asked for one.
            "" | PROOF | "ABCDE-FGHJK" => Ok(()),
            "999999" => Err(Error::Locked(
                "Too many wrong codes. Try again in 30 seconds.".to_owned(),
            )),
            _ => Err(Error::WrongCode(
                "That code is wrong. Perhaps the clock of your phone is off by about 2 minutes: \
                 let it set its time by the network. Or type a backup code."
                    .to_owned(),
            )),
        }
    }

    fn check_free(&self, name: &str) -> Result<(), Error> {
        let account = self.account.lock().unwrap();
        let mut all = account.status.authenticators.iter();
        if all.any(|one| one.name == name) {
            return Err(Error::NameTaken("The name is taken.".to_owned()));
        }
        Ok(())
    }

    fn set(&self, state: State) {
        self.account.lock().unwrap().status.state = Some(state.into());
    }

    fn check_invitation(&self, parameters: &Parameters) -> Result<(), Error> {
        match &parameters.invitation {
            _ if !self.account.lock().unwrap().needs_invitation => Ok(()),
            Some(word) if word == INVITATION => Ok(()),
            Some(word) if word == ONE_TOO_MANY => Err(Error::Locked(
                "Too many wrong codes. Try again in 30 seconds.".to_owned(),
            )),
            Some(word) if word == OLD_INVITATION => Err(Error::InvitationNeeded(
                "There is no invitation for you now.".to_owned(),
            )),
            Some(_) => Err(Error::WrongCode("Wrong invitation code.".to_owned())),
            None => Err(Error::InvitationNeeded(
                "Setting up takes an invitation.".to_owned(),
            )),
        }
    }

    fn check_switch_off(&self) -> Result<(), Error> {
        if self.account.lock().unwrap().refuses_switch_off {
            return Err(Error::Required(
                "It was made required just now, so it cannot be switched off.".to_owned(),
            ));
        }
        Ok(())
    }

    fn switch_off(&self, proof: &str, state: State) -> Result<(), Error> {
        self.check_code(proof)?;
        self.set(state);
        Ok(())
    }

    fn add_security_key(&self, parameters: SecurityKeyParameters) -> u32 {
        let mut account = self.account.lock().unwrap();
        let all = &mut account.status.authenticators;
        all.retain(|one| Some(one.id) != parameters.replaces);
        let id = all.iter().map(|one| one.id).max().unwrap_or(0) + 1;
        let name = parameters.name.as_deref().unwrap_or("security key");
        all.push(Authenticator {
            kind: AuthenticatorKind::SecurityKey.into(),
            ..authenticator(id, name)
        });
        account.security_key = Some(parameters);
        id
    }

    fn new_authenticator(&self, parameters: Parameters) -> PendingAuthenticator {
        let mut account = self.account.lock().unwrap();
        account.pending = true;
        let digits = parameters.digits.unwrap_or(6);
        let kind = parameters.kind.as_ref();
        let is_counted = kind.is_some_and(|kind| *kind == AuthenticatorKind::Hotp);
        let pending = PendingAuthenticator {
            uri: account.uri.clone(),
            secret: SECRET.to_owned(),
            issuer: "desk.example".to_owned(),
            account: "alice".to_owned(),
            kind: parameters.kind.clone().unwrap_or_default(),
            algorithm: parameters.algorithm.clone().unwrap_or_default(),
            digits,
            period: (!is_counted).then_some(parameters.period.unwrap_or(30)),
            counter: is_counted.then_some(0),
        };
        account.parameters = Some(parameters);
        pending
    }
}

fn with_proof(method: &str, proof: &str) -> String {
    format!("{method} {proof}").trim_end().to_owned()
}

fn backup_codes() -> Vec<String> {
    (0..10).map(|at| format!("ABCD{at}-FGHJ{at}")).collect()
}
