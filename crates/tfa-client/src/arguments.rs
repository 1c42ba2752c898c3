//! The command line of both commands: errors, and words that both accept.

use std::process;

use clap::Parser;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use tfa_proto::{Algorithm, AuthenticatorKind};

use crate::{Terminal, completion};

const KINDS: &str = "\n  possible kinds: totp, hotp, security-key";
const ALGORITHMS: &str = "\n  possible algorithms: SHA1, SHA256, SHA512";

/// The kinds that compute codes. A security key is enrolled by its file.
const KINDS_WITH_CODES: [AuthenticatorKind; 2] = [AuthenticatorKind::Totp, AuthenticatorKind::Hotp];

/// Parses the command line. An error is printed without the control characters of an argument.
#[must_use]
pub fn parse<T: Parser>() -> T {
    if let Some(shell) = completion::requested(std::env::args()) {
        completion::print(T::command(), shell);
        process::exit(0);
    }
    match T::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() => {
            Terminal::new().error(error.render().to_string().trim_end());
            process::exit(error.exit_code())
        }
        Err(help) => help.exit(),
    }
}

/// A parser for the kinds of authenticators that compute codes.
#[must_use]
pub fn kind_parser() -> impl TypedValueParser<Value = AuthenticatorKind> {
    parser_of(&KINDS_WITH_CODES)
}

/// A parser for all kinds of authenticators.
#[must_use]
pub fn any_kind_parser() -> impl TypedValueParser<Value = AuthenticatorKind> {
    parser_of(AuthenticatorKind::ALL)
}

fn parser_of(
    kinds: &[AuthenticatorKind],
) -> impl TypedValueParser<Value = AuthenticatorKind> + use<> {
    let names: Vec<&'static str> = kinds.iter().map(|kind| kind.name()).collect();
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
