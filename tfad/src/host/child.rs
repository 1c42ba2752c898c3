//! A process of the daemon's own that does one thing.

use std::process::Child;
use std::thread;

/// A process that is ended on drop. A thread waits for its end, because a process that waits for a
/// device or a network file system does not end at once.
pub(crate) struct ChildProcess(Option<Child>);

impl ChildProcess {
    pub(crate) const fn new(child: Child) -> Self {
        Self(Some(child))
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let reaper = thread::Builder::new().name("reaper".to_owned());
            // Without a thread, the ended process stays in the table of processes until the daemon ends.
            let _ = reaper.spawn(move || child.wait());
        }
    }
}
