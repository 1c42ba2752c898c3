//! Where logins come from: `"local"`, `"session"`, an address, or a network.

use std::net::IpAddr;

use ipnet::IpNet;
use tfa_core::OriginMatcher;

use super::mistake::Wrong;
use super::values::{Value, nearest, shown, text};

const LOCAL: &str = "local";
const SESSION: &str = "session";
/// `::ffff:0:0/96` holds the IPv4 addresses; logins from there count as those of IPv4.
const MAPPED: u8 = 96;

/// One of them.
pub(super) fn origin(value: &Value<'_>) -> Result<OriginMatcher, Wrong> {
    let written = text(value)?;
    match written {
        LOCAL => return Ok(OriginMatcher::Local),
        SESSION => return Ok(OriginMatcher::Session),
        _ => {}
    }
    let network = match written.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => written.parse().map_err(|_| neither(written))?,
    };
    let plain = plain(network);
    if network.addr() != network.network() {
        let wrong = Wrong::new(format!("{} is an address inside a network", shown(written)));
        return Err(wrong.help(format!("write \"{plain}\" or \"{}\"", network.addr())));
    }
    if plain != network {
        let wrong = Wrong::new(format!("{} is a place of IPv4", shown(written)));
        let plain = if plain.prefix_len() == plain.max_prefix_len() {
            plain.addr().to_string()
        } else {
            plain.to_string()
        };
        return Err(wrong.help(format!("write \"{plain}\"")));
    }
    Ok(OriginMatcher::Network(network))
}

/// The network without host bits, and without the disguise of IPv6.
fn plain(network: IpNet) -> IpNet {
    let network = network.trunc();
    let bits = network.prefix_len().checked_sub(MAPPED);
    match (network.network().to_canonical(), bits) {
        (address @ IpAddr::V4(_), Some(bits)) if matches!(network, IpNet::V6(_)) => {
            IpNet::new(address, bits).unwrap_or(network)
        }
        _ => network,
    }
}

fn neither(written: &str) -> Wrong {
    let wrong = Wrong::new(format!(
        "{} is not \"local\", \"session\", an address or a network",
        shown(written)
    ));
    match nearest(written, [LOCAL, SESSION]) {
        None if written.contains('%') => wrong.help("leave out the zone, from the % on"),
        None if written.contains('/') => wrong.help("write a network as in \"10.0.0.0/8\""),
        None => wrong.help("host names are not looked up: write addresses"),
        near => wrong.meant(near),
    }
}
