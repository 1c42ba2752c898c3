//! The command line. No code and no key is ever taken from it: `ps` shows it to everybody.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Parser, Subcommand};
use tfa_proto::Parameters;

use crate::texts;

/// Two-factor login: set it up and look after it.
#[derive(Debug, Parser)]
#[command(version, about = texts::ABOUT, after_help = texts::AFTER_HELP, disable_help_subcommand = true)]
pub(crate) struct Args {
    /// The QR code as utf8, ascii, png:FILE, svg:FILE or none
    #[arg(long, global = true, value_name = "FORM", display_order = 100)]
    pub(crate) qr: Option<QrForm>,
    /// What to do; without it, the status and the way on
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Set up two-factor login with an authenticator app
    Setup(New),
    /// Show whether it is on, and what is left
    #[command(after_help = texts::JSON_HELP)]
    Status {
        /// Print JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Make a new set of backup codes; the old set is void
    Codes {
        /// Write them to this new file instead, a page to print
        #[arg(long, value_name = "FILE")]
        pdf: Option<PathBuf>,
    },
    /// Move to a new phone; the old one works until the new one does
    Move(New),
    /// Stop asking for codes, and keep the key
    Pause,
    /// Ask for codes again
    Resume,
    /// Switch two-factor login off and forget the key
    Remove,
    /// Try a code without logging in
    Test,
}

/// What the new authenticator is to be. What is left out, the system decides.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct New {
    /// SHA1, SHA256 or SHA512; many apps know SHA1 only
    #[arg(
        long,
        value_name = "HASH",
        ignore_case = true,
        hide_possible_values = true
    )]
    #[arg(value_parser = ["SHA1", "SHA256", "SHA512"])]
    algorithm: Option<String>,
    /// Digits of a code, 6 or 8
    #[arg(long, value_name = "NUMBER", hide_possible_values = true, value_parser = ["6", "8"])]
    digits: Option<String>,
    /// Seconds that a code is good for
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    period: Option<u32>,
    /// Name under which the phone is listed
    #[arg(long)]
    name: Option<String>,
}

impl From<New> for Parameters {
    fn from(new: New) -> Self {
        Self {
            name: new.name,
            algorithm: new.algorithm.map(|name| name.to_ascii_uppercase()),
            digits: new.digits.and_then(|digits| digits.parse().ok()),
            period: new.period,
            // Asked for where it is needed: others can read a command line.
            invitation: None,
        }
    }
}

/// How the QR code is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum QrForm {
    /// Half blocks, two modules in a character.
    Utf8,
    /// Two ASCII characters for a module.
    Ascii,
    /// A new file.
    Png(PathBuf),
    /// A new file.
    Svg(PathBuf),
    /// Not at all: link and key only, and nothing that moves on the screen.
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
            _ => Err(texts::QR_FORMS),
        }
    }
}
