//! Words on the command line that both commands accept.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use tfa_proto::{Algorithm, AuthenticatorKind};

const KINDS: &str = "\n  possible kinds: totp, hotp";
const ALGORITHMS: &str = "\n  possible algorithms: SHA1, SHA256, SHA512";

/// A parser for the kinds of authenticators.
#[must_use]
pub fn kind_parser() -> impl TypedValueParser<Value = AuthenticatorKind> {
    let names = AuthenticatorKind::ALL.iter().map(|kind| kind.name());
    PossibleValuesParser::new(names)
        .try_map(|name| AuthenticatorKind::from_name(&name).ok_or(KINDS))
}

/// A parser for the algorithms, with their names in either case.
#[must_use]
pub fn algorithm_parser() -> impl TypedValueParser<Value = Algorithm> {
    let names = Algorithm::ALL.iter().map(|algorithm| algorithm.name());
    PossibleValuesParser::new(names)
        .try_map(|name| Algorithm::from_name(&name.to_ascii_uppercase()).ok_or(ALGORITHMS))
}
