//! The goals of a fleet.

use super::{Goals, Limit};
use crate::fleet::Measured;
use crate::fleet::logins::Subject;

pub(super) fn evaluate(measured: &Measured, goals: &mut Goals) {
    let disks = measured.logins.iter().map(|at| at.median(Subject::Disk));
    let disk = disks.fold(f64::NAN, f64::max);
    for at in &measured.logins {
        let name = format!("login of a fleet / the floor, {} accounts", at.accounts);
        let ratio = at.median(Subject::Etcd) / at.floor();
        let disk = at.median(Subject::Disk);
        goals.time(name, Some(ratio), Limit::AtMost(2.0), disk);
    }
    if let (Some(few), Some(many)) = (measured.logins.first(), measured.logins.last())
        && few.accounts < many.accounts
    {
        let name = format!(
            "login of a fleet, {} / {} accounts",
            many.accounts, few.accounts
        );
        let ratio = many.median(Subject::Etcd) / few.median(Subject::Etcd);
        goals.time(name, Some(ratio), Limit::AtMost(1.1), disk);
    }
    if let Some(most) = measured.load.last() {
        let name = format!(
            "logins / puts of etcd, 3 verifiers, {} at once",
            most.clients
        );
        let share = most.three.rate.per_second() / most.puts.per_second();
        goals.time(name, Some(share), Limit::AtLeast(0.7), disk);
    }
    let name = "memory of tfa-fleet with all connections / its limit";
    let crowd = &measured.crowd;
    let share = crowd.with_all_connections() / crowd.allowed as f64;
    goals.always(name, share, Limit::AtMost(0.9));
    for (what, times) in [
        ("killed", &measured.lost.killed),
        ("silent", &measured.lost.stopped),
    ] {
        let name = format!("longest login in s, its verifier {what}");
        let longest = times.percentile(100.0) / 1e9;
        goals.time(name, Some(longest), Limit::Below(2.0), disk);
    }
}
