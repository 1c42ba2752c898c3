//! What this verifier has seen of removed hosts, on its own disk. The store says it too, but who can write to etcd
//! puts an older document of a host back, or takes it away: `docs/adr/0103-a-verifier-remembers-removals.md`.
//!
//! The file has a line for each host, with the second of its removal, and one if the fleet has an authority. After an
//! empty line it has the id of the store (the contents of `etcd.id`). In another store it begins anew, and a database
//! needs none: only root writes there.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tfa_core::{HostName, Time};
use tfa_store::{StateDir, StateFile, StoreError};

/// The name of the file in the state directory.
pub const REMOVALS_FILE: &str = "hosts.removed";
/// The file of the store that has its id, where the accounts are in etcd.
const STORE_ID_FILE: &str = "etcd.id";
/// The line of a fleet with an authority.
const AUTHORITY: &str = "authority";
/// How many removals are kept, the latest ones.
const MAX_REMOVALS: usize = 4096;

/// Why it is not known what was removed.
#[derive(Debug)]
pub(super) enum Unknown {
    /// The file cannot be read or written.
    File(StoreError),
    /// It has other contents.
    Damaged,
}

/// The removals that were seen.
#[derive(Default)]
pub struct Removals {
    /// `None` keeps nothing.
    files: Option<Files>,
    seen: Mutex<Option<Seen>>,
}

struct Files {
    removals: StateFile,
    store_id: StateFile,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    /// The id of the store. Without one nothing is kept.
    store_id: Option<Vec<u8>>,
    has_authority: bool,
    removed: BTreeMap<HostName, Time>,
    /// Whether the file lacks some of it.
    is_behind: bool,
}

impl fmt::Debug for Removals {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Removals")
    }
}

impl Removals {
    /// Those in the file of this state directory.
    #[must_use]
    pub fn kept_in(state_dir: &StateDir) -> Self {
        Self {
            files: Some(Files {
                removals: StateFile::new(state_dir, REMOVALS_FILE),
                store_id: StateFile::new(state_dir, STORE_ID_FILE),
            }),
            seen: Mutex::default(),
        }
    }

    /// When a host was removed last. The store was opened before.
    pub(super) fn last(&self, host: &HostName) -> Result<Option<Time>, Unknown> {
        self.with(|seen| seen.removed.get(host).copied())
    }

    /// Whether the fleet has had an authority.
    pub(super) fn has_authority(&self) -> Result<bool, Unknown> {
        self.with(|seen| seen.has_authority)
    }

    /// Notes what the store says. It is on disk when this returns `Ok`, and holds until the end of the daemon otherwise.
    pub(super) fn note<'a>(
        &self,
        removed: impl IntoIterator<Item = (&'a HostName, Time)>,
        has_authority: bool,
    ) -> Result<(), Unknown> {
        let mut guard = self.seen();
        let (Some(files), Some(seen)) = (&self.files, self.loaded(&mut guard)?) else {
            return Ok(());
        };
        if has_authority && !seen.has_authority {
            (seen.has_authority, seen.is_behind) = (true, true);
        }
        for (host, at) in removed {
            if seen.removed.get(host).is_none_or(|last| *last < at) {
                seen.removed.insert(host.clone(), at);
                seen.is_behind = true;
            }
        }
        seen.forget_the_first();
        if seen.is_behind {
            files.removals.replace(&seen.contents())?;
            seen.is_behind = false;
        }
        Ok(())
    }

    fn with<T: Default>(&self, read: impl FnOnce(&Seen) -> T) -> Result<T, Unknown> {
        let mut guard = self.seen();
        Ok(self
            .loaded(&mut guard)?
            .map(|seen| read(seen))
            .unwrap_or_default())
    }

    /// What was seen in this store, where something is kept.
    fn loaded<'a>(&self, seen: &'a mut Option<Seen>) -> Result<Option<&'a mut Seen>, Unknown> {
        if seen.is_none() {
            *seen = Some(self.load()?);
        }
        Ok(seen.as_mut().filter(|seen| seen.store_id.is_some()))
    }

    fn load(&self) -> Result<Seen, Unknown> {
        let Some(files) = &self.files else {
            return Ok(Seen::default());
        };
        let Some(store_id) = files.store_id.read()? else {
            return Ok(Seen::default());
        };
        let kept = match files.removals.read()? {
            Some(contents) => Seen::read(&contents).ok_or(Unknown::Damaged)?,
            None => Seen::default(),
        };
        match kept.store_id.as_ref() == Some(&store_id) {
            true => Ok(kept),
            false => Ok(Seen {
                store_id: Some(store_id),
                ..Seen::default()
            }),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Option<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn read(contents: &[u8]) -> Option<Self> {
        let end = contents.windows(2).position(|two| two == b"\n\n")?;
        let (lines, rest) = contents.split_at_checked(end)?;
        let mut seen = Self {
            store_id: Some(rest.get(2..)?.to_vec()),
            ..Self::default()
        };
        for line in str::from_utf8(lines).ok()?.lines() {
            if line == AUTHORITY {
                seen.has_authority = true;
                continue;
            }
            let (at, host) = line.split_once(' ')?;
            let at = Time::from_secs(at.parse().ok()?);
            seen.removed.insert(HostName::new(host).ok()?, at);
        }
        Some(seen)
    }

    fn contents(&self) -> Vec<u8> {
        let mut lines = String::new();
        if self.has_authority {
            lines.push_str(AUTHORITY);
            lines.push('\n');
        }
        for (host, at) in &self.removed {
            let _ = writeln!(lines, "{} {host}", at.as_secs());
        }
        let mut contents = lines.into_bytes();
        contents.push(b'\n');
        contents.extend(self.store_id.iter().flatten());
        contents
    }

    fn forget_the_first(&mut self) {
        while self.removed.len() > MAX_REMOVALS {
            let first = self.removed.iter().min_by_key(|(_, at)| **at);
            let Some(first) = first.map(|(host, _)| host.clone()) else {
                return;
            };
            self.removed.remove(&first);
        }
    }
}

impl From<StoreError> for Unknown {
    fn from(error: StoreError) -> Self {
        Self::File(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(host: &str) -> HostName {
        HostName::new(host).unwrap()
    }

    #[test]
    fn contents_are_read_back_and_no_part_of_them_is_taken_for_the_whole() {
        let mut seen = Seen {
            store_id: Some(b"id\n".to_vec()),
            has_authority: true,
            ..Seen::default()
        };
        for (number, host) in ["web1.example", "web2.example"].iter().enumerate() {
            let at = Time::from_secs(1_700_000_000 + number as u64);
            seen.removed.insert(name(host), at);
        }
        let contents = seen.contents();
        assert_eq!(Seen::read(&contents).as_ref(), Some(&seen));
        for end in 0..contents.len() {
            assert_ne!(Seen::read(&contents[..end]).as_ref(), Some(&seen), "{end}");
        }
        assert_eq!(Seen::read(b"soon web1.example\n\nid"), None);
    }

    #[test]
    fn latest_removals_are_kept() {
        let mut seen = Seen::default();
        for number in 0..=MAX_REMOVALS {
            let at = Time::from_secs(number as u64);
            seen.removed.insert(name(&format!("web{number}")), at);
        }
        seen.forget_the_first();
        assert_eq!(seen.removed.len(), MAX_REMOVALS);
        assert!(!seen.removed.contains_key(&name("web0")));
    }
}
