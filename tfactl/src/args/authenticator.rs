//! The command line of `tfactl authenticator`. A key is never on it.

use std::path::PathBuf;

use clap::Subcommand;
use tfa_client::{algorithm_parser, any_kind_parser};
use tfa_proto::{Algorithm, AuthenticatorKind, TokenParameters};

use crate::messages;

/// The default name of a security key.
const SECURITY_KEY: &str = "security key";

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum AuthenticatorCommand {
    /// Add a token or a security key, of which you have the key
    #[command(after_help = messages::ADD_HELP, override_usage = messages::ADD_USAGE)]
    Add(Token),
    /// List the authenticators of a user
    #[command(after_help = tfa_client::AUTHENTICATORS_HELP)]
    List {
        /// The login name
        user: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove an authenticator that is not the last one
    Remove {
        /// The login name
        user: String,
        /// The name or the id of the authenticator
        name: String,
    },
}

/// An authenticator of which the administrator has the key.
#[derive(Debug, clap::Args)]
pub(crate) struct Token {
    /// The login name
    pub(crate) user: String,
    /// totp (by time), hotp (by a counter) or security-key
    #[arg(long, hide_possible_values = true, value_parser = any_kind_parser())]
    pub(crate) kind: AuthenticatorKind,
    /// The file with the key; - reads the standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: PathBuf,
    /// The key is in hex, and not in base32
    #[arg(long)]
    pub(crate) hex: bool,
    /// The name; the default of a key is security key
    #[arg(long, required_if_eq_any = [("kind", "totp"), ("kind", "hotp")])]
    name: Option<String>,
    /// SHA1 (the default), SHA256 or SHA512
    #[arg(
        long,
        value_name = "HASH",
        ignore_case = true,
        hide_possible_values = true
    )]
    #[arg(value_parser = algorithm_parser())]
    algorithm: Option<Algorithm>,
    /// Digits of a code: 6 (the default) or 8
    #[arg(long, value_name = "NUMBER", hide_possible_values = true, value_parser = ["6", "8"])]
    digits: Option<String>,
    /// With totp: seconds a code is shown; default 30
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    period: Option<u32>,
    /// With hotp: counter of the next code; default 0
    #[arg(long, value_name = "NUMBER")]
    counter: Option<u64>,
    /// The uid on members, if they alone know the user
    #[arg(long, value_name = "UID")]
    uid: Option<u32>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl Token {
    /// Whether an option is set that describes how codes are computed.
    pub(crate) fn has_options_of_codes(&self) -> bool {
        self.hex
            || self.algorithm.is_some()
            || self.digits.is_some()
            || self.period.is_some()
            || self.counter.is_some()
    }
}

impl From<Token> for TokenParameters {
    fn from(token: Token) -> Self {
        Self {
            kind: token.kind.into(),
            name: token.name.unwrap_or_else(|| SECURITY_KEY.to_owned()),
            algorithm: token.algorithm.map(Into::into),
            digits: token.digits.and_then(|digits| digits.parse().ok()),
            period: token.period,
            counter: token.counter,
            uid: token.uid,
        }
    }
}
