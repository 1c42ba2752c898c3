//! Reading one record or many.

use std::collections::BTreeMap;

use super::kv::{Entry, Kv, KvError, Range, RangeReply};
use super::layout::escaped;
use super::store::{EtcdStore, MAX_ROUNDS, bad_reply, contended};
use super::value::{Slot, slot};
use crate::{ByUid, Page, Record, Revision, StoreError, limits};

/// How many entries one call reads at first. A quarter is read where their length is too much.
pub(super) const CHUNK: usize = 256;

/// How many chunks without a name are passed over for one page.
const MAX_CHUNKS_WITHOUT_NAME: usize = 64;

impl<K: Kv> EtcdStore<K> {
    pub(super) fn load_record(&self, user: &str) -> Result<Option<(Record, Revision)>, StoreError> {
        limits::check_user(user)?;
        let [entry] = self.get([self.layout.account(user)])?;
        record_of(user, entry.as_ref())
    }

    pub(super) fn find_record(&self, uid: u32) -> Result<ByUid, StoreError> {
        let owner = self.layout.owner(uid);
        let [mut named] = self.get([owner.clone()])?;
        for _ in 0..MAX_ROUNDS {
            let Some(name) = named.take() else {
                return Ok(ByUid::None);
            };
            let user = String::from_utf8_lossy(&name.value).into_owned();
            let [still, entry] = self.get([owner.clone(), self.layout.account(&user)])?;
            if still.as_ref().map(|still| still.revision) != Some(name.revision) {
                named = still;
                continue;
            }
            return match slot(&user, entry.as_ref())? {
                Slot::Taken(stored) if stored.uid == uid => {
                    Ok(ByUid::Found(user, stored.record(), stored.revision))
                }
                Slot::Taken(_) | Slot::Free => Err(StoreError::RecordDamaged {
                    user,
                    why: format!(
                        "the index of uids names it for uid {uid}, which it does not have"
                    ),
                }),
            };
        }
        Err(contended(&format!("uid {uid}")))
    }

    pub(super) fn page_of_records(&self, after: &str, limit: usize) -> Result<Page, StoreError> {
        let limit = limit.clamp(1, CHUNK);
        let range = self.layout.accounts_after(after, limit);
        let (entries, more) = self.named(range, &self.layout.account(""))?;
        let load = |user: &str| record_of(user, entries.get(user));
        Ok(Page::of_names(entries.keys().cloned(), more, load))
    }

    /// Names with what is stored under them, those after `after`.
    pub(super) fn page_of_accounts(&self, after: &str) -> Result<RangeReply, StoreError> {
        self.chunk(CHUNK, |limit| self.layout.accounts_after(after, limit))
    }

    /// Whether there is anything under the name of a user.
    pub(super) fn has_accounts(&self) -> Result<bool, StoreError> {
        let first = self.chunk(1, |limit| self.layout.accounts_after("", limit))?;
        Ok(!first.entries.is_empty())
    }

    /// The keys of all uids whose record the index says is under this name.
    pub(super) fn owners_named(&self, user: &str) -> Result<Vec<Vec<u8>>, StoreError> {
        let (mut named, mut after) = (Vec::new(), None);
        loop {
            let RangeReply { entries, more } = self.chunk(CHUNK, |limit| {
                self.layout.owners_after(after.clone(), limit)
            })?;
            let Some(last) = entries.last() else { break };
            after = Some(last.key.clone());
            let of_user = entries.into_iter().filter(|it| it.value == user.as_bytes());
            named.extend(of_user.map(|entry| entry.key));
            if !more {
                break;
            }
        }
        Ok(named)
    }

    /// The first entries of a range whose keys are names after this folder, and whether the range has further
    /// ones after the last of them. A key that is not text is left out: no store has put it, and no call can name
    /// it. So it stops no list.
    pub(super) fn named(
        &self,
        mut range: Range,
        folder: &[u8],
    ) -> Result<(BTreeMap<String, Entry>, bool), StoreError> {
        let wanted = range.limit;
        for _ in 0..MAX_CHUNKS_WITHOUT_NAME {
            let RangeReply { entries, mut more } = self.chunk(range.limit, |limit| Range {
                limit,
                ..range.clone()
            })?;
            let mut named = BTreeMap::new();
            for entry in entries {
                range.from.clone_from(&entry.key);
                let name = entry.key.strip_prefix(folder);
                match name.and_then(|name| str::from_utf8(name).ok()) {
                    Some(_) if named.len() == wanted => {
                        more = true;
                        break;
                    }
                    Some(name) => drop(named.insert(name.to_owned(), entry)),
                    None => self.kv.left_out(&escaped(&entry.key)),
                }
            }
            // The next page begins after a name.
            if !more || !named.is_empty() {
                return Ok((named, more));
            }
            range.from.push(0);
            range.limit = CHUNK;
        }
        Err(StoreError::Unavailable {
            why: format!(
                "etcd has thousands of keys that are not text, one after the other, up to {}. Delete them, and \
                 look who can write to etcd",
                escaped(&range.from)
            ),
        })
    }

    /// The first entries of a range: at most `limit`, or as many as one reply can have.
    pub(super) fn chunk(
        &self,
        mut limit: usize,
        range: impl Fn(usize) -> Range,
    ) -> Result<RangeReply, StoreError> {
        // No entries of an etcd that has lost the store are not "no entries".
        self.get([])?;
        loop {
            let asked = range(limit);
            let read = self.read(|kv| match kv.range(&asked) {
                Err(KvError::TooLarge) if limit > 1 => Ok(None),
                read => read.map(Some),
            });
            match read? {
                Some(reply) if reply.answers(&asked) => return Ok(reply),
                Some(_) => return Err(bad_reply()),
                None => limit = limit.div_ceil(4),
            }
        }
    }
}

pub(super) fn record_of(
    user: &str,
    entry: Option<&Entry>,
) -> Result<Option<(Record, Revision)>, StoreError> {
    Ok(match slot(user, entry)? {
        Slot::Free => None,
        Slot::Taken(stored) => Some((stored.record(), stored.revision)),
    })
}
