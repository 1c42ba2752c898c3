//! Replies to the read of a range that etcd does not give: a program in between makes them.

use tfa_store::etcd::{Entry, EtcdStore, Kv, KvError, Range, RangeReply, Txn, TxnReply};
use tfa_store::{DocumentKind, Documents as _, Store as _, StoreError};
use tfa_testkit::MemoryKv;

/// Changes each reply to the read of a range.
struct Between<F> {
    etcd: MemoryKv,
    change: F,
}

impl<F: Fn(&mut RangeReply) + Send + Sync> Kv for Between<F> {
    fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Entry>>, KvError> {
        self.etcd.get(keys)
    }

    fn range(&self, range: &Range) -> Result<RangeReply, KvError> {
        let mut reply = self.etcd.range(range)?;
        (self.change)(&mut reply);
        Ok(reply)
    }

    fn txn(&self, txn: &Txn) -> Result<TxnReply, KvError> {
        self.etcd.txn(txn)
    }

    fn pause(&self, tries: u32) -> bool {
        self.etcd.pause(tries)
    }

    fn left_out(&self, key: &str) {
        self.etcd.left_out(key);
    }
}

fn is_refused(change: impl Fn(&mut RangeReply) + Send + Sync) -> bool {
    let etcd = MemoryKv::default();
    for key in ["d/host/web1", "d/host/web2", "a/lea", "a/max"] {
        etcd.put(format!("/tfa/{key}"), b"\x02sixteen bytes id.value");
    }
    let store = EtcdStore::new(Between { etcd, change }, "/tfa/");
    let documents = store.documents(DocumentKind::Host, Some("web0"), 9);
    let records = store.list("karl", 9);
    let refused = [documents, records].map(|page| {
        matches!(page, Err(StoreError::Unavailable { why }) if why.contains("was not asked"))
    });
    assert_eq!(refused[0], refused[1]);
    refused[0]
}

fn entry(key: &str) -> Entry {
    Entry {
        key: key.as_bytes().to_vec(),
        value: b"value".to_vec(),
        revision: 1,
    }
}

#[test]
fn reply_whose_keys_do_not_go_on_from_those_asked_for_is_refused() {
    assert!(!is_refused(|_| {}));
    assert!(!is_refused(|reply| reply.more = true));
    // An entry that was read before, one of another folder, one twice, another order.
    assert!(is_refused(|reply| {
        reply.entries = vec![entry("/tfa/a/ada"), entry("/tfa/d/host/web0")];
        reply.more = true;
    }));
    assert!(is_refused(|reply| reply.entries.push(entry("/tfa/u/1"))));
    assert!(is_refused(|reply| reply
        .entries
        .insert(0, reply.entries[0].clone())));
    assert!(is_refused(|reply| reply.entries.reverse()));
    // Nothing, and further ones.
    assert!(is_refused(|reply| {
        reply.entries.clear();
        reply.more = true;
    }));
    // More than were asked for.
    assert!(is_refused(|reply| {
        let first = String::from_utf8(reply.entries[0].key.clone()).unwrap();
        reply.entries = (1000..2000)
            .map(|n| entry(&format!("{first}{n}")))
            .collect();
    }));
}
