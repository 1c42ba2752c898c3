//! The command line. It never contains a code or a key, because `ps` shows it to every user.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Parser, Subcommand};
use tfa_client::{algorithm_parser, kind_parser};
use tfa_proto::{Algorithm, AuthenticatorKind, Parameters};

use crate::messages;

/// Set up and manage your two-factor login.
#[derive(Debug, Parser)]
#[command(version, about = messages::ABOUT, after_help = messages::AFTER_HELP)]
#[command(help_template = messages::HELP_TEMPLATE, disable_help_subcommand = true)]
pub(crate) struct Args {
    /// QR code as utf8, ascii, png:FILE, svg:FILE or none
    #[arg(long, global = true, value_name = "FORM", display_order = 100)]
    pub(crate) qr: Option<QrForm>,
    /// The command; without one, show the status
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Set up two-factor login with an authenticator app
    Setup(New),
    /// Show the status of your two-factor login
    #[command(after_help = tfa_client::STATUS_JSON_HELP)]
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Create new backup codes; the old ones become invalid
    Codes(CodesTo),
    /// Add another phone, token or security key
    Add(Further),
    /// List your phones, tokens and security keys
    #[command(after_help = tfa_client::AUTHENTICATORS_HELP)]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Give a phone or token another name
    Rename {
        /// The present name, or the id
        old: String,
        /// The new name
        new: String,
    },
    /// Move to a new phone; the old one works until then
    Move {
        /// The one to replace, by name or id; needed if you have several
        #[arg(value_name = "NAME")]
        authenticator: Option<String>,
        /// The new one
        #[command(flatten)]
        new: New,
    },
    /// Stop asking for codes at login, and keep the key
    Pause,
    /// Ask for codes again
    Resume,
    /// Remove a phone or token; without a name, switch two-factor login off
    Remove {
        /// The name or the id
        name: Option<String>,
    },
    /// List the remembered devices, or forget them
    #[command(after_help = tfa_client::DEVICES_HELP)]
    #[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
    Devices {
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// The command; without one, list them
        #[command(subcommand)]
        command: Option<DevicesCommand>,
    },
    /// Check a code without a login
    Test,
}

/// The commands of `tfa-enroll devices`.
#[derive(Debug, Subcommand)]
pub(crate) enum DevicesCommand {
    /// Forget a device; its next login is asked for a code
    #[command(override_usage = messages::FORGET_USAGE)]
    Forget {
        /// The id of the device, from the list
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<u32>,
        /// All devices but that of this login session
        #[arg(long)]
        all: bool,
    },
}

/// Where new backup codes go. Without an option, they are shown on the terminal.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub(crate) struct CodesTo {
    /// Write them to this new file, as a page to print
    #[arg(long, value_name = "FILE")]
    pub(crate) pdf: Option<PathBuf>,
    /// Write them to this new file, as text
    #[arg(long, value_name = "FILE")]
    pub(crate) text: Option<PathBuf>,
    /// Print them on the default printer
    #[arg(long)]
    pub(crate) print: bool,
    /// Codes bound to this host, for when it is cut off
    #[arg(long)]
    pub(crate) bound: bool,
}

/// A new authenticator. The daemon has defaults for the options.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct New {
    /// The codes
    #[command(flatten)]
    codes: Codes,
    /// The security key
    #[command(flatten)]
    key: Key,
    /// Its name in the status
    #[arg(long)]
    name: Option<String>,
}

/// A further authenticator.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Further {
    /// Its name; the default is phone, phone 2, ...
    name: Option<String>,
    /// The same
    #[arg(long = "name", value_name = "NAME", conflicts_with = "name")]
    option: Option<String>,
    /// The codes
    #[command(flatten)]
    codes: Codes,
    /// The security key
    #[command(flatten)]
    key: Key,
}

/// A security key instead of an authenticator with codes.
#[derive(Debug, Default, clap::Args)]
struct Key {
    /// A security key, by the .pub file of its SSH key
    #[arg(long, value_name = "FILE")]
    #[arg(conflicts_with_all = ["kind", "algorithm", "digits", "period", "qr"])]
    security_key: Option<PathBuf>,
}

/// What is enrolled.
pub(crate) enum Wanted {
    /// An authenticator with codes.
    Codes(Parameters),
    /// A security key.
    SecurityKey {
        /// Its file.
        file: PathBuf,
        /// Its name.
        name: Option<String>,
    },
}

/// How an authenticator computes its codes.
#[derive(Debug, Default, clap::Args)]
struct Codes {
    /// totp (codes by time) or hotp (codes by a counter)
    #[arg(long, hide_possible_values = true, value_parser = kind_parser())]
    kind: Option<AuthenticatorKind>,
    /// SHA1, SHA256 or SHA512; many apps support only SHA1
    #[arg(
        long,
        value_name = "HASH",
        ignore_case = true,
        hide_possible_values = true
    )]
    #[arg(value_parser = algorithm_parser())]
    algorithm: Option<Algorithm>,
    /// Digits of a code: 6 or 8
    #[arg(long, value_name = "NUMBER", hide_possible_values = true, value_parser = ["6", "8"])]
    digits: Option<String>,
    /// Seconds for which a code is shown
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    period: Option<u32>,
}

impl From<New> for Wanted {
    fn from(New { codes, key, name }: New) -> Self {
        Self::new(codes, key, name)
    }
}

impl From<Further> for Wanted {
    fn from(further: Further) -> Self {
        let Further {
            name,
            option,
            codes,
            key,
        } = further;
        Self::new(codes, key, name.or(option))
    }
}

impl Wanted {
    fn new(codes: Codes, key: Key, name: Option<String>) -> Self {
        match key.security_key {
            Some(file) => Self::SecurityKey { file, name },
            None => Self::Codes(Parameters {
                name,
                ..codes.into()
            }),
        }
    }
}

impl From<Codes> for Parameters {
    fn from(codes: Codes) -> Self {
        Self {
            kind: codes.kind.map(Into::into),
            name: None,
            algorithm: codes.algorithm.map(Into::into),
            digits: codes.digits.and_then(|digits| digits.parse().ok()),
            period: codes.period,
            // Not on the command line, which other users can read.
            invitation: None,
            replaces: None,
        }
    }
}

/// The form of the QR code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum QrForm {
    /// Half blocks: two modules in each character.
    Utf8,
    /// Two ASCII characters for each module.
    Ascii,
    /// A new file.
    Png(PathBuf),
    /// A new file.
    Svg(PathBuf),
    /// Not shown. Link and key are printed line by line.
    None,
}

impl FromStr for QrForm {
    type Err = &'static str;

    fn from_str(form: &str) -> Result<Self, Self::Err> {
        match form.split_once(':') {
            None if form == "utf8" => Ok(Self::Utf8),
            None if form == "ascii" => Ok(Self::Ascii),
            None if form == "none" => Ok(Self::None),
            Some(("png", file)) if !file.is_empty() => Ok(Self::Png(file.into())),
            Some(("svg", file)) if !file.is_empty() => Ok(Self::Svg(file.into())),
            _ => Err(messages::QR_FORMS),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_manual_has_every_command_and_option_and_no_others() {
        let page = include_str!("../../man/tfa-enroll.1");
        tfa_testkit::assert_manual_page(&Args::command(), page);
    }

    #[test]
    fn the_help_of_every_command_fits_80_columns() {
        tfa_testkit::assert_help_fits(Args::command());
    }

    #[test]
    fn the_name_of_a_further_authenticator_is_an_argument_or_an_option() {
        let parse = |words: &[&str]| Args::try_parse_from([&["tfa-enroll", "add"], words].concat());
        for words in [&["tablet"][..], &["--name", "tablet"]] {
            let Ok(Some(Command::Add(further))) = parse(words).map(|args| args.command) else {
                panic!("{words:?} is not accepted");
            };
            let Wanted::Codes(parameters) = further.into() else {
                panic!("{words:?}");
            };
            assert_eq!(parameters.name.as_deref(), Some("tablet"));
        }
        assert!(parse(&["tablet", "--name", "watch"]).is_err());
    }

    #[test]
    fn an_algorithm_is_named_in_either_case() {
        for algorithm in Algorithm::ALL {
            let name = algorithm.name();
            for name in [name.to_owned(), name.to_ascii_lowercase()] {
                let args = Args::try_parse_from(["tfa-enroll", "setup", "--algorithm", &name]);
                let Ok(Some(Command::Setup(new))) = args.map(|args| args.command) else {
                    panic!("{name} is not accepted");
                };
                assert_eq!(new.codes.algorithm, Some(*algorithm));
            }
        }
    }
}
