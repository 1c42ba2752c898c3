//! Calls to etcd in JSON, over HTTP/1.0: a connection for each call, and no chunks.

use std::io::{self, Read, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};

use data_encoding::BASE64;
use serde_json::{Value, json};
use tfa_store::etcd::{Compare, Entry, Kv, KvError, Range, RangeReply, Txn, TxnReply, Write};

/// How many calls are made at once. Each has a file descriptor here and one in etcd.
const MAX_CALLS: usize = 100;

/// The longest reply that is read, in bytes: a little more than 1 MiB of values in base64.
const MAX_REPLY_BYTES: u64 = 2 * 1024 * 1024;

/// A client of etcd's JSON gateway.
pub(crate) struct Gateway {
    socket: PathBuf,
    limit: Arc<Limit>,
}

/// Bounds the calls to one etcd.
#[derive(Default)]
pub(crate) struct Limit {
    under_way: Mutex<usize>,
    ended: Condvar,
}

impl Limit {
    fn within<T>(&self, call: impl FnOnce() -> T) -> T {
        let under_way = self.under_way.lock().unwrap();
        let is_full = |calls: &mut usize| *calls >= MAX_CALLS;
        *self.ended.wait_while(under_way, is_full).unwrap() += 1;
        let result = call();
        *self.under_way.lock().unwrap() -= 1;
        self.ended.notify_one();
        result
    }
}

impl Gateway {
    pub(crate) fn new(socket: PathBuf, limit: Arc<Limit>) -> Self {
        Self { socket, limit }
    }

    fn call(&self, method: &str, request: &Value) -> Result<Value, KvError> {
        let reply = self
            .limit
            .within(|| self.send(method, &request.to_string()))?;
        if reply.len() as u64 > MAX_REPLY_BYTES {
            return Err(KvError::TooLarge);
        }
        let (head, body) = reply.split_once("\r\n\r\n").ok_or_else(incomplete)?;
        let reply: Value = serde_json::from_str(body).map_err(|_| incomplete())?;
        match head.split(' ').nth(1) {
            Some("200") => Ok(reply),
            Some("400" | "429") => {
                let why = reply["error"].as_str().unwrap_or_default();
                let too_large = ["too large", "larger than max", "too many operations"];
                Err(match too_large.iter().any(|text| why.contains(text)) {
                    true => KvError::TooLarge,
                    false => KvError::Refused(why.to_owned()),
                })
            }
            _ => Err(KvError::Unknown(body.to_owned())),
        }
    }

    fn send(&self, method: &str, body: &str) -> Result<String, KvError> {
        let unsent = |error: io::Error| KvError::Unsent(error.to_string());
        let unknown = |error: io::Error| KvError::Unknown(error.to_string());
        let mut stream = UnixStream::connect(&self.socket).map_err(unsent)?;
        let length = body.len();
        write!(
            stream,
            "POST /v3/kv/{method} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .map_err(unknown)?;
        let mut reply = String::new();
        stream
            .take(MAX_REPLY_BYTES + 1)
            .read_to_string(&mut reply)
            .map_err(unknown)?;
        Ok(reply)
    }
}

impl Kv for Gateway {
    fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Entry>>, KvError> {
        let reads: Vec<Value> = keys.iter().map(|key| read(key)).collect();
        let reply = self.call("txn", &json!({ "success": reads }))?;
        Ok(entries_read(&reply))
    }

    fn range(&self, range: &Range) -> Result<RangeReply, KvError> {
        let request = json!({
            "key": BASE64.encode(&range.from),
            "range_end": BASE64.encode(&range.to),
            "limit": range.limit.to_string(),
        });
        let reply = self.call("range", &request)?;
        Ok(RangeReply {
            entries: entries(&reply),
            more: reply["more"].as_bool().unwrap_or_default(),
        })
    }

    fn txn(&self, txn: &Txn) -> Result<TxnReply, KvError> {
        let request = json!({
            "compare": txn.compares.iter().map(compare).collect::<Vec<_>>(),
            "success": txn.then.iter().map(write).collect::<Vec<_>>(),
            "failure": txn.otherwise.iter().map(|key| read(key)).collect::<Vec<_>>(),
        });
        let reply = self.call("txn", &request)?;
        Ok(match reply["succeeded"].as_bool() {
            Some(true) => TxnReply::Applied(number(&reply["header"]["revision"])),
            _ => TxnReply::Differs(entries_read(&reply)),
        })
    }

    fn pause(&self, tries: u32) -> bool {
        tries < 3
    }

    fn left_out(&self, key: &str) {
        panic!("{key} was left out");
    }
}

fn compare(compare: &Compare) -> Value {
    match compare {
        Compare::Revision(key, revision) => json!({
            "key": BASE64.encode(key),
            "target": "MOD",
            "result": "EQUAL",
            "mod_revision": revision.to_string(),
        }),
        Compare::Value(key, value) => json!({
            "key": BASE64.encode(key),
            "target": "VALUE",
            "result": "EQUAL",
            "value": BASE64.encode(value),
        }),
    }
}

fn write(write: &Write) -> Value {
    match write {
        Write::Put(key, value) => json!({ "request_put": {
            "key": BASE64.encode(key),
            "value": BASE64.encode(value),
        }}),
        Write::Delete(key) => json!({ "request_delete_range": { "key": BASE64.encode(key) }}),
    }
}

fn read(key: &[u8]) -> Value {
    json!({ "request_range": { "key": BASE64.encode(key) }})
}

/// The entries of the reads of a transaction.
fn entries_read(reply: &Value) -> Vec<Option<Entry>> {
    let responses = reply["responses"].as_array().into_iter().flatten();
    responses
        .map(|response| entries(&response["response_range"]).pop())
        .collect()
}

/// The entries of one read. The gateway leaves out what is empty or 0.
fn entries(range: &Value) -> Vec<Entry> {
    let entry = |entry: &Value| Entry {
        key: bytes(&entry["key"]),
        value: bytes(&entry["value"]),
        revision: number(&entry["mod_revision"]),
    };
    let found = range["kvs"].as_array().into_iter().flatten();
    found.map(entry).collect()
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap_or_default();
    BASE64.decode(text.as_bytes()).unwrap()
}

fn number(value: &Value) -> i64 {
    value.as_str().map_or(0, |digits| digits.parse().unwrap())
}

fn incomplete() -> KvError {
    KvError::Unknown("the reply is not complete".to_owned())
}
