//! The policy that is published for all verifiers, in the place of that of the files of this host.

use jiff::tz::TimeZone;

use super::builder::Builder;
use super::document::Document;
use super::messages::errors;
use super::model::Config;
use super::report::{BadConfig, Problems};
use super::{HostZone, host_zone};

/// What problems and rules name as their file.
const NAME: &str = "the published policy";

/// The name of the time zone of this host, where it has one.
#[must_use]
pub fn zone_name() -> Option<String> {
    host_zone().iana_name().map(str::to_owned)
}

impl Config {
    /// This configuration of a host with a published policy. The sections `[policy]`, `[enrollment]`,
    /// `[authenticator]` and `[remember]` are those of the text alone, or the defaults. The others belong to
    /// the host. `zone` is the time zone of dates that name none.
    ///
    /// # Errors
    /// [`BadConfig`] with all problems: also for a section that belongs to each host, and for a time zone
    /// that this host does not know.
    pub fn with_published(&self, text: &str, zone: &str) -> Result<Self, BadConfig> {
        let problems = Problems::default();
        let zone = TimeZone::get(zone).unwrap_or_else(|_| {
            problems.in_file(&errors::unknown_zone(zone), 0, NAME);
            TimeZone::UTC
        });
        let zone = HostZone::new(Box::new(move || zone));
        let mut builder = Builder::new(&zone, &problems);
        builder.add_published(&Document {
            file_index: 0,
            name: NAME,
            text,
            zone: &zone,
            problems: &problems,
        });
        let published = builder
            .build(NAME, &problems)?
            .with_consoles_of_the_kernel();
        Ok(Self {
            recovery: self.recovery.clone(),
            store: self.store,
            role: self.role,
            ignored: self.ignored.clone(),
            ..published
        })
    }
}
