//! Addresses and networks.

use std::fmt::Display;
use std::net::IpAddr;

use ipnet::IpNet;

use super::did_you_mean;
use crate::config::messages::quoted;
use crate::config::problem::Problem;

pub(in crate::config) fn host_in_network(written: &str, network: &IpNet, host: &IpAddr) -> Problem {
    Problem::new(format!(
        "{} is an address inside a network",
        quoted(written)
    ))
    .help(format!("write \"{network}\" or \"{host}\""))
}

pub(in crate::config) fn mapped_address(written: &str, plain: &impl Display) -> Problem {
    Problem::new(format!(
        "{} is an IPv4 address written as IPv6",
        quoted(written)
    ))
    .help(format!("write \"{plain}\""))
}

fn not_an_origin(written: &str) -> Problem {
    Problem::new(format!(
        "{} is not \"local\", \"session\", an address or a network",
        quoted(written)
    ))
}

pub(in crate::config) fn origin_with_zone(written: &str) -> Problem {
    not_an_origin(written).help("remove the zone, from the % on")
}

pub(in crate::config) fn bad_network(written: &str) -> Problem {
    not_an_origin(written).help("write a network as in \"10.0.0.0/8\"")
}

pub(in crate::config) fn host_name(written: &str) -> Problem {
    not_an_origin(written).help("host names are not looked up, so write addresses")
}

pub(in crate::config) fn misspelled_origin(written: &str, near: &str) -> Problem {
    not_an_origin(written).help(did_you_mean(near))
}
