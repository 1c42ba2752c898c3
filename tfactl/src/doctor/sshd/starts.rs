//! The ways in which sshd is started on a host: by units that are in use, and by what runs beside them.

use super::super::systemd;
use super::options::Start;
use super::processes::{Listener, listeners};
use super::{of_unit, units};
use crate::messages;

/// The program of the packages.
pub(super) const PROGRAM: &str = "/usr/sbin/sshd";
/// Its name.
pub(super) const NAME: &str = "sshd";

/// The starts that differ, with those of units first, and why there may be others, in whole sentences. Without any,
/// that of the program without options.
pub(super) fn all() -> (Vec<Start>, Vec<String>) {
    let mut not_examined = Vec::new();
    let units = match systemd::is_running() {
        true => units::names(),
        false => Ok(Vec::new()),
    };
    let units = units.unwrap_or_else(|why| {
        not_examined.push(messages::sshd_units_not_known(&why));
        Vec::new()
    });
    let listeners = listeners();
    let mut starts: Vec<Start> = Vec::new();
    let mut known: Vec<&String> = Vec::new();
    for unit in &units {
        match of_unit::start(unit) {
            Ok(start) => {
                add(&mut starts, start);
                known.push(unit);
            }
            // Its process may tell.
            Err(_) if listeners.iter().any(|one| one.is_of(unit)) => {}
            Err(why) => not_examined.push(messages::sshd_start_not_known(unit, &why)),
        }
    }
    let unit_of = |listener: &Listener| units.iter().find(|unit| listener.is_of(unit));
    let is_known = |listener: &&Listener| known.iter().any(|unit| listener.is_of(unit));
    for listener in listeners.iter().filter(|listener| !is_known(listener)) {
        match listener.start() {
            Ok(start) => {
                let unit = unit_of(listener).cloned().unwrap_or_default();
                add(&mut starts, Start { unit, ..start });
            }
            Err(why) => {
                let process = messages::process(listener.pid);
                not_examined.push(messages::sshd_start_not_known(&process, &why));
            }
        }
    }
    if starts.is_empty() {
        starts.push(Start::of("", PROGRAM));
    }
    (starts, not_examined)
}

/// Adds a start, unless one with the same settings is known.
fn add(starts: &mut Vec<Start>, start: Start) {
    match starts.iter_mut().find(|known| known.is_like(&start)) {
        Some(known) => known.absorb(start),
        None => starts.push(start),
    }
}
