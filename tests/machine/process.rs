//! Child processes of the test. They never outlive it, and each wait has a deadline.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{Sender, channel};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::failure::OrFail;

type Order = (Command, Sender<io::Result<Child>>);

/// The thread that starts processes which must end with the test run. A parent-death signal is sent
/// when the starting *thread* ends, and the thread of a test ends long before the run.
static STARTER: LazyLock<Mutex<Sender<Order>>> = LazyLock::new(|| {
    let (orders, inbox) = channel::<Order>();
    thread::spawn(move || {
        for (mut command, reply) in inbox {
            let _ = reply.send(command.spawn());
        }
    });
    Mutex::new(orders)
});

/// Starts a command of the form `setpriv --pdeathsig …`, which gets the signal when the test run
/// ends.
pub(crate) fn start_bound(command: Command) -> io::Result<Child> {
    let (reply, answer) = channel();
    STARTER
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .send((command, reply))
        .map_err(io::Error::other)?;
    answer.recv().map_err(io::Error::other)?
}

/// Waits for the child to end, at most until `deadline`.
pub(crate) fn wait_until(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait().or_fail("wait for a child process") {
            return Some(status);
        }
        let left = deadline.checked_duration_since(Instant::now())?;
        let ended = pidfd(child);
        wait_readable(&[ended.as_fd()], left);
    }
}

/// A descriptor that becomes readable when the child ends.
pub(crate) fn pidfd(child: &Child) -> OwnedFd {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    pidfd_open(pid.or_fail("read a child's pid"), PidfdFlags::empty())
        .or_fail("open a child's pidfd")
}

/// Waits until one of the descriptors is readable or closed. Returns which ones; all are `false`
/// after `timeout`.
pub(crate) fn wait_readable(descriptors: &[impl AsFd], timeout: Duration) -> Vec<bool> {
    let deadline = Instant::now() + timeout;
    loop {
        let mut wanted: Vec<PollFd<'_>> = descriptors
            .iter()
            .map(|descriptor| PollFd::new(descriptor, PollFlags::IN))
            .collect();
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).or_fail("express a timeout");
        match poll(&mut wanted, Some(&left)) {
            Ok(_) => return wanted.iter().map(|fd| !fd.revents().is_empty()).collect(),
            Err(rustix::io::Errno::INTR) => {}
            Err(reason) => panic!("cannot wait for descriptors: {reason}"),
        }
    }
}
