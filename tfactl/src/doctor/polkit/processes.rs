//! Processes of users outside any session, about which polkit can be asked.
//!
//! A child of this command would be in the session of the administrator: polkit would allow it what it allows there,
//! and its user could reach the administrator's terminal through it. So a unit of systemd has them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::User;

use crate::doctor::output::printed;
use crate::doctor::systemd;
use crate::messages;

/// Longer than all questions take. The unit then ends by itself.
const SECONDS: u32 = 300;
/// How long the processes may take to start.
const START: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

/// A process for each user, which sleeps. They end with this value.
pub(super) struct Processes {
    unit: String,
    pids: BTreeMap<u32, u32>,
}

impl Processes {
    /// Starts a process for each of the users. One that does not start in time is left out.
    ///
    /// # Errors
    /// Why there are none.
    pub(super) fn of<'a>(users: impl Iterator<Item = &'a User>) -> Result<Self, String> {
        if !systemd::is_running() {
            return Err(messages::NO_SYSTEMD.to_owned());
        }
        let (mut uids, mut script) = (BTreeSet::new(), String::new());
        for user in users {
            // Without a $, which systemd would take for a variable.
            let ids = format!("--reuid={} --regid={}", user.uid, user.gid);
            script.push_str(&format!(
                "setpriv {ids} --clear-groups --no-new-privs sleep {SECONDS} >/dev/null 2>&1 & "
            ));
            uids.insert(user.uid.as_raw());
        }
        script.push_str("wait");
        let unit = format!("tfa-doctor-{}.service", std::process::id());
        let limit = format!("--property=RuntimeMaxSec={SECONDS}");
        let call = [
            "--quiet",
            "--collect",
            "--unit",
            &unit,
            &limit,
            "/bin/sh",
            "-c",
            &script,
        ];
        printed("systemd-run", &call)?;
        let mut started = Self {
            unit,
            pids: BTreeMap::new(),
        };
        let end = Instant::now() + START;
        while started.pids.len() < uids.len() && Instant::now() < end {
            thread::sleep(PAUSE);
            started.pids = started.running(&uids);
        }
        Ok(started)
    }

    /// The process of a user, unless it has not started, or has ended.
    pub(super) fn of_uid(&self, uid: u32) -> Option<u32> {
        let pid = *self.pids.get(&uid)?;
        self.has(pid, uid).then_some(pid)
    }

    /// The processes of the unit that have changed to one of the users.
    fn running(&self, uids: &BTreeSet<u32>) -> BTreeMap<u32, u32> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let running = pids.filter_map(|pid: u32| {
            let uid = fs::metadata(folder(pid)).ok()?.uid();
            (uids.contains(&uid) && self.has(pid, uid)).then_some((uid, pid))
        });
        running.collect()
    }

    /// Whether a process belongs to the unit and to the user.
    fn has(&self, pid: u32, uid: u32) -> bool {
        let groups = fs::read_to_string(folder(pid).join("cgroup")).unwrap_or_default();
        let is_of_unit = groups.lines().any(|line| line.ends_with(&self.unit));
        let owner = fs::metadata(folder(pid)).map(|metadata| metadata.uid());
        is_of_unit && owner.is_ok_and(|owner| owner == uid)
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        // Else it ends by its time limit.
        let _ = printed("systemctl", &["stop", &self.unit]);
    }
}

fn folder(pid: u32) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}"))
}
