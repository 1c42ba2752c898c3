//! OATH CSV, in which makers of tokens ship keys: SERIAL,HEX,TYPE,DIGITS,STEP or COUNTER.

use crate::lines::entries;
use crate::otpauth::algorithm;
use crate::{Algorithm, Entry, Means, Problem, Used, What, key};

const FORM: What = What::Malformed("SERIAL,KEY,TOTP or HOTP,DIGITS[,STEP or COUNTER]");

/// Reads the tokens. The user of each is its serial number, which is its label too.
///
/// # Errors
/// Each problem.
pub fn oath_csv(input: &[u8]) -> Result<Vec<Entry>, Vec<Problem>> {
    entries(input, |line, number| {
        entry(line, number).map(|one| vec![one])
    })
}

fn entry(line: &str, number: usize) -> Result<Entry, What> {
    let mut fields = line.split([',', ';']).map(field);
    let (Some(serial), Some(key), Some(kind)) = (fields.next(), fields.next(), fields.next())
    else {
        return Err(FORM);
    };
    let (digits, last) = (fields.next(), fields.next());
    // Empty fields may follow.
    if !fields.all(str::is_empty) {
        return Err(FORM);
    }
    if serial.is_empty() {
        return Err(What::NoUser);
    }
    let (kind, hash) = kind_of(kind).ok_or(What::Unsupported("the type"))?;
    let last = last.filter(|last| !last.is_empty());
    let means = if kind == "TOTP" {
        let period = last.map_or(Some(30), |last| last.parse().ok());
        let period = period.ok_or(What::BadOption("STEP"))?;
        Means::Totp { period }
    } else {
        let counter = last.map_or(Some(0), |last| last.parse().ok());
        let counter = counter.ok_or(What::BadOption("COUNTER"))?;
        Means::Hotp { counter }
    };
    let digits = match digits.filter(|digits| !digits.is_empty()) {
        None => 6,
        Some(digits) => digits.parse().map_err(|_| What::BadOption("DIGITS"))?,
    };
    Ok(Entry {
        line: number,
        user: serial.to_owned(),
        label: Some(serial.to_owned()),
        means,
        key: key::hex(key)?,
        algorithm: hash,
        digits,
        used: Used::Unknown,
        backup_codes: Vec::new(),
        notes: Vec::new(),
    })
}

/// A field without blanks and quotes around it.
fn field(text: &str) -> &str {
    let text = text.trim();
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or(text)
}

/// `TOTP` or `HOTP`, to which the hash may be added: `TOTP-SHA256`, `HOTP256`.
fn kind_of(text: &str) -> Option<(&'static str, Algorithm)> {
    let text = text.to_ascii_uppercase();
    let (kind, rest) = match text.split_at_checked(4)? {
        ("TOTP", rest) => ("TOTP", rest),
        ("HOTP" | "OATH", rest) => ("HOTP", rest),
        _ => return None,
    };
    let hash = match rest.trim_start_matches(['-', '_', '/']) {
        "" => Algorithm::Sha1,
        "256" => Algorithm::Sha256,
        "512" => Algorithm::Sha512,
        name => algorithm(name)?,
    };
    Some((kind, hash))
}
