//! One entry of the journal.

use std::ffi::OsStr;
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};
use tfa_text::time::{date_time_seconds, rfc3339};

/// The fields that are read.
pub(super) const FIELDS: [&str; 14] = [
    "_EXE",
    "MESSAGE",
    "PRIORITY",
    "TFA_EVENT",
    "TFA_USER",
    "TFA_FORMER_USER",
    "TFA_SERVICE",
    "TFA_ORIGIN",
    "TFA_RULE",
    "TFA_UNTIL",
    "TFA_REASON",
    "TFA_FACTOR",
    "TFA_AUTHENTICATOR",
    "TFA_CALLER_UID",
];

/// An entry, and its JSON. The keys are documented in the help.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Entry {
    #[serde(skip)]
    seconds: u64,
    time: String,
    event: String,
    user: Option<String>,
    former_user: Option<String>,
    service: Option<String>,
    origin: Option<String>,
    rule: Option<String>,
    until: Option<String>,
    reason: Option<String>,
    factor: Option<String>,
    authenticator: Option<String>,
    caller_uid: Option<u32>,
    priority: Option<u8>,
    pub(super) message: String,
}

impl Entry {
    /// Parses a line of `journalctl --output=json`. `None` for a line that is not an event of the
    /// daemon, such as what a crashed program printed.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let fields: Map<String, Value> = serde_json::from_str(line).ok()?;
        let text = |key: &str| fields.get(key).and_then(text);
        // A program that a user runs as root by sudo may send such an entry.
        if text("_EXE").is_some_and(|path| !is_daemon(&path)) {
            return None;
        }
        let microseconds: u64 = text("__REALTIME_TIMESTAMP")?.parse().ok()?;
        let seconds = microseconds / 1_000_000;
        Some(Self {
            seconds,
            time: rfc3339(seconds),
            event: text("TFA_EVENT")?,
            user: text("TFA_USER"),
            former_user: text("TFA_FORMER_USER"),
            service: text("TFA_SERVICE"),
            origin: text("TFA_ORIGIN"),
            rule: text("TFA_RULE"),
            until: text("TFA_UNTIL"),
            reason: text("TFA_REASON"),
            factor: text("TFA_FACTOR"),
            authenticator: text("TFA_AUTHENTICATOR"),
            caller_uid: text("TFA_CALLER_UID").and_then(|uid| uid.parse().ok()),
            priority: text("PRIORITY").and_then(|priority| priority.parse().ok()),
            message: text("MESSAGE")?,
        })
    }

    /// The time in the zone of this host.
    pub(super) fn local_time(&self) -> String {
        date_time_seconds(self.seconds)
    }
}

/// Whether the sender of an entry is the daemon, by its program. journald does not know the program
/// where it has ended.
fn is_daemon(path: &str) -> bool {
    Path::new(path).file_name() == Some(OsStr::new("tfad"))
}

/// A field: a text, or bytes if it is not text or has control characters.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(bytes) => {
            let bytes = bytes.iter().map(|byte| u8::try_from(byte.as_u64()?).ok());
            let bytes: Option<Vec<u8>> = bytes.collect();
            Some(String::from_utf8_lossy(&bytes?).into_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"__REALTIME_TIMESTAMP":"1796133900123456","MESSAGE":"alice: verified by a
 code (service sshd, from 192.0.2.7)","PRIORITY":"6","TFA_EVENT":"verified","TFA_USER":"alice",
"TFA_SERVICE":"sshd","TFA_ORIGIN":"192.0.2.7","TFA_FACTOR":"authenticator","TFA_CALLER_UID":"0"}"#;

    #[test]
    fn an_entry_has_its_fields_and_null_for_the_rest() {
        let entry = Entry::parse(&LINE.replace('\n', "")).unwrap();
        let json = serde_json::to_value(&entry).unwrap();
        assert_eq!(json["time"], "2026-12-01T14:05:00Z");
        assert_eq!(json["event"], "verified");
        assert_eq!(json["user"], "alice");
        assert_eq!(json["caller_uid"], 0);
        assert_eq!(json["priority"], 6);
        assert_eq!(json["former_user"], Value::Null);
        assert_eq!(json["rule"], Value::Null);
        assert!(json.get("seconds").is_none());
    }

    #[test]
    fn a_field_in_bytes_is_read_as_text() {
        let line = LINE
            .replace('\n', "")
            .replace("\"alice\"", "[97,108,27,255]");
        let entry = Entry::parse(&line).unwrap();
        assert_eq!(entry.user.as_deref(), Some("al\u{1b}\u{fffd}"));
    }

    #[test]
    fn an_entry_of_another_program_of_root_is_left_out() {
        let from = |path: &str| {
            let exe = format!("{{\"_EXE\":\"{path}\",");
            Entry::parse(&LINE.replace('\n', "").replacen('{', &exe, 1))
        };
        assert_eq!(from("/usr/bin/passwd"), None);
        assert_eq!(from("/usr/sbin/tfad/x"), None);
        assert!(from("/usr/sbin/tfad").is_some());
    }

    #[test]
    fn what_is_no_event_of_the_daemon_is_left_out() {
        let line = LINE.replace('\n', "");
        for line in ["", "{", "{}", "[]", &line.replace("TFA_EVENT", "TFA_OTHER")] {
            assert_eq!(Entry::parse(line), None, "{line}");
        }
    }
}
