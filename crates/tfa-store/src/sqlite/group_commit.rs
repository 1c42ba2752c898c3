//! Group commit: changes that are asked for at the same time share one transaction.
//!
//! A change is committed on the thread of a caller, so a login that is alone waits for no other thread.
//! That caller *leads*: it takes all that is queued, its own change first, and commits it. Callers that
//! come meanwhile queue. When the leader is done, the first of them leads, and so each leads once.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::{self, Thread};

use super::change::{Change, Outcome};
use crate::StoreError;

/// How many changes wait at most. A caller beyond that waits until there is room.
const MAX_QUEUED: usize = 1024;

/// How many changes share a transaction at most.
const MAX_BATCH: usize = 256;

/// What commits.
pub(super) trait Committer {
    /// Commits, and returns one outcome for each request, in their order.
    fn commit_batch(&mut self, batch: &[Arc<Request>]) -> Vec<Outcome>;
}

/// A change, and the caller that waits for its outcome.
pub(super) struct Request {
    pub(super) change: Change,
    caller: Thread,
    turn: Mutex<Turn>,
}

/// What the caller of a request has to do.
enum Turn {
    Wait,
    Lead,
    Return(Outcome),
}

/// Commits what callers ask for, in groups.
pub(super) struct GroupCommit<C> {
    queue: Mutex<Queue>,
    /// There is room in the queue.
    room: Condvar,
    /// All that was asked for before the end is done.
    done: Condvar,
    /// `None` after the end. A leader that panics leaves none either: what it had begun is unknown.
    committer: Mutex<Option<C>>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Arc<Request>>,
    /// How many callers wait for room.
    outside: usize,
    /// Whether a caller leads. If none does, the queue is empty.
    is_led: bool,
    is_closed: bool,
}

impl Queue {
    fn is_done(&self) -> bool {
        !self.is_led && self.waiting.is_empty() && self.outside == 0
    }
}

impl<C: Committer> GroupCommit<C> {
    pub(super) fn new(committer: C) -> Self {
        Self {
            queue: Mutex::default(),
            room: Condvar::new(),
            done: Condvar::new(),
            committer: Mutex::new(Some(committer)),
        }
    }

    /// Commits a change, alone or with others.
    pub(super) fn commit(&self, change: Change) -> Outcome {
        let request = Arc::new(Request {
            change,
            caller: thread::current(),
            turn: Mutex::new(Turn::Wait),
        });
        if !self.enqueue(&request)?
            && let Some(outcome) = request.wait()
        {
            return outcome;
        }
        self.lead();
        // The leader's own request was in its batch.
        request.wait().unwrap_or(Err(StoreError::Stopped))
    }

    /// What `read` returns for the committer. `None` while it is in use, and after the end. A leader
    /// waits for one read at most: while a caller leads, none begins.
    pub(super) fn read_if_idle<T>(&self, read: impl FnOnce(&C) -> T) -> Option<T> {
        if self.queue().is_led {
            return None;
        }
        let committer = match self.committer.try_lock() {
            Ok(committer) => committer,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        committer.as_ref().map(read)
    }

    /// Commits what was asked for, and then drops the committer. Refuses what is asked for later.
    pub(super) fn close(&self) {
        let mut queue = self.queue();
        queue.is_closed = true;
        while !queue.is_done() {
            queue = self
                .done
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
        drop(queue);
        drop(self.committer().take());
    }

    /// Queues a request. Returns whether its caller leads.
    fn enqueue(&self, request: &Arc<Request>) -> Result<bool, StoreError> {
        let mut queue = self.queue();
        if queue.is_closed {
            return Err(StoreError::Stopped);
        }
        while queue.waiting.len() >= MAX_QUEUED {
            queue.outside += 1;
            queue = self
                .room
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
            queue.outside -= 1;
        }
        queue.waiting.push_back(Arc::clone(request));
        Ok(!mem::replace(&mut queue.is_led, true))
    }

    /// Commits one batch, which begins with the request of this caller.
    fn lead(&self) {
        let mut lead = Lead {
            group: self,
            batch: Vec::new(),
        };
        // Requests that come while a read uses the committer are in the batch.
        let mut idle = self.committer();
        lead.batch = self.take_batch();
        let Some(mut committer) = idle.take() else {
            return;
        };
        let outcomes = committer.commit_batch(&lead.batch);
        *idle = Some(committer);
        drop(idle);
        lead.finish(outcomes);
    }

    fn take_batch(&self) -> Vec<Arc<Request>> {
        let mut queue = self.queue();
        let count = queue.waiting.len().min(MAX_BATCH);
        let batch = queue.waiting.drain(..count).collect();
        if queue.outside > 0 {
            self.room.notify_all();
        }
        batch
    }

    /// Lets the next caller lead, if there is one.
    fn pass_on(&self) {
        let mut queue = self.queue();
        if let Some(next) = queue.waiting.front().cloned() {
            drop(queue);
            next.tell(Turn::Lead);
            return;
        }
        queue.is_led = false;
        if queue.is_closed {
            self.done.notify_all();
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn committer(&self) -> MutexGuard<'_, Option<C>> {
        self.committer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Request {
    /// Waits for the outcome. `None` if the caller is to lead.
    fn wait(&self) -> Option<Outcome> {
        loop {
            // In a statement of its own: the lock is released before the caller waits.
            let turn = mem::replace(&mut *self.turn(), Turn::Wait);
            match turn {
                Turn::Wait => thread::park(),
                Turn::Lead => return None,
                Turn::Return(outcome) => return Some(outcome),
            }
        }
    }

    fn tell(&self, turn: Turn) {
        *self.turn() = turn;
        if self.caller.id() != thread::current().id() {
            self.caller.unpark();
        }
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The leader's duties: each request of its batch gets an outcome, and another caller leads after it.
/// They are done even if it panics.
struct Lead<'g, C: Committer> {
    group: &'g GroupCommit<C>,
    batch: Vec<Arc<Request>>,
}

impl<C: Committer> Lead<'_, C> {
    fn finish(mut self, outcomes: Vec<Outcome>) {
        let batch = mem::take(&mut self.batch);
        // First: the disk is idle until the next leader runs.
        drop(self);
        let outcomes = outcomes
            .into_iter()
            .map(Some)
            .chain(std::iter::repeat(None));
        for (request, outcome) in batch.iter().zip(outcomes) {
            request.tell(Turn::Return(outcome.unwrap_or(Err(StoreError::Stopped))));
        }
    }
}

impl<C: Committer> Drop for Lead<'_, C> {
    fn drop(&mut self) {
        self.group.pass_on();
        for request in self.batch.drain(..) {
            request.tell(Turn::Return(Err(StoreError::Stopped)));
        }
    }
}

#[cfg(test)]
mod tests;
