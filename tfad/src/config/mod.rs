//! The configuration: `/etc/tfa/tfad.toml` and its drop-ins.
//!
//! In the order of one reading: `files.rs` reads the files that no other user can change
//! (`trust.rs`). `document.rs` parses each as TOML. It looks up each key in the table of keys
//! (`keys.rs`, and `schema.rs` for what a key is) and reads its value (`values.rs`, `names.rs`,
//! `uids.rs`, `authenticator.rs`, `remember.rs`, `origins.rs`, `time.rs`). `builder.rs` combines the files, and `rule.rs` one rule.
//! `unreachable.rs` finds rules that never take effect. The result is the [`Config`] (`model.rs`).
//!
//! `published.rs` puts a published policy in the place of that of the files.
//!
//! Every problem is reported with its position (`problem.rs`, `report.rs`). If there is one, the
//! whole configuration is refused. `messages/` has all texts. `check.rs` is `tfad --check`,
//! and `check_json.rs` its output for programs.

mod authenticator;
mod builder;
pub mod check;
mod check_json;
mod document;
mod factors;
mod files;
mod keys;
mod member_grace;
mod messages;
mod model;
mod names;
mod offline;
mod origins;
mod problem;
mod published;
mod recovery;
mod remember;
mod report;
mod rule;
mod schema;
mod suggestion;
#[cfg(test)]
mod tests;
mod time;
mod trust;
mod uids;
mod unreachable;
mod values;

use std::cell::LazyCell;
use std::path::Path;

use jiff::tz::TimeZone;

pub use authenticator::AuthenticatorRules;
use builder::Builder;
use document::Document;
use files::{Text, Texts};
pub use model::{Config, FleetRole, QrStyle, StoreKind};
pub use published::zone_name;
pub use recovery::RecoveryRules;
pub use report::BadConfig;
use report::Problems;
pub use trust::Trust;

/// The time zone of dates that name none. To find it, jiff reads the directory of all time zones, which
/// takes longer than the rest of a start: so only a configuration with such a date asks for it.
type HostZone = LazyCell<TimeZone, Box<dyn FnOnce() -> TimeZone>>;

fn host_zone() -> HostZone {
    HostZone::new(Box::new(TimeZone::system))
}

impl Config {
    /// Reads the file and its drop-ins, `FILE.d/*.toml`. The directory of the drop-ins may be absent;
    /// the file may not.
    ///
    /// # Errors
    /// [`BadConfig`] with all problems: of a file that cannot be read, that another user can change,
    /// or that has an error.
    pub fn read(file: &Path, trust: &Trust) -> Result<Self, BadConfig> {
        let problems = Problems::default();
        let Texts { texts, ignored } = files::read(file, trust, &problems);
        let config = Self::build(&host_zone(), &texts, &problems)?;
        Ok(Self { ignored, ..config }.with_consoles_of_the_kernel())
    }

    fn with_consoles_of_the_kernel(self) -> Self {
        let consoles = self.consoles.with_those_of_the_kernel();
        Self { consoles, ..self }
    }

    /// Parses texts, each with the name of its file. The first is the main file, the others are its
    /// drop-ins in their order.
    ///
    /// # Errors
    /// [`BadConfig`] with all problems.
    pub fn parse(files: &[(String, String)]) -> Result<Self, BadConfig> {
        Self::parse_in(&host_zone(), files)
    }

    /// Parses texts on a host of that time zone.
    fn parse_in(zone: &HostZone, files: &[(String, String)]) -> Result<Self, BadConfig> {
        let texts: Vec<Text> = files
            .iter()
            .map(|(name, text)| Text {
                name: name.clone(),
                text: Some(text.clone()),
            })
            .collect();
        Self::build(zone, &texts, &Problems::default())
    }

    fn build(zone: &HostZone, files: &[Text], problems: &Problems) -> Result<Self, BadConfig> {
        let mut builder = Builder::new(zone, problems);
        for (file_index, Text { name, text }) in files.iter().enumerate() {
            match text {
                None => builder.skip_unreadable(),
                Some(text) => builder.add(&Document {
                    file_index,
                    name,
                    text,
                    zone,
                    problems,
                }),
            }
        }
        let main = files.first().map_or("the configuration", |file| &file.name);
        builder.build(main, problems)
    }
}
