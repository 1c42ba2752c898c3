//! Where logins come from: `"local"`, `"session"`, an address, or a network.

use std::net::IpAddr;

use ipnet::IpNet;
use tfa_core::OriginMatcher;

use super::messages::errors;
use super::problem::Problem;
use super::suggestion::nearest;
use super::values::{Value, text};

const LOCAL: &str = "local";
const SESSION: &str = "session";
/// The length of the prefix `::ffff:0:0/96`, which maps the IPv4 addresses. Logins from there count
/// as those of IPv4.
const MAPPED_PREFIX: u8 = 96;

/// Reads one of them.
pub(super) fn origin(value: Value<'_, '_>) -> Result<OriginMatcher, Problem> {
    let written = text(value)?;
    match written {
        LOCAL => return Ok(OriginMatcher::Local),
        SESSION => return Ok(OriginMatcher::Session),
        _ => {}
    }
    let network = match written.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => written.parse().map_err(|_| not_an_origin(written))?,
    };
    let plain = plain(network);
    if network.addr() != network.network() {
        return Err(errors::host_in_network(written, &plain, &network.addr()));
    }
    if plain != network {
        return Err(if plain.prefix_len() == plain.max_prefix_len() {
            errors::mapped_address(written, &plain.addr())
        } else {
            errors::mapped_address(written, &plain)
        });
    }
    Ok(OriginMatcher::Network(network))
}

/// The network without host bits, and as IPv4 where it is mapped.
fn plain(network: IpNet) -> IpNet {
    let network = network.trunc();
    let bits = network.prefix_len().checked_sub(MAPPED_PREFIX);
    match (network.network().to_canonical(), bits) {
        (address @ IpAddr::V4(_), Some(bits)) if matches!(network, IpNet::V6(_)) => {
            IpNet::new(address, bits).unwrap_or(network)
        }
        _ => network,
    }
}

fn not_an_origin(written: &str) -> Problem {
    match nearest(written, [LOCAL, SESSION]) {
        Some(near) => errors::misspelled_origin(written, near),
        None if written.contains('%') => errors::origin_with_zone(written),
        None if written.contains('/') => errors::bad_network(written),
        None => errors::host_name(written),
    }
}
