//! The policy that is published for all verifiers, in the place of that of the files of this host.

use std::cell::Cell;
use std::rc::Rc;

use jiff::tz::TimeZone;
use tfa_core::RememberRules;

use super::builder::Builder;
use super::document::Document;
use super::messages::errors;
use super::model::Config;
use super::report::{BadConfig, Problems};
use super::{HostZone, host_zone};

/// What problems and rules name as their file.
const NAME: &str = "the published policy";

/// The time zone that every host knows: that of dates where the own one has no name.
const UTC: &str = "UTC";

/// The name of the time zone of this host.
#[must_use]
pub fn zone_name() -> String {
    let zone = host_zone();
    zone.iana_name().unwrap_or(UTC).to_owned()
}

/// The time zone of this name. Notes where this host does not know it.
fn named(name: &str, is_unknown: &Cell<bool>) -> TimeZone {
    if name == UTC {
        return TimeZone::UTC;
    }
    TimeZone::get(name).unwrap_or_else(|_| {
        is_unknown.set(true);
        TimeZone::UTC
    })
}

impl Config {
    /// This configuration of a host with a published policy. The sections `[policy]`, `[enrollment]`,
    /// `[authenticator]` and `[remember]` are those of the text alone, or the defaults. The others belong to
    /// the host. `zone` is the time zone of dates that name none.
    ///
    /// # Errors
    /// [`BadConfig`] with all problems: also for a section that belongs to each host, and for a time zone
    /// that is needed and that this host does not know.
    pub fn with_published(&self, text: &str, zone: &str) -> Result<Self, BadConfig> {
        let problems = Problems::default();
        let (name, is_unknown) = (zone.to_owned(), Rc::new(Cell::new(false)));
        let noted = Rc::clone(&is_unknown);
        // Only a date needs it: a host without a list of zones can use the other policies.
        let lazy = HostZone::new(Box::new(move || named(&name, &noted)));
        let mut builder = Builder::new(&lazy, &problems);
        builder.add_published(&Document {
            file_index: 0,
            name: NAME,
            text,
            zone: &lazy,
            problems: &problems,
        });
        if is_unknown.get() {
            problems.in_file(&errors::unknown_zone(zone), 0, NAME);
        }
        let published = builder.build(NAME, &problems)?;
        let published = published.with_consoles_of_the_kernel();
        Ok(Self {
            remember: RememberRules {
                of_verifier: self.remember.of_verifier,
                ..published.remember
            },
            recovery: self.recovery.clone(),
            store: self.store,
            role: self.role,
            ignored: self.ignored.clone(),
            ..published
        })
    }
}
