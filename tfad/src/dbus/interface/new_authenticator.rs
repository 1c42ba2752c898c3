//! New authenticators, from the parameters of the contract.

use tfa_core::{Account, Algorithm, Authenticator, CodeFormat, Counter, Secret};
use tfa_proto::{AuthenticatorKind, Error, OpenEnum, Parameters, TokenParameters};

use crate::host::random;
use crate::messages;

/// The longest name of an authenticator, in characters.
const MAX_NAME_LENGTH: usize = 64;
/// The name of a first authenticator, and the beginning of later default names.
pub(super) const DEFAULT_NAME: &str = "phone";

/// A new authenticator with a key of its own.
pub(super) fn drawn(wanted: &Parameters, default_name: &str) -> Result<Authenticator, Error> {
    let kind = wanted.kind.clone().unwrap_or_default();
    let name = wanted.name.as_deref().unwrap_or(default_name);
    let numbers = Numbers {
        algorithm: wanted.algorithm.as_ref(),
        digits: wanted.digits,
        period: wanted.period,
        counter: None,
    };
    made(&kind, name, &numbers, || Ok(random::secret()?))
}

/// An authenticator with the key of a token.
pub(super) fn of_token(wanted: &TokenParameters, key: &[u8]) -> Result<Authenticator, Error> {
    let numbers = Numbers {
        algorithm: wanted.algorithm.as_ref(),
        digits: wanted.digits,
        period: wanted.period,
        counter: wanted.counter,
    };
    made(&wanted.kind, &wanted.name, &numbers, || {
        Secret::new(key).ok_or_else(|| messages::bad_key_length(key.len()))
    })
}

/// The first of the names "phone", "phone 2", ... that no authenticator of the account has.
pub(super) fn unused_name(account: &Account) -> String {
    let names = (2..).map(|number| format!("{DEFAULT_NAME} {number}"));
    let mut names = std::iter::once(DEFAULT_NAME.to_owned()).chain(names);
    let unused = names.find(|name| account.authenticator_named(name).is_none());
    unused.unwrap_or_else(|| DEFAULT_NAME.to_owned())
}

/// The name, if it can be one.
pub(super) fn checked_name(name: &str) -> Result<&str, Error> {
    if name.is_empty()
        || name.chars().count() > MAX_NAME_LENGTH
        || name.chars().any(tfa_proto::is_misleading)
    {
        return Err(messages::bad_authenticator_name(MAX_NAME_LENGTH));
    }
    Ok(name)
}

/// The parameters beside kind and name.
struct Numbers<'a> {
    algorithm: Option<&'a OpenEnum<tfa_proto::Algorithm>>,
    digits: Option<u32>,
    period: Option<u32>,
    counter: Option<u64>,
}

fn made(
    kind: &OpenEnum<AuthenticatorKind>,
    name: &str,
    numbers: &Numbers<'_>,
    secret: impl FnOnce() -> Result<Secret, Error>,
) -> Result<Authenticator, Error> {
    let name = checked_name(name)?;
    let usual = tfa_core::Parameters::default();
    let algorithm = match numbers.algorithm {
        None => usual.format().algorithm(),
        Some(OpenEnum::Known(tfa_proto::Algorithm::Sha1)) => Algorithm::Sha1,
        Some(OpenEnum::Known(tfa_proto::Algorithm::Sha256)) => Algorithm::Sha256,
        Some(OpenEnum::Known(tfa_proto::Algorithm::Sha512)) => Algorithm::Sha512,
        Some(OpenEnum::Unknown(_)) => return Err(messages::unknown_algorithm()),
    };
    let digits = numbers
        .digits
        .unwrap_or_else(|| u32::from(usual.format().digits()));
    match kind {
        OpenEnum::Known(AuthenticatorKind::Totp) => {
            if numbers.counter.is_some() {
                return Err(messages::no_counter());
            }
            let period = numbers.period.unwrap_or_else(|| usual.period());
            let parameters = tfa_core::Parameters::new(algorithm, digits, period)
                .map_err(messages::bad_parameters)?;
            Ok(Authenticator::totp(name, parameters, secret()?))
        }
        OpenEnum::Known(AuthenticatorKind::Hotp) => {
            if numbers.period.is_some() {
                return Err(messages::no_period());
            }
            let format = CodeFormat::new(algorithm, digits).map_err(messages::bad_parameters)?;
            let next = Counter::new(numbers.counter.unwrap_or(0));
            Ok(Authenticator::hotp(name, format, secret()?, next))
        }
        OpenEnum::Unknown(_) => Err(messages::unknown_kind()),
    }
}
