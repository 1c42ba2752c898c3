//! `tfactl fleet init`: makes this host the first verifier of a fleet.

use std::fs;
use std::path::Path;

use data_encoding::HEXLOWER;
use tfa_client::{Failure, Terminal, is_root};

use super::etcd::{self, EtcdTable};
use super::exclusive::Exclusive;
use super::files::{FLEET_CONFIG, ROLE_DROP_IN, Written, fleet_lines, is_of_verifier, role_lines};
use super::preconditions::{check_endpoints, host_name};
use super::program::{self, Certified, CertifiedBy};
use super::units;
use crate::daemon::Daemon;
use crate::messages;

pub(crate) async fn run(
    name: Option<String>,
    port: u16,
    endpoints: Vec<String>,
) -> Result<(), Failure> {
    if !is_root() {
        return Err(Failure::NotAllowed(messages::FLEET_NEEDS_ROOT.to_owned()));
    }
    let _exclusive = Exclusive::take()?;
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    let role = daemon.facts().await?.fleet_role;
    if role.as_deref() == Some("member") {
        return Err(Failure::Refused(messages::MEMBER_CANNOT_INIT.to_owned()));
    }
    let name = match name {
        Some(name) => name,
        // Members refuse a verifier that they know under another name.
        None => match program::certified(daemon.interrupt()).await {
            Certified {
                name: Some(name),
                by: Some(CertifiedBy::Fleet),
            } => name,
            _ => host_name()?,
        },
    };
    let what_next = match endpoints.is_empty() {
        true => messages::WHAT_NEXT,
        false => messages::WHAT_NEXT_WITH_ETCD,
    };
    let config = match endpoints.is_empty() {
        true => fleet_lines(&format!("listen = [\"[::]:{port}\"]")),
        false => {
            check_endpoints(&endpoints)?;
            let config = EtcdTable::of(endpoints).config(port);
            let config =
                config.ok_or_else(|| Failure::Refused(messages::BAD_ENDPOINT.to_owned()))?;
            etcd::put_accounts(&terminal, &mut daemon, &config).await?;
            // It was started again.
            daemon = Daemon::connect(&terminal).await?;
            config
        }
    };
    let role = daemon.facts().await?.fleet_role;
    let lines = program::run(daemon.interrupt(), "--request-certificate", "").await?;
    let mut values = lines.iter().map(|line| HEXLOWER.decode(line.as_bytes()));
    let (Some(Ok(point)), Some(Ok(proof))) = (values.next(), values.next()) else {
        let why = "it is of another version";
        return Err(Failure::Refused(messages::no_fleet_program(&why)));
    };
    let (is_new, certificate, authority) = daemon.found_fleet(&name, port, &point, &proof).await?;
    let [certificate, authority] = [certificate, authority].map(|der| HEXLOWER.encode(&der));
    let input = format!("{certificate}\n{authority}\n");
    program::run(daemon.interrupt(), "--accept-certificate", &input).await?;
    terminal.print(&messages::fleet_made(&name, is_new))?;

    let mut is_whole = put(&terminal, FLEET_CONFIG, &config)?;
    if role.is_none() {
        is_whole &= put(&terminal, ROLE_DROP_IN, &role_lines("verifier"))?;
    }
    if is_whole && units::has_systemd() {
        units::systemctl(&["enable", "tfa-fleet.service"])?;
        units::systemctl(&["restart", "tfad.service"])?;
        units::systemctl(&["restart", "tfa-fleet.service"])?;
    } else if is_whole {
        terminal.print(messages::START_UNITS)?;
    }
    terminal.print(what_next)?;
    Ok(())
}

/// Writes a file, or prints its lines if there is one with other lines. Returns whether nothing is left to do.
fn put(terminal: &Terminal, path: &str, lines: &str) -> Result<bool, Failure> {
    let path = Path::new(path);
    let put = Written::default().put(path, lines);
    let put = put.map_err(|error| Failure::Refused(messages::not_written(path, &error)))?;
    if put || fs::read_to_string(path).is_ok_and(|text| text == lines) {
        return Ok(true);
    }
    if path == Path::new(FLEET_CONFIG) && is_of_verifier(path) {
        return Ok(true);
    }
    terminal.print(&messages::kept(path, lines))?;
    Ok(false)
}
