//! New authenticators, from the parameters of the contract.

use tfa_core::{Account, Algorithm, Authenticator, AuthenticatorKind, CodeFormat, Counter};
use tfa_core::{Secret, SshKey};
use tfa_proto::{Error, ImportedAuthenticator, OpenEnum, Parameters, TokenParameters};

use crate::config::AuthenticatorRules;
use crate::host::random;
use crate::login::ssh_keys;
use crate::messages;

/// The longest name of an authenticator, in characters.
const MAX_NAME_LENGTH: usize = 64;

/// A new authenticator with a key of its own, as the policy lets users enroll it.
pub(crate) fn drawn(
    wanted: &Parameters,
    default_name: &str,
    rules: &AuthenticatorRules,
) -> Result<Authenticator, Error> {
    let kind = match &wanted.kind {
        None => rules
            .usual_kind()
            .ok_or_else(messages::only_security_keys)?,
        Some(kind) => known_kind(kind)?,
    };
    if !rules.kinds.contains(&kind) {
        return Err(messages::kind_not_allowed(kind, &rules.kinds));
    }
    let algorithm = match &wanted.algorithm {
        None => rules.usual_algorithm(),
        Some(algorithm) => known_algorithm(algorithm)?,
    };
    let numbers = Numbers {
        algorithm,
        digits: wanted.digits.unwrap_or_else(|| rules.usual_digits()),
        period: match kind {
            AuthenticatorKind::Totp => wanted.period.or_else(|| Some(rules.usual_period())),
            AuthenticatorKind::Hotp | AuthenticatorKind::SecurityKey => wanted.period,
        },
        counter: None,
    };
    let name = wanted.name.as_deref().unwrap_or(default_name);
    let authenticator = made(kind, name, &numbers, || Ok(random::secret()?))?;
    must_be_allowed(&authenticator, rules)?;
    Ok(authenticator)
}

/// Refuses an authenticator of a kind, or with parameters, that the policy does not let users enroll.
pub(crate) fn must_be_allowed(
    authenticator: &Authenticator,
    rules: &AuthenticatorRules,
) -> Result<(), Error> {
    let kind = authenticator.kind();
    if !rules.kinds.contains(&kind) {
        return Err(messages::kind_not_allowed(kind, &rules.kinds));
    }
    let Some(format) = authenticator.format() else {
        return Ok(());
    };
    if rules
        .algorithm
        .is_some_and(|only| only != format.algorithm())
    {
        return Err(messages::algorithm_not_allowed(rules.usual_algorithm()));
    }
    if let Some(only) = rules
        .digits
        .filter(|only| *only != u32::from(format.digits()))
    {
        return Err(messages::digits_not_allowed(only));
    }
    match (rules.period, authenticator.period()) {
        (Some(only), Some(period)) if only != period => Err(messages::period_not_allowed(only)),
        _ => Ok(()),
    }
}

/// An authenticator with the key of a token, or with the text of a security key's public key. The
/// administrator may add any.
pub(crate) fn of_token(wanted: &TokenParameters, key: &[u8]) -> Result<Authenticator, Error> {
    let kind = known_kind(&wanted.kind)?;
    if kind == AuthenticatorKind::SecurityKey {
        return of_security_key(wanted, key);
    }
    let numbers = Numbers {
        period: wanted.period,
        counter: wanted.counter,
        ..Numbers::of_codes(wanted.algorithm.as_ref(), wanted.digits)?
    };
    made(kind, &wanted.name, &numbers, || {
        Secret::new(key).ok_or_else(|| messages::bad_key_length(key.len()))
    })
}

/// An authenticator of which another program has the key. Its key may be shorter than that of a token.
pub(crate) fn of_import(wanted: &ImportedAuthenticator) -> Result<Authenticator, Error> {
    let kind = known_kind(&wanted.kind)?;
    let numbers = Numbers {
        period: wanted.period,
        counter: wanted.counter,
        ..Numbers::of_codes(wanted.algorithm.as_ref(), wanted.digits)?
    };
    made(kind, &wanted.name, &numbers, || {
        let key = &wanted.key;
        Secret::imported(key).ok_or_else(|| messages::bad_imported_key_length(key.len()))
    })
}

fn of_security_key(wanted: &TokenParameters, key: &[u8]) -> Result<Authenticator, Error> {
    let TokenParameters {
        kind: _,
        name,
        algorithm,
        digits,
        period,
        counter,
        uid: _,
    } = wanted;
    if algorithm.is_some() || digits.is_some() || period.is_some() || counter.is_some() {
        return Err(messages::security_key_has_no_codes());
    }
    let text = str::from_utf8(key).map_err(|_| messages::not_a_public_key())?;
    let key = security_key(text)?;
    Authenticator::security_key(checked_name(name)?, key).ok_or_else(messages::not_a_public_key)
}

/// The first of the names "phone", "phone 2", ... that no authenticator of the account has, where `first`
/// is "phone".
pub(crate) fn unused_name(account: &Account, first: &str) -> String {
    let names = (2..).map(|number| format!("{first} {number}"));
    let mut names = std::iter::once(first.to_owned()).chain(names);
    let unused = names.find(|name| account.authenticator_named(name).is_none());
    unused.unwrap_or_else(|| first.to_owned())
}

/// The key of a security key, if the policy lets users enroll it.
pub(crate) fn key_of(public_key: &str, rules: &AuthenticatorRules) -> Result<SshKey, Error> {
    let kind = AuthenticatorKind::SecurityKey;
    if !rules.kinds.contains(&kind) {
        return Err(messages::kind_not_allowed(kind, &rules.kinds));
    }
    security_key(public_key)
}

fn security_key(public_key: &str) -> Result<SshKey, Error> {
    let key = ssh_keys::public_key(public_key).ok_or_else(messages::not_a_public_key)?;
    if key.key_type.is_security_key() {
        Ok(key)
    } else {
        Err(messages::not_a_security_key(key.key_type))
    }
}

/// The name, if it can be one.
pub(crate) fn checked_name(name: &str) -> Result<&str, Error> {
    if name.trim() != name
        || name.is_empty()
        || name.contains("  ")
        || name.chars().count() > MAX_NAME_LENGTH
        || name.chars().any(tfa_proto::is_misleading)
    {
        return Err(messages::bad_authenticator_name(MAX_NAME_LENGTH));
    }
    Ok(name)
}

/// The parameters beside kind and name.
struct Numbers {
    algorithm: Algorithm,
    digits: u32,
    period: Option<u32>,
    counter: Option<u64>,
}

impl Numbers {
    /// The algorithm and the digits that were given, or else the usual ones. Without period and counter.
    fn of_codes(
        algorithm: Option<&OpenEnum<tfa_proto::Algorithm>>,
        digits: Option<u32>,
    ) -> Result<Self, Error> {
        let usual = CodeFormat::default();
        Ok(Self {
            algorithm: algorithm.map_or(Ok(usual.algorithm()), known_algorithm)?,
            digits: digits.unwrap_or(usual.digits().into()),
            period: None,
            counter: None,
        })
    }
}

fn made(
    kind: AuthenticatorKind,
    name: &str,
    numbers: &Numbers,
    secret: impl FnOnce() -> Result<Secret, Error>,
) -> Result<Authenticator, Error> {
    let name = checked_name(name)?;
    let Numbers {
        algorithm, digits, ..
    } = *numbers;
    match kind {
        AuthenticatorKind::Totp => {
            if numbers.counter.is_some() {
                return Err(messages::no_counter());
            }
            let usual = tfa_core::Parameters::default().period();
            let period = numbers.period.unwrap_or(usual);
            let parameters = tfa_core::Parameters::new(algorithm, digits, period)
                .map_err(messages::bad_parameters)?;
            Ok(Authenticator::totp(name, parameters, secret()?))
        }
        AuthenticatorKind::Hotp => {
            if numbers.period.is_some() {
                return Err(messages::no_period());
            }
            let format = CodeFormat::new(algorithm, digits).map_err(messages::bad_parameters)?;
            let next = Counter::new(numbers.counter.unwrap_or(0));
            Ok(Authenticator::hotp(name, format, secret()?, next))
        }
        AuthenticatorKind::SecurityKey => Err(messages::security_key_needs_its_key()),
    }
}

fn known_kind(kind: &OpenEnum<tfa_proto::AuthenticatorKind>) -> Result<AuthenticatorKind, Error> {
    match kind {
        OpenEnum::Known(tfa_proto::AuthenticatorKind::Totp) => Ok(AuthenticatorKind::Totp),
        OpenEnum::Known(tfa_proto::AuthenticatorKind::Hotp) => Ok(AuthenticatorKind::Hotp),
        OpenEnum::Known(tfa_proto::AuthenticatorKind::SecurityKey) => {
            Ok(AuthenticatorKind::SecurityKey)
        }
        OpenEnum::Unknown(_) => Err(messages::unknown_kind()),
    }
}

fn known_algorithm(algorithm: &OpenEnum<tfa_proto::Algorithm>) -> Result<Algorithm, Error> {
    match algorithm {
        OpenEnum::Known(tfa_proto::Algorithm::Sha1) => Ok(Algorithm::Sha1),
        OpenEnum::Known(tfa_proto::Algorithm::Sha256) => Ok(Algorithm::Sha256),
        OpenEnum::Known(tfa_proto::Algorithm::Sha512) => Ok(Algorithm::Sha512),
        OpenEnum::Unknown(_) => Err(messages::unknown_algorithm()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(kinds: &[AuthenticatorKind]) -> AuthenticatorRules {
        AuthenticatorRules {
            kinds: kinds.to_vec(),
            algorithm: Some(Algorithm::Sha256),
            digits: Some(8),
            period: Some(60),
        }
    }

    fn refused(wanted: &Parameters, rules: &AuthenticatorRules) -> String {
        match drawn(wanted, "phone", rules) {
            Err(Error::InvalidArgument(text)) => text,
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("accepted"),
        }
    }

    #[test]
    fn defaults_of_the_options_follow_the_policy() {
        let rules = only(&[AuthenticatorKind::Totp]);
        let new = drawn(&Parameters::default(), "phone", &rules).unwrap();
        assert_eq!(new.format().unwrap().algorithm(), Algorithm::Sha256);
        assert_eq!(
            (new.format().unwrap().digits(), new.period()),
            (8, Some(60))
        );
        let rules = only(&[AuthenticatorKind::Hotp]);
        let new = drawn(&Parameters::default(), "phone", &rules).unwrap();
        assert_eq!(new.kind(), AuthenticatorKind::Hotp);
        assert_eq!(
            (new.format().unwrap().digits(), new.counter()),
            (8, Some(Counter::new(0)))
        );
    }

    #[test]
    fn an_option_that_differs_from_the_policy_is_refused() {
        let rules = only(&[AuthenticatorKind::Totp]);
        let hotp = Parameters {
            kind: Some(tfa_proto::AuthenticatorKind::Hotp.into()),
            ..Parameters::default()
        };
        let text = refused(&hotp, &rules);
        assert!(text.contains("totp") && !text.contains("hotp, "), "{text}");
        let sha1 = Parameters {
            algorithm: Some(tfa_proto::Algorithm::Sha1.into()),
            ..Parameters::default()
        };
        assert!(refused(&sha1, &rules).contains("SHA256"));
        let digits = Parameters {
            digits: Some(6),
            ..Parameters::default()
        };
        assert!(refused(&digits, &rules).contains("8 digits"));
        let period = Parameters {
            period: Some(30),
            ..Parameters::default()
        };
        assert!(refused(&period, &rules).contains("60 seconds"));
    }

    #[test]
    fn without_rules_each_option_is_free_and_counters_have_no_period() {
        let rules = AuthenticatorRules::default();
        let sha512 = Parameters {
            algorithm: Some(tfa_proto::Algorithm::Sha512.into()),
            digits: Some(8),
            period: Some(15),
            ..Parameters::default()
        };
        let new = drawn(&sha512, "phone", &rules).unwrap();
        assert_eq!(
            (new.format().unwrap().digits(), new.period()),
            (8, Some(15))
        );
        let counted = Parameters {
            kind: Some(tfa_proto::AuthenticatorKind::Hotp.into()),
            period: Some(30),
            ..Parameters::default()
        };
        assert!(refused(&counted, &rules).contains("has no period"));
    }

    #[test]
    fn a_token_is_free_of_the_rules_and_its_key_has_a_length() {
        let token = TokenParameters {
            kind: tfa_proto::AuthenticatorKind::Hotp.into(),
            name: "token".to_owned(),
            counter: Some(9),
            ..TokenParameters::default()
        };
        let new = of_token(&token, &[7; 16]).unwrap();
        assert_eq!(new.counter(), Some(Counter::new(9)));
        for length in [0, 15, 129] {
            let key = vec![7; length];
            let Err(Error::InvalidArgument(text)) = of_token(&token, &key) else {
                panic!("{length} bytes are accepted");
            };
            assert!(text.contains(&format!("{length} bytes")), "{text}");
        }
        let timed = TokenParameters {
            kind: tfa_proto::AuthenticatorKind::Totp.into(),
            ..token
        };
        assert!(of_token(&timed, &[7; 20]).is_err());
    }

    #[test]
    fn an_imported_key_may_be_short_and_its_parameters_have_the_same_limits() {
        let wanted = |length: usize| {
            let mut wanted = ImportedAuthenticator::default();
            "phone".clone_into(&mut wanted.name);
            wanted.key = vec![7; length];
            wanted
        };
        for (length, accepted) in [(9, false), (10, true), (128, true), (129, false)] {
            assert_eq!(of_import(&wanted(length)).is_ok(), accepted, "{length}");
        }
        for (digits, period) in [(7, 30), (6, 14), (6, 121)] {
            let mut wanted = wanted(20);
            (wanted.digits, wanted.period) = (Some(digits), Some(period));
            assert!(of_import(&wanted).is_err(), "{digits} {period}");
        }
        let mut named = wanted(20);
        "a\u{202e}b".clone_into(&mut named.name);
        assert!(of_import(&named).is_err());
        let mut key = wanted(20);
        key.kind = tfa_proto::AuthenticatorKind::SecurityKey.into();
        assert!(of_import(&key).is_err());
    }

    #[test]
    fn a_security_key_of_the_administrator_has_a_public_key_and_no_codes() {
        const KEY: &str = "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIAcHBwcH\
            BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHAAAABHNzaDo= alice";
        let wanted = TokenParameters {
            kind: tfa_proto::AuthenticatorKind::SecurityKey.into(),
            name: "blue".to_owned(),
            ..TokenParameters::default()
        };
        let new = of_token(&wanted, KEY.as_bytes()).unwrap();
        assert_eq!(new.kind(), AuthenticatorKind::SecurityKey);
        let plain =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH";
        let two = format!("{KEY}\n{KEY}");
        for key in [plain, "", "sk-ssh-ed25519@openssh.com AAAA", &two] {
            assert!(of_token(&wanted, key.as_bytes()).is_err(), "{key}");
        }
        assert!(of_token(&wanted, &[0xff; 20]).is_err());
        let counted = TokenParameters {
            counter: Some(1),
            ..wanted
        };
        assert!(of_token(&counted, KEY.as_bytes()).is_err());
    }
}
