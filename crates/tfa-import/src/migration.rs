//! `otpauth-migration://` URIs, one in each line: the export of Google Authenticator. The data is a
//! protobuf message in base64.

use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use crate::lines::entries;
use crate::otpauth::account;
use crate::protobuf::{Fields, Malformed, Value};
use crate::{Algorithm, Entry, Means, Note, Problem, Used, What, key};

const PREFIX: &str = "otpauth-migration://offline?data=";
const FORM: What = What::Malformed("otpauth-migration://offline?data=...");
/// The most authenticators of one URI; a QR code has ten.
const MAX_AUTHENTICATORS: usize = 100;

/// Reads the URIs. The user of each authenticator is the account in its name.
///
/// # Errors
/// Each problem.
pub fn otpauth_migration(input: &[u8]) -> Result<Vec<Entry>, Vec<Problem>> {
    entries(input, uri)
}

fn uri(line: &str, number: usize) -> Result<Vec<Entry>, What> {
    let data = line.trim().strip_prefix(PREFIX).ok_or(FORM)?;
    let text = percent_decode_str(data).decode_utf8().map_err(|_| FORM)?;
    let text = Zeroizing::new(text.into_owned());
    let message = key::base64(&text).ok_or(What::Malformed("base64"))?;
    let mut entries = Vec::new();
    let mut is_part = false;
    let mut fields = Fields::of(&message);
    while let Some((field, value)) = fields.next()? {
        match (field, value) {
            (1, Value::Bytes(one)) if entries.len() < MAX_AUTHENTICATORS => {
                entries.push(authenticator(one, number)?);
            }
            (1, _) => return Err(What::TooManyEntries(MAX_AUTHENTICATORS)),
            // The number of QR codes.
            (3, Value::Number(size)) => is_part = size > 1,
            _ => {}
        }
    }
    if entries.is_empty() {
        return Err(What::NoKey);
    }
    if is_part {
        entries
            .iter_mut()
            .for_each(|one| one.notes.push(Note::PartOfExport));
    }
    Ok(entries)
}

impl From<Malformed> for What {
    fn from(_: Malformed) -> Self {
        Self::Malformed("the data of an export, which may be cut off")
    }
}

fn authenticator(message: &[u8], line: usize) -> Result<Entry, What> {
    let (mut secret, mut name) = (None, "");
    let (mut algorithm, mut digits, mut kind, mut counter) = (0, 0, 0, 0);
    let mut fields = Fields::of(message);
    while let Some(field) = fields.next()? {
        match field {
            (1, Value::Bytes(bytes)) => secret = Some(Zeroizing::new(bytes.to_vec())),
            (2, Value::Bytes(bytes)) => {
                name = std::str::from_utf8(bytes).map_err(|_| What::BadOption("the name"))?;
            }
            (4, Value::Number(number)) => algorithm = number,
            (5, Value::Number(number)) => digits = number,
            (6, Value::Number(number)) => kind = number,
            (7, Value::Number(number)) => counter = number,
            _ => {}
        }
    }
    Ok(Entry {
        line,
        user: account(name)?,
        label: None,
        means: match kind {
            1 => Means::Hotp { counter },
            // Not given: the default.
            0 | 2 => Means::Totp { period: 30 },
            _ => return Err(What::Unsupported("the type")),
        },
        key: secret.filter(|key| !key.is_empty()).ok_or(What::NoKey)?,
        algorithm: match algorithm {
            0 | 1 => Algorithm::Sha1,
            2 => Algorithm::Sha256,
            3 => Algorithm::Sha512,
            _ => return Err(What::Unsupported("the algorithm")),
        },
        digits: match digits {
            0 | 1 => 6,
            2 => 8,
            _ => return Err(What::BadOption("the digits")),
        },
        used: Used::Unknown,
        backup_codes: Vec::new(),
        notes: Vec::new(),
    })
}
