//! When a member reports what happened to its bound codes.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use crate::config::FleetRole;
use crate::fleet::HostLogins;

/// How long after a report the next one is made: a set that is void at the verifiers is accepted here for so long, if the
/// link is cut meanwhile.
const INTERVAL: Duration = Duration::from_secs(60);
/// The pause after the first failure. It doubles up to the interval.
const FIRST_RETRY: Duration = Duration::from_secs(5);

/// Reports from time to time, on a thread of its own, until these logins are gone, or this host is no member.
pub(in crate::fleet) fn start(logins: &Arc<HostLogins>) {
    let logins = Arc::downgrade(logins);
    let thread = thread::Builder::new().name("bound codes".to_owned());
    // Without a thread nothing is reported until a restart, and nothing else fails.
    drop(thread.spawn(move || run(&logins)));
}

fn run(logins: &Weak<HostLogins>) {
    let mut pause = FIRST_RETRY;
    loop {
        thread::sleep(pause);
        let Some(logins) = logins.upgrade() else {
            return;
        };
        // The thread of a host outside of a fleet ends.
        if !logins.state().may_be_member() {
            return;
        }
        let has_reported = logins.state().role() != Some(FleetRole::Member)
            || logins.forwarder().report_bound_codes();
        pause = match has_reported {
            true => INTERVAL,
            false => pause.saturating_mul(2).min(INTERVAL),
        };
    }
}
