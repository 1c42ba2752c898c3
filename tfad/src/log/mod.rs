//! The daemon's log: what happened, as data, and the way to the log daemon.
//!
//! 1. `event` is what happened; `kind` gives each kind of event its name and message ID, `level` its
//!    level.
//! 2. `report` gives the level and the text of an error.
//! 3. `render` makes the line of an event, `fields` its journal fields, and `quoting` makes text of
//!    others harmless.
//! 4. `crate::quota` bounds the lines that one uid or member causes, `queue` holds them until a thread sends them, and
//!    `importance` says which of them are lost first while the log daemon hangs. `afterwards` has a thread
//!    send its own entries after its work.
//! 5. `sink` sends them: to journald with `journald`, else to `/dev/log` with `syslog`. In tests, `memory`
//!    keeps them.
//! 6. `rarely` keeps a line that would come again with each call to one in an interval.
//!
//! No secret, code or password is ever part of an event.

mod afterwards;
mod event;
mod fields;
mod host_event;
mod importance;
mod journald;
mod kind;
mod level;
mod memory;
mod queue;
mod quoting;
mod rarely;
mod render;
mod report;
mod sink;
mod syslog;

pub use event::{
    AccountEvent, DaemonEvent, Event, LoggedDevice, LoginEvent, RecordEvent, VerifiedBy,
};
pub use host_event::HostEvent;
pub use level::Level;
pub use memory::MemoryLog;
pub use quoting::quoted;
pub(crate) use rarely::Rarely;
pub use report::Report;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use tfa_proto::Context;

use crate::caller::Caller;
use crate::quota::{Quota, Share};
use afterwards::Work;
use importance::Importance;
use queue::Queue;
use sink::{Sink, Target};

/// The lines a minute of a uid other than root.
const MAX_LINES: u32 = 60;

/// The lines a minute of all users of a member of a fleet, root too.
const MAX_LINES_OF_MEMBER: u32 = 1200;

/// The log.
pub struct Journal {
    queue: Arc<Queue>,
    quota: Quota,
}

/// An event as it is sent.
#[derive(Debug, Clone)]
pub struct Entry {
    level: Level,
    importance: Importance,
    line: String,
    fields: Vec<(&'static str, String)>,
}

impl Journal {
    /// Opens the log. Without a log daemon, lines go to standard error.
    #[must_use]
    pub fn open() -> Self {
        Self::through(Sink::connect())
    }

    /// A log that sends its entries to a target in memory: tests leave the log daemon of the host alone.
    #[must_use]
    pub fn in_memory(target: MemoryLog) -> Self {
        let connect = move || Target::Memory(target.clone());
        Self::through(Sink::new(Box::new(connect)))
    }

    fn through(sink: Sink) -> Self {
        Self {
            queue: Queue::start(sink),
            quota: Quota::new(MAX_LINES, MAX_LINES_OF_MEMBER),
        }
    }

    /// Logs an event. It is sent a moment later, without a wait here.
    pub fn log(&self, event: &Event<'_>) {
        let share = match event.charged_uid() {
            Some(uid) => self.quota.take(event.member(), uid, Instant::now()),
            None => Share::Within,
        };
        match share {
            Share::Within => self.queue.push(event.entry()),
            Share::FirstOver(spender) => {
                let over = Event::Daemon(DaemonEvent::QuotaReached(&spender));
                self.queue.push(over.entry());
            }
            Share::Over => {}
        }
    }

    /// Does work such as a reply, and then sends its entries from this thread. A log daemon that takes
    /// nothing now does not delay it: the thread of the log sends them.
    pub fn after<T>(&self, work: impl FnOnce() -> T) -> T {
        let _work = Work::begin(&self.queue);
        work()
    }

    /// Logs an event of a login.
    pub fn log_login(&self, caller: &Caller, user: &str, context: &Context, event: LoginEvent<'_>) {
        self.log(&Event::Login {
            caller,
            user,
            context,
            event,
        });
    }

    /// Logs an event of a call about an account.
    pub fn log_account(&self, caller: &Caller, user: &str, event: AccountEvent<'_>) {
        self.log(&Event::Account {
            uid: caller.uid,
            host: caller.host.as_ref(),
            user,
            event,
        });
    }

    /// Logs an event of a record.
    pub fn log_record(&self, user: &str, event: RecordEvent<'_>) {
        self.log(&Event::Record { user, event });
    }

    /// Logs an event of a host of the fleet.
    pub fn log_host(&self, host: &str, event: HostEvent<'_>) {
        self.log(&Event::Host { host, event });
    }

    /// Logs an event of the daemon.
    pub fn log_daemon(&self, event: DaemonEvent<'_>) {
        self.log(&Event::Daemon(event));
    }

    /// Logs an error that an administrator should act on, and returns it.
    pub fn report<E: Report>(&self, caller: &Caller, user: &str, error: E) -> E {
        if let Some(level) = error.level() {
            let text = &error.text();
            self.log_account(caller, user, AccountEvent::Refused { level, text });
        }
        error
    }

    /// Sends the lines that were not sent yet, and returns after that, or once the log daemon takes
    /// nothing.
    pub fn flush(&self) {
        self.queue.flush();
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Journal")
    }
}

impl Entry {
    /// The line.
    #[must_use]
    pub fn line(&self) -> &str {
        &self.line
    }

    /// The value of a journal field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        let field = fields.find(|(key, _)| *key == name);
        field.map(|(_, value)| value.as_str())
    }

    /// The size in memory.
    fn bytes(&self) -> usize {
        let fields = self.fields.iter();
        let values: usize = fields.map(|(_, value)| value.len()).sum();
        size_of::<Self>() + self.line.len() + size_of_val(self.fields.as_slice()) + values
    }
}

impl Event<'_> {
    fn entry(&self) -> Entry {
        Entry {
            level: self.level(),
            importance: self.importance(),
            line: self.line(),
            fields: self.fields(),
        }
    }
}
