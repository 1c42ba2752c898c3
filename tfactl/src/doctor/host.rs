//! What is known of the host beside PAM, sshd and the daemon.

use tfa_doctor::{Clock, FleetSettings, HostFacts, MODULE, STATE_DIR};
use tfa_pam_host::PamHost;

use super::missed::Missed;
use super::named::Named;
use super::output::{failure, output, printed};
use super::{
    bus, daemon_unit, groups, owned_files, policy_check, polkit, selinux, state, sudo, ways,
};
use crate::messages;

/// Collects what the daemon need not be asked for. Also what its configuration says of a fleet, if that is known.
pub(super) fn collect(missed: &Missed, named: Named) -> (HostFacts, Option<FleetSettings>) {
    let Named { files, modules } = named;
    let (unit, not_startable) = daemon_unit::collect(missed);
    let of_unit = unit.clone();
    let is_container = missed.known(is_container());
    let state = move |missed: &Missed| state::collect(&of_unit, is_container, missed);
    let sudoers = missed.in_time("/etc/sudoers", sudo::files);
    let files = missed.in_time("the owners of files", move |missed| {
        owned_files::collect(&files, missed)
    });
    let secret_files = missed.in_time(STATE_DIR, owned_files::secrets);
    let state = missed.in_time(STATE_DIR, state);
    let modules = missed.in_time(MODULE, move |_| {
        let host = PamHost::new();
        let named = modules.iter().filter_map(|path| host.module_at(path));
        (host.files_of(MODULE), named.collect::<Vec<_>>())
    });
    let (modules, named_modules) = modules.unwrap_or_default();
    let bus = missed.in_time("D-Bus", bus::collect);
    let group_cache = missed.in_time("nscd and sssd", groups::caches);
    let other_ways = missed.in_time("other ways in", ways::collect);
    let polkit = missed.in_time("polkit", polkit::collect);
    let selinux_log = missed.in_time("SELinux", selinux::collect);
    let name = missed.text("/proc/sys/kernel/hostname");
    for program in sudo::others() {
        missed.note(messages::other_sudo(program));
    }
    let check = policy_check::collect(missed);
    let facts = HostFacts {
        sudoers: sudoers.unwrap_or_default(),
        name: name.map(|name| name.trim().to_owned()),
        files: files.unwrap_or_default(),
        secret_files: secret_files.unwrap_or_default(),
        state: state.flatten(),
        modules,
        named_modules,
        bus: bus.flatten(),
        group_cache,
        selinux_log: selinux_log.flatten(),
        unit,
        not_startable,
        installed_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        clock: clock(is_container, missed),
        policy_warnings: check.warnings,
        policy_errors: check.errors,
        polkit: polkit.flatten(),
        other_ways: other_ways.unwrap_or_default(),
        ..HostFacts::default()
    };
    (facts, check.fleet)
}

/// Whether this host is a container.
fn is_container() -> Result<bool, String> {
    const PROGRAM: &str = "systemd-detect-virt";
    let output = output(PROGRAM, &["--container"])?;
    match (output.status.success(), output.stdout.trim_ascii()) {
        (true, _) => Ok(true),
        (false, b"none") => Ok(false),
        (false, _) => Err(failure(PROGRAM, &output)),
    }
}

/// What keeps the clock right. A container has the clock of its host.
fn clock(is_container: Option<bool>, missed: &Missed) -> Clock {
    const PROGRAM: &str = "timedatectl";
    match is_container {
        None => return Clock::Unknown,
        Some(true) => return Clock::OfItsHost,
        Some(false) => {}
    }
    let call = ["show", "--property=NTPSynchronized", "--value"];
    let shown = missed.known(printed(PROGRAM, &call));
    match shown.as_deref().map(str::trim) {
        Some("yes") => Clock::Synchronised,
        Some("no") => Clock::Free,
        Some(other) => {
            missed.note(messages::unexpected(PROGRAM, other));
            Clock::Unknown
        }
        None => Clock::Unknown,
    }
}
