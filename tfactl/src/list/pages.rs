//! The pages of a list in order, two of them under way: the daemon makes one while another is on its way.
//!
//! The names of the records tell beforehand where a page begins whose predecessor is still being made.

use std::collections::VecDeque;

use tfa_client::Failure;
use tfa_proto::{ListFilter, Status};

use crate::daemon::{Call, Daemon, Page};

/// How many pages are under way.
const UNDER_WAY: usize = 2;
/// The records of a page that is begun beforehand: the daemon has no larger one.
const RECORDS: usize = 1000;

/// The records behind a name.
struct Stretch {
    after: String,
    to: End,
}

/// Where a stretch ends.
enum End {
    /// With this name.
    Name(String),
    /// With the list. Its names are not known yet.
    Unknown,
    /// With the list, which has no more records than a page, unless some are new.
    List,
}

/// The pages behind the first one.
pub(super) struct Pages {
    filter: ListFilter,
    under_way: VecDeque<(Call<Page>, End)>,
    /// What is not called for yet.
    ahead: VecDeque<Stretch>,
}

impl Pages {
    /// The pages behind a name.
    pub(super) fn after(filter: ListFilter, after: String) -> Self {
        Self {
            filter,
            under_way: VecDeque::new(),
            ahead: VecDeque::from([Stretch {
                after,
                to: End::Unknown,
            }]),
        }
    }

    /// Calls for pages until enough are under way.
    pub(super) async fn begin(&mut self, daemon: &mut Daemon) -> Result<(), Failure> {
        while self.under_way.len() < UNDER_WAY
            && let Some(stretch) = self.ahead.pop_front()
        {
            if let End::Unknown = stretch.to {
                self.divide(daemon, stretch.after).await?;
                continue;
            }
            let call = daemon.begin_list(self.filter, &stretch.after).await;
            self.under_way.push_back((call, stretch.to));
        }
        Ok(())
    }

    /// The next page, and the number of the records that the filter left out; `None` at the end.
    pub(super) async fn next(
        &mut self,
        daemon: &mut Daemon,
    ) -> Result<Option<(Vec<Status>, usize)>, Failure> {
        self.begin(daemon).await?;
        let Some((call, to)) = self.under_way.pop_front() else {
            return Ok(None);
        };
        let (mut accounts, next, read) = daemon.end_list(call).await?;
        let left_out = left_out(&accounts, read);
        match to {
            // A page ends early if a look-up takes long.
            End::Name(name) if !next.is_empty() && next < name => {
                let call = daemon.begin_list(self.filter, &next).await;
                self.under_way.push_front((call, End::Name(name)));
            }
            // It goes on behind the name if records were removed.
            End::Name(name) => accounts.retain(|status| record_of(status) <= name.as_str()),
            End::List | End::Unknown if next.is_empty() => {}
            End::List | End::Unknown => self.ahead.push_back(Stretch {
                after: next,
                to: End::Unknown,
            }),
        }
        Ok(Some((accounts, left_out)))
    }

    /// Puts the stretches of the rest of the list ahead.
    async fn divide(&mut self, daemon: &mut Daemon, mut after: String) -> Result<(), Failure> {
        let (names, more_follow) = daemon.record_names_after(&after).await?;
        let mut pages = names.chunks(RECORDS).peekable();
        while let Some(last) = pages.next().and_then(<[String]>::last) {
            let to = match more_follow || pages.peek().is_some() {
                true => End::Name(last.clone()),
                false => End::List,
            };
            self.ahead.push_back(Stretch { after, to });
            after = last.clone();
        }
        let to = match (names.is_empty(), more_follow) {
            (true, _) => End::List,
            (false, true) => End::Unknown,
            (false, false) => return Ok(()),
        };
        self.ahead.push_back(Stretch { after, to });
        Ok(())
    }
}

/// How many of the records that were read the filter left out.
pub(super) fn left_out(accounts: &[Status], read: u32) -> usize {
    usize::try_from(read)
        .unwrap_or_default()
        .saturating_sub(accounts.len())
}

/// The name under which a record is stored.
pub(super) fn record_of(status: &Status) -> &str {
    status.record.as_ref().unwrap_or(&status.user)
}
