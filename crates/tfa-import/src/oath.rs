//! `users.oath`, the file of pam_oath: TYPE USER PIN KEY [COUNTER [LASTOTP [TIME]]].
//!
//! A program that accepted a code has written its counter and the code. So with LASTOTP the counter is the
//! last used one, and without it the next one.

use zeroize::Zeroizing;

use crate::lines::entries;
use crate::{Algorithm, Entry, Means, Note, Problem, Used, What, key};

/// Reads the file of all users. A user may have several lines.
///
/// # Errors
/// Each problem.
pub fn oath(input: &[u8]) -> Result<Vec<Entry>, Vec<Problem>> {
    entries(input, |line, number| {
        entry(line, number).map(|one| vec![one])
    })
}

fn entry(line: &str, number: usize) -> Result<Entry, What> {
    let mut words = line.split_ascii_whitespace();
    let form = What::Malformed("TYPE USER PIN KEY [COUNTER [LASTOTP [TIME]]]");
    let (Some(kind), Some(user), Some(pin), Some(hex)) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(form);
    };
    let (counter, last, _time) = (words.next(), words.next(), words.next());
    if words.next().is_some() {
        return Err(form);
    }
    let (period, digits) = kind_of(kind).ok_or(What::Unsupported("the type"))?;
    let counter: u64 = match counter {
        None => 0,
        Some(counter) => counter.parse().map_err(|_| What::BadOption("COUNTER"))?,
    };
    let last = match last {
        None => None,
        Some(last) => Some(code(last).ok_or(What::BadOption("LASTOTP"))?),
    };
    let (means, used) = match (period, last) {
        (Some(period), last) => {
            let used = last.map_or(Used::Unknown, Used::LastCode);
            (Means::Totp { period }, used)
        }
        (None, None) => (Means::Hotp { counter }, Used::Unknown),
        (None, Some(_)) => {
            let counter = counter.checked_add(1).ok_or(What::BadOption("COUNTER"))?;
            (Means::Hotp { counter }, Used::Unknown)
        }
    };
    let has_pin = !matches!(pin, "-" | "+");
    Ok(Entry {
        line: number,
        user: user.to_owned(),
        label: None,
        means,
        key: key::hex(hex)?,
        algorithm: Algorithm::Sha1,
        digits,
        used,
        backup_codes: Vec::new(),
        notes: has_pin.then_some(Note::Pin).into_iter().collect(),
    })
}

/// The period of a time-based type, and the digits. E stands for events, T for the seconds of a step.
fn kind_of(kind: &str) -> Option<(Option<u32>, u32)> {
    let mut parts = kind.split('/');
    if parts.next() != Some("HOTP") {
        return None;
    }
    let mut next = parts.next();
    let mut period = None;
    match next {
        Some("E") => next = parts.next(),
        Some(step) if step.starts_with('T') => {
            let seconds = step.get(1..)?;
            period = Some(seconds.parse().ok().filter(|_| is_number(seconds))?);
            next = parts.next();
        }
        _ => {}
    }
    let digits = match next {
        None | Some("6") => 6,
        Some("7") => 7,
        Some("8") => 8,
        Some(_) => return None,
    };
    parts.next().is_none().then_some((period, digits))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn code(text: &str) -> Option<Zeroizing<String>> {
    let is_code = (6..=8).contains(&text.len()) && is_number(text);
    is_code.then(|| Zeroizing::new(text.to_owned()))
}
