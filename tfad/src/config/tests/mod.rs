//! Whole files, beside what the single parts are tested with in their own files.

mod manual;
mod mistakes;
mod properties;
mod whole;

use tfa_core::Source;

use super::*;

/// What files of these names and texts come to on a host of UTC.
fn parse(files: &[(&str, &str)]) -> Result<Config, BadConfig> {
    let files: Vec<_> = files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    Config::parse_in(&TimeZone::UTC, &files)
}

fn one(text: &str) -> Result<Config, BadConfig> {
    parse(&[("a.toml", text)])
}

/// A configuration without the places, so that texts laid out differently can be compared.
fn bare(mut config: Config) -> Config {
    config.policy.otherwise.source = Source::default();
    for rule in &mut config.policy.rules {
        rule.effect.source = Source::default();
    }
    config
}
