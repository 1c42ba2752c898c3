//! Work whose entries are sent after it, by its own thread.
//!
//! Without it each entry wakes the thread of the queue, which competes for the processor with the program
//! that waits for the reply.

use std::cell::Cell;

use super::queue::Queue;

thread_local! {
    /// This thread sends what it logs, once its work is done.
    static SENDS: Cell<bool> = const { Cell::new(false) };
}

/// Work under way. Its end, also by a panic, sends the entries.
pub(super) struct Work<'queue>(&'queue Queue);

impl<'queue> Work<'queue> {
    pub(super) fn begin(queue: &'queue Queue) -> Self {
        SENDS.set(true);
        Self(queue)
    }
}

impl Drop for Work<'_> {
    fn drop(&mut self) {
        SENDS.set(false);
        self.0.send_at_once();
    }
}

/// Whether this thread sends its entries later.
pub(super) fn sends() -> bool {
    SENDS.get()
}
