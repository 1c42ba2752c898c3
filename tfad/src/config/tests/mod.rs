//! Tests of whole files. Each part has its own tests in its file.

mod errors;
mod manual;
mod properties;
mod shipped;
mod whole;

use tfa_core::Source;

use super::*;

/// The configuration of files with these names and texts, on a host in UTC.
fn parse(files: &[(&str, &str)]) -> Result<Config, BadConfig> {
    let files: Vec<_> = files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    Config::parse_in(&HostZone::new(Box::new(|| TimeZone::UTC)), &files)
}

fn one(text: &str) -> Result<Config, BadConfig> {
    parse(&[("a.toml", text)])
}

/// A configuration without positions, to compare texts with another layout.
fn bare(mut config: Config) -> Config {
    config.policy.otherwise.source = Source::default();
    for rule in &mut config.policy.rules {
        rule.effect.source = Source::default();
    }
    config
}
