//! Calls of tfad as messages of etcd, and back. The prefix is put in front of each key, and taken off.

use tfa_fleet_wire::limits::MAX_ITEMS;
use tfa_fleet_wire::{Key, KvCall, KvCompare, KvEntry, KvReply, KvWrite};

use tokio::time::Instant;
use tonic::metadata::MetadataValue;

use super::generated::compare::{CompareResult, CompareTarget, TargetUnion};
use super::generated::request_op::Request;
use super::generated::response_op::Response;
use super::generated::{
    Compare, DeleteRangeRequest, KeyValue, PutRequest, RangeRequest, RangeResponse, RequestOp,
    ResponseOp, TxnRequest, TxnResponse,
};

/// A request of etcd.
pub(super) enum Message {
    Range(RangeRequest),
    Txn(TxnRequest),
}

/// The keys under a prefix.
#[derive(Debug)]
pub(super) struct Keys {
    prefix: Vec<u8>,
}

impl Keys {
    pub(super) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.into(),
        }
    }

    /// A key that every program with this prefix may read.
    pub(super) fn probe(&self) -> Vec<u8> {
        [&self.prefix[..], b"meta"].concat()
    }

    pub(super) fn message(&self, call: &KvCall) -> Message {
        match call {
            KvCall::Get { keys } => Message::Txn(TxnRequest {
                compare: Vec::new(),
                success: self.reads(keys),
                failure: Vec::new(),
            }),
            KvCall::Range { from, to, limit } => Message::Range(RangeRequest {
                key: self.whole(from),
                range_end: self.whole(to),
                // 0 would be all of them.
                limit: i64::from(*limit).clamp(1, MAX_ITEMS as i64),
            }),
            KvCall::Txn {
                compares,
                then,
                otherwise,
            } => Message::Txn(TxnRequest {
                compare: compares.iter().map(|it| self.compare(it)).collect(),
                success: then.iter().map(|write| self.write(write)).collect(),
                failure: self.reads(otherwise),
            }),
        }
    }

    /// The reply to a transaction. `None` if it does not fit the call.
    pub(super) fn reply(&self, call: &KvCall, reply: TxnResponse) -> Option<KvReply> {
        match call {
            KvCall::Get { keys } => self.values(keys, reply.responses).map(KvReply::Values),
            KvCall::Txn { .. } if reply.succeeded => {
                let revision = reply.header?.revision;
                (revision > 0).then_some(KvReply::Applied(revision))
            }
            KvCall::Txn { otherwise, .. } => self
                .values(otherwise, reply.responses)
                .map(KvReply::Differs),
            KvCall::Range { .. } => None,
        }
    }

    /// The reply to a range. `None` if it has what was not asked for.
    pub(super) fn entries(&self, reply: RangeResponse) -> Option<KvReply> {
        let entries = reply.kvs.into_iter().map(|found| self.entry(found));
        Some(KvReply::Entries {
            entries: entries.collect::<Option<_>>()?,
            more: reply.more,
        })
    }

    fn whole(&self, key: &Key) -> Vec<u8> {
        [&self.prefix[..], key].concat()
    }

    fn reads(&self, keys: &[Key]) -> Vec<RequestOp> {
        let read = |key| {
            operation(Request::RequestRange(RangeRequest {
                key: self.whole(key),
                range_end: Vec::new(),
                limit: 0,
            }))
        };
        keys.iter().map(read).collect()
    }

    fn compare(&self, compare: &KvCompare) -> Compare {
        let (key, target, value) = match compare {
            KvCompare::Revision(key, revision) => {
                (key, CompareTarget::Mod, TargetUnion::ModRevision(*revision))
            }
            KvCompare::Value(key, value) => (
                key,
                CompareTarget::Value,
                TargetUnion::Value(value.to_vec()),
            ),
        };
        Compare {
            result: CompareResult::Equal.into(),
            target: target.into(),
            key: self.whole(key),
            target_union: Some(value),
        }
    }

    fn write(&self, write: &KvWrite) -> RequestOp {
        operation(match write {
            KvWrite::Put(key, value) => Request::RequestPut(PutRequest {
                key: self.whole(key),
                value: value.to_vec(),
            }),
            KvWrite::Delete(key) => Request::RequestDeleteRange(DeleteRangeRequest {
                key: self.whole(key),
            }),
        })
    }

    /// The values of keys that were read one by one.
    fn values(&self, keys: &[Key], responses: Vec<ResponseOp>) -> Option<Vec<Option<KvEntry>>> {
        if responses.len() != keys.len() {
            return None;
        }
        let value = |(key, response): (&Key, ResponseOp)| {
            let Some(Response::ResponseRange(mut found)) = response.response else {
                return None;
            };
            match found.kvs.pop() {
                None => Some(None),
                Some(entry) if found.kvs.is_empty() => {
                    let entry = self.entry(entry)?;
                    (entry.key == *key).then_some(Some(entry))
                }
                Some(_) => None,
            }
        };
        keys.iter().zip(responses).map(value).collect()
    }

    fn entry(&self, found: KeyValue) -> Option<KvEntry> {
        let key = found.key.strip_prefix(&self.prefix[..])?.to_vec();
        (found.mod_revision > 0).then(|| KvEntry {
            key: key.into(),
            value: found.value.into(),
            revision: found.mod_revision,
        })
    }
}

/// A request that a member without a leader refuses, and that ends at the deadline in etcd, too.
pub(super) fn with_leader<T>(message: T, deadline: Instant) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.set_timeout(deadline.saturating_duration_since(Instant::now()));
    request
        .metadata_mut()
        .insert("hasleader", MetadataValue::from_static("true"));
    request
}

fn operation(request: Request) -> RequestOp {
    RequestOp {
        request: Some(request),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::etcd::generated::ResponseHeader;

    fn key(text: &str) -> Key {
        text.as_bytes().to_vec().into()
    }

    fn found(keys: &[(&str, i64)]) -> ResponseOp {
        let kv = |(key, revision): &(&str, i64)| KeyValue {
            key: key.as_bytes().to_vec(),
            mod_revision: *revision,
            value: b"value".to_vec(),
        };
        ResponseOp {
            response: Some(Response::ResponseRange(RangeResponse {
                header: None,
                kvs: keys.iter().map(kv).collect(),
                more: false,
            })),
        }
    }

    fn reply(succeeded: bool, responses: Vec<ResponseOp>) -> TxnResponse {
        TxnResponse {
            header: Some(ResponseHeader { revision: 7 }),
            succeeded,
            responses,
        }
    }

    #[test]
    fn keys_have_the_prefix_in_etcd_alone() {
        let keys = Keys::new("/tfa/");
        let Message::Range(range) = keys.message(&KvCall::Range {
            from: key("a/"),
            to: key("a0"),
            limit: 0,
        }) else {
            unreachable!()
        };
        assert_eq!(range.key, b"/tfa/a/");
        assert_eq!(range.range_end, b"/tfa/a0");
        assert_eq!(range.limit, 1);
        let call = KvCall::Get {
            keys: vec![key("a/lea"), key("a/max")],
        };
        let found = reply(true, vec![found(&[("/tfa/a/lea", 3)]), found(&[])]);
        let entry = KvEntry {
            key: key("a/lea"),
            value: b"value".to_vec().into(),
            revision: 3,
        };
        let expected = KvReply::Values(vec![Some(entry), None]);
        assert_eq!(keys.reply(&call, found), Some(expected));
    }

    #[test]
    fn reply_to_something_else_is_none() {
        let keys = Keys::new("/tfa/");
        let call = KvCall::Get {
            keys: vec![key("a/lea")],
        };
        for responses in [
            vec![],
            vec![found(&[]), found(&[])],
            vec![ResponseOp { response: None }],
            // Another key, one without the prefix, two, and one that no revision has put.
            vec![found(&[("/tfa/a/max", 3)])],
            vec![found(&[("a/lea", 3)])],
            vec![found(&[("/tfa/a/lea", 3), ("/tfa/a/lea", 4)])],
            vec![found(&[("/tfa/a/lea", 0)])],
        ] {
            assert_eq!(keys.reply(&call, reply(true, responses)), None);
        }
        let change = KvCall::Txn {
            compares: vec![],
            then: vec![],
            otherwise: vec![key("a/lea")],
        };
        let mut headless = reply(true, vec![]);
        headless.header = None;
        assert_eq!(keys.reply(&change, headless), None);
        assert_eq!(keys.reply(&change, reply(false, vec![])), None);
        let applied = keys.reply(&change, reply(true, vec![]));
        assert_eq!(applied, Some(KvReply::Applied(7)));
    }
}
