//! Enrollments that another program kept, as an administrator takes them over.

use tfa_core::{Code, Imported, ImportedAuthenticator, MAX_AUTHENTICATORS, Time};
use tfa_proto::{
    Error, Import, ImportOutcome, ImportResult, ImportSource, MAX_IMPORTED_AUTHENTICATORS,
    MAX_IMPORTED_CODES, MAX_IMPORTED_STEPS, MAX_IMPORTED_USERS, OpenEnum,
};

use super::Administrator;
use crate::config::Config;
use crate::host::clock;
use crate::log::AccountEvent;
use crate::messages;
use crate::owner::new_authenticator;

// An account can have as many.
const _: () = assert!(MAX_IMPORTED_AUTHENTICATORS == MAX_AUTHENTICATORS);

impl Administrator {
    /// Takes over enrollments, each as a whole or not at all. With `check` nothing changes. A user who is
    /// refused does not keep the others from being imported; a store that fails does.
    pub(in crate::dbus::interface) fn import(
        &self,
        imports: &[Import],
        check: bool,
    ) -> Result<Vec<ImportResult>, Error> {
        let codes: usize = imports.iter().map(|one| one.backup_codes.len()).sum();
        if imports.len() > MAX_IMPORTED_USERS || codes > MAX_IMPORTED_CODES {
            return Err(messages::import_too_long());
        }
        imports.iter().map(|one| self.result(one, check)).collect()
    }

    fn result(&self, import: &Import, check: bool) -> Result<ImportResult, Error> {
        match self.import_one(import, check) {
            Ok(result) => Ok(result),
            Err(error @ (Error::Storage(_) | Error::Busy(_) | Error::KeyLost(_))) => Err(error),
            Err(error) => Ok(ImportResult {
                user: import.user.clone(),
                outcome: ImportOutcome::Refused.into(),
                why: error.text().to_owned(),
                weak: 0,
            }),
        }
    }

    fn import_one(&self, import: &Import, check: bool) -> Result<ImportResult, Error> {
        let user = self.accounts.user(&import.user)?;
        let authenticators: Vec<_> = import
            .authenticators
            .iter()
            .map(authenticator)
            .collect::<Result<_, _>>()?;
        let codes = import.backup_codes.iter();
        let codes: Vec<Code> = codes
            .map(|code| Code::from_digits(code).filter(Code::may_be_backup))
            .collect::<Option<_>>()
            .ok_or_else(messages::bad_imported_code)?;
        let account = self.accounts.load(&user);
        let account =
            account.map_err(|error| self.state.journal.report(&self.caller, &user.name, error))?;
        // An import of an enrolled user enrolls nothing, and must still mark codes as used.
        if account.is_none_or(|account| account.authenticators().is_empty()) {
            may_enroll(import, &authenticators, &self.state.config(), &user.name)?;
        }
        let now = clock::now();
        // Owners are shown only a name that has a text.
        let source = import.source.as_ref().and_then(OpenEnum::known);
        let source = source.map_or("", ImportSource::name);
        let imported = self
            .accounts
            .import(&user, source, &authenticators, &codes, check, now)
            .map_err(|error| self.state.journal.report(&self.caller, &user.name, error))?
            .map_err(|refusal| messages::import_refused(refusal, &user.name, now))?;
        let (outcome, event) = match imported {
            Imported::Enrolled => {
                let event = AccountEvent::Imported {
                    authenticators: authenticators.len(),
                    backup_codes: codes.len(),
                };
                (ImportOutcome::Imported, Some(event))
            }
            Imported::CaughtUp => (ImportOutcome::Updated, Some(AccountEvent::ImportUpdated)),
            Imported::Unchanged => (ImportOutcome::Unchanged, None),
            Imported::Rehash => {
                return Err(Error::Busy(messages::BACKUP_CODES_CONTENDED.to_owned()));
            }
        };
        if let Some(event) = event.filter(|_| !check) {
            self.state
                .journal
                .log_account(&self.caller, &user.name, event);
        }
        let weak = authenticators.iter();
        let weak = weak.filter(|one| one.authenticator.is_weak()).count();
        Ok(ImportResult {
            user: user.name,
            outcome: outcome.into(),
            why: String::new(),
            weak: u32::try_from(weak).unwrap_or(u32::MAX),
        })
    }
}

/// Refuses what the policy keeps users from enrolling.
fn may_enroll(
    import: &Import,
    authenticators: &[ImportedAuthenticator],
    config: &Config,
    user: &str,
) -> Result<(), Error> {
    // Any program of the user could have written the file, so it proves no more than the password.
    if config.policy.invitation && import.of_user == Some(true) {
        return Err(messages::import_needs_invitation(user));
    }
    let mut all = authenticators.iter();
    all.try_for_each(|one| {
        new_authenticator::must_be_allowed(&one.authenticator, &config.authenticator)
    })
}

fn authenticator(
    wanted: &tfa_proto::ImportedAuthenticator,
) -> Result<ImportedAuthenticator, Error> {
    let authenticator = new_authenticator::of_import(wanted)?;
    let steps = wanted.used_steps.as_ref();
    if steps.is_some_and(|steps| steps.len() > MAX_IMPORTED_STEPS) {
        return Err(messages::import_too_long());
    }
    let last_code = match &wanted.last_code {
        None => None,
        Some(code) => Some(Code::from_digits(code).ok_or_else(messages::bad_imported_code)?),
    };
    Ok(ImportedAuthenticator {
        authenticator,
        used_steps: wanted.used_steps.clone(),
        steps_ahead: wanted.steps_ahead,
        last_attempt: wanted.last_attempt.map(Time::from_secs),
        last_code,
    })
}

#[cfg(test)]
mod tests {
    use tfa_core::{Algorithm, AuthenticatorKind};

    use super::*;

    /// Whether a time-based authenticator with the usual parameters and a weak key is refused, and why.
    fn refusal(config: &Config, of_user: Option<bool>) -> Option<String> {
        let mut wanted = tfa_proto::ImportedAuthenticator::default();
        "phone".clone_into(&mut wanted.name);
        wanted.key = vec![7; 10];
        let authenticators = [authenticator(&wanted).unwrap()];
        let mut import = Import::default();
        import.of_user = of_user;
        let result = may_enroll(&import, &authenticators, config, "alice");
        result.err().map(|error| error.to_string())
    }

    #[test]
    fn a_file_that_its_user_owns_is_no_invitation() {
        let mut config = Config::default();
        for of_user in [None, Some(false), Some(true)] {
            assert_eq!(refusal(&config, of_user), None);
        }
        config.policy.invitation = true;
        for of_user in [None, Some(false)] {
            assert_eq!(refusal(&config, of_user), None);
        }
        let text = refusal(&config, Some(true)).unwrap();
        assert!(text.contains("--without-invitation"), "{text}");
    }

    #[test]
    fn an_import_keeps_the_rules_for_authenticators() {
        let config = |change: &dyn Fn(&mut Config)| {
            let mut config = Config::default();
            change(&mut config);
            config
        };
        for config in [
            config(&|one| one.authenticator.kinds = vec![AuthenticatorKind::SecurityKey]),
            config(&|one| one.authenticator.kinds = vec![AuthenticatorKind::Hotp]),
            config(&|one| one.authenticator.algorithm = Some(Algorithm::Sha256)),
            config(&|one| one.authenticator.digits = Some(8)),
            config(&|one| one.authenticator.period = Some(60)),
        ] {
            let text = refusal(&config, None);
            assert!(text.is_some(), "{config:?}");
        }
        let config = config(&|one| {
            one.authenticator.kinds = vec![AuthenticatorKind::Totp];
            one.authenticator.algorithm = Some(Algorithm::Sha1);
            one.authenticator.digits = Some(6);
            one.authenticator.period = Some(30);
        });
        assert_eq!(refusal(&config, None), None);
    }
}
