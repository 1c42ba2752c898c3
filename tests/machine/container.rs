//! One boot of a root file system with `systemd-nspawn`, from power-on to power-off.

use std::env;
use std::fs;
use std::os::fd::AsFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::cgroup;
use crate::command::{Command as Inside, Leader};
use crate::failure::OrFail;
use crate::process::{pidfd, start_bound, wait_readable, wait_until};
use crate::terminal::{Pty, Terminal};

/// The time limit of booting and of shutting down. Each takes about a second.
const TIMEOUT: Duration = Duration::from_secs(90);

/// A writable root over read-only layers. It is mounted in the mount namespace of the machine, and
/// so ends with the machine.
pub(crate) struct Overlay {
    folder: PathBuf,
    layers: Vec<PathBuf>,
}

impl Overlay {
    /// Creates an overlay that stores changes in `folder`. The topmost of `layers` is the first.
    pub(crate) fn new(folder: &Path, layers: &[&Path]) -> Self {
        for part in ["upper", "work", "root"] {
            fs::create_dir_all(folder.join(part)).or_fail("make a machine's folder");
        }
        Self {
            folder: folder.to_owned(),
            layers: layers.iter().map(|layer| layer.to_path_buf()).collect(),
        }
    }

    /// Writes the script that boots the root. It is stored in the folder, so that a kept machine
    /// can be booted by hand.
    fn write_boot_script(&self, name: &str) -> PathBuf {
        let layers: Vec<_> = self
            .layers
            .iter()
            .map(|layer| layer.display().to_string())
            .collect();
        let groups: Vec<_> = cgroup::groups_for(name)
            .iter()
            .map(|group| group.display().to_string())
            .collect();
        let unit = if cgroup::host_runs_systemd() {
            ""
        } else {
            "--keep-unit"
        };
        let script = format!(
            "#!/bin/sh\n\
             # Boots this machine, its console on the terminal.\n\
             set -e\n\
             # nspawn ends its machine when told to terminate, but leaves it running when a\n\
             # hang-up ends nspawn itself.\n\
             trap '' HUP\n\
             cd \"$(dirname \"$0\")\"\n\
             for group in {groups}; do\n\
             \x20   mkdir -p \"$group\"\n\
             \x20   echo $$ >\"$group/cgroup.procs\"\n\
             done\n\
             exec unshare --mount sh -c '\n\
             \x20   mount -t overlay overlay -o lowerdir={layers},upperdir=upper,workdir=work root\n\
             \x20   exec systemd-nspawn --quiet --boot --directory=root --machine={name} \\\n\
             \x20       --register=no {unit} --private-network --link-journal=no \\\n\
             \x20       {lock} --resolv-conf=off --timezone=off --console=interactive --notify-ready=yes'\n",
            groups = groups.join(" "),
            lock = if may_raise_limits() {
                "--capability=CAP_IPC_LOCK"
            } else {
                ""
            },
            layers = layers.join(":"),
        );
        let path = self.folder.join("boot");
        fs::write(&path, script).or_fail("write a machine's boot script");
        path
    }
}

pub(crate) struct Container {
    overlay: Overlay,
    name: String,
    nspawn: Child,
    leader: Leader,
    console: Terminal,
}

impl Container {
    /// Boots the machine, and waits until it reports that it is ready.
    pub(crate) fn boot(overlay: Overlay) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = cgroup::name_of(COUNT.fetch_add(1, Ordering::Relaxed));

        let address = SocketAddr::from_abstract_name(&name).or_fail("name a socket");
        let notices = UnixDatagram::bind_addr(&address).or_fail("bind the notification socket");

        let pty = Pty::of_host();
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "TERM", "setsid", "--ctty", "sh"])
            .arg(overlay.write_boot_script(&name))
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("TERM", "xterm-256color")
            .env("NOTIFY_SOCKET", format!("@{name}"))
            .stdin(Stdio::from(pty.slave()))
            .stdout(Stdio::from(pty.slave()))
            .stderr(Stdio::from(pty.slave()));
        let nspawn = start_bound(command).or_fail("run setpriv (tests/prerequisites installs it)");
        let console = Terminal::on(pty, "the console", None);
        let leader = wait_until_up(&notices, &nspawn, &console);
        Self {
            overlay,
            name,
            nspawn,
            leader,
            console,
        }
    }

    /// The process through which commands enter.
    pub(crate) fn leader(&self) -> &Leader {
        &self.leader
    }

    /// The terminal of the console.
    pub(crate) fn console(&self) -> &Terminal {
        &self.console
    }

    /// Shuts the machine down, and returns its root.
    pub(crate) fn power_off(mut self) -> Overlay {
        Inside::new(&self.leader, &["systemctl", "poweroff"]).run();
        if wait_until(&mut self.nspawn, Instant::now() + TIMEOUT).is_none() {
            panic!(
                "the machine did not power off\n{}",
                self.console.description()
            );
        }
        self.take_overlay()
    }

    /// Kills all processes at once, like a power failure, and returns the root.
    pub(crate) fn power_cut(mut self) -> Overlay {
        self.kill();
        self.take_overlay()
    }

    fn take_overlay(mut self) -> Overlay {
        let taken = Overlay {
            folder: PathBuf::new(),
            layers: Vec::new(),
        };
        std::mem::replace(&mut self.overlay, taken)
    }

    fn kill(&mut self) {
        // When the first process of a pid namespace ends, the kernel kills all others, and nspawn
        // ends.
        kill(self.leader.pid());
        if wait_until(&mut self.nspawn, Instant::now() + Duration::from_secs(10)).is_none() {
            let _ = self.nspawn.kill();
            let _ = self.nspawn.wait();
        }
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        self.kill();
        for group in cgroup::groups_for(&self.name) {
            cgroup::remove(&group);
        }
    }
}

/// Whether this host permits a machine to raise its resource limits. If so, services get the locked
/// memory that their units request, as on a real machine. If not, locking is forbidden: with a
/// small limit a service would run out of memory.
fn may_raise_limits() -> bool {
    const CAP_SYS_RESOURCE: u32 = 24;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask >> CAP_SYS_RESOURCE & 1 == 1)
}

fn kill(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// Reads the notifications of nspawn: the pid of the machine's first process, then readiness.
fn wait_until_up(notices: &UnixDatagram, nspawn: &Child, console: &Terminal) -> Leader {
    let deadline = Instant::now() + TIMEOUT;
    let ended = pidfd(nspawn);
    let mut leader = None;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let ready = wait_readable(&[notices.as_fd(), ended.as_fd()], left);
        if ready == [false, true] {
            panic!(
                "the machine ended during the boot\n{}",
                console.description()
            );
        }
        if ready == [false, false] {
            kill(leader.unwrap_or(nspawn.id()));
            panic!(
                "the machine did not become ready\n{}",
                console.description()
            );
        }
        let mut buffer = [0; 4096];
        let length = notices.recv(&mut buffer).or_fail("read a notification");
        let text = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default());
        for line in text.lines() {
            if let Some(pid) = line.strip_prefix("X_NSPAWN_LEADER_PID=") {
                leader = pid.parse().ok();
            }
            if line == "READY=1" {
                let pid = leader.or_fail("learn the machine's first process");
                return Leader::new(pid);
            }
        }
    }
}
