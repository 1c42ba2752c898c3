//! The configuration: `/etc/tfa/tfad.toml` and the drop-ins beside it.
//!
//! In the order of one reading: `files.rs` brings the texts, if nobody else may write them
//! (`trust.rs`), `document.rs` opens one of them and
//! complains of keys that it does not know (`keys.rs`), `draft.rs` takes over what each file sets,
//! its rules one by one (`rule.rs`), and makes the [`Config`] of it once all are read, if no rule
//! is hidden behind another (`order.rs`). What single values may be stands in `values.rs`,
//! `names.rs`, `uids.rs`, `origins.rs`, `grace.rs` and `moment.rs`. Every mistake is told with its place
//! (`mistake.rs`), and one is enough: a policy that was understood in part is none.

pub mod check;
mod document;
mod draft;
mod files;
mod grace;
mod keys;
mod mistake;
mod moment;
mod names;
mod order;
mod origins;
mod rule;
mod trust;
mod uids;
mod values;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use tfa_core::Policy;
use tfa_proto::Consoles;

use document::Document;
use draft::Draft;
use files::{Text, Texts};
pub use mistake::BadConfig;
use mistake::Mistakes;
pub use trust::Trust;

/// What the administrator decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The policy.
    pub policy: Policy,
    /// Who issues the keys, as authenticators show it; `None` for the host's name.
    pub issuer: Option<String>,
    /// How QR codes are drawn in a login.
    pub qr: QrStyle,
    /// Files beside the drop-ins that are none, and may have been meant as one.
    pub ignored: Vec<PathBuf>,
    /// The consoles of this machine.
    pub consoles: Consoles,
}

/// How QR codes are drawn in a login.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum QrStyle {
    /// In half blocks, two rows of modules a line.
    #[default]
    Utf8,
    /// In characters that every terminal has.
    Ascii,
    /// Not at all: the key is shown in letters.
    None,
}

impl Config {
    /// Reads the file and its drop-ins, `FILE.d/*.toml`. A file that is absent is a mistake like
    /// one that is unreadable, or that somebody else may write: a policy that cannot be read is not
    /// a soft one. The folder of the drop-ins may be absent.
    ///
    /// # Errors
    /// [`BadConfig`] with the places of all mistakes.
    pub fn read(file: &Path, trust: &Trust) -> Result<Self, BadConfig> {
        let mistakes = Mistakes::default();
        let Texts { texts, ignored } = files::read(file, trust, &mistakes);
        let config = Self::understand(&TimeZone::system(), &texts, mistakes)?;
        let consoles = config.consoles.with_those_of_the_kernel();
        Ok(Self {
            ignored,
            consoles,
            ..config
        })
    }

    /// Understands texts, each with the name of its file; the first is the main file, the others
    /// are its drop-ins, in their order.
    ///
    /// # Errors
    /// [`BadConfig`] with the places of all mistakes.
    pub fn parse(files: &[(String, String)]) -> Result<Self, BadConfig> {
        Self::parse_in(&TimeZone::system(), files)
    }

    /// Understands texts on a host of that time zone.
    fn parse_in(zone: &TimeZone, files: &[(String, String)]) -> Result<Self, BadConfig> {
        let texts: Vec<Text> = files
            .iter()
            .map(|(name, text)| Text {
                name: name.clone(),
                text: Some(text.clone()),
            })
            .collect();
        Self::understand(zone, &texts, Mistakes::default())
    }

    /// Understands what could be read; what could not has left its mistake.
    fn understand(zone: &TimeZone, files: &[Text], mistakes: Mistakes) -> Result<Self, BadConfig> {
        let mut draft = Draft::default();
        for (number, Text { name, text }) in files.iter().enumerate() {
            match text {
                None => draft.leave_out(),
                Some(text) => draft.take_over(
                    &Document {
                        number,
                        name,
                        text,
                        mistakes: &mistakes,
                    },
                    zone,
                ),
            }
        }
        let main = files.first().map_or("the configuration", |file| &file.name);
        draft.finish(main, mistakes)
    }
}
