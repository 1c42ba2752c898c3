//! `otpauth://` URIs, one in each line, as QR codes have them.

use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use crate::lines::entries;
use crate::{Algorithm, Entry, Means, Problem, Used, What, key};

const SCHEME: &str = "otpauth://";
const FORM: What = What::Malformed("otpauth://TYPE/LABEL?secret=...");

/// Reads the URIs. The user of each is the account in its label.
///
/// # Errors
/// Each problem.
pub fn otpauth(input: &[u8]) -> Result<Vec<Entry>, Vec<Problem>> {
    entries(input, |line, number| {
        entry(line, number).map(|one| vec![one])
    })
}

fn entry(line: &str, number: usize) -> Result<Entry, What> {
    let rest = line.trim().strip_prefix(SCHEME).ok_or(FORM)?;
    let (path, query) = rest.split_once('?').ok_or(FORM)?;
    let (kind, label) = path.split_once('/').ok_or(FORM)?;
    let query = query.split('#').next().unwrap_or_default();
    let parameters = Parameters::read(query)?;
    let means = match kind.to_ascii_lowercase().as_str() {
        "totp" => Means::Totp {
            period: parameters.period.unwrap_or(30),
        },
        "hotp" => Means::Hotp {
            counter: parameters.counter.ok_or(What::BadOption("counter"))?,
        },
        _ => return Err(What::Unsupported("the type")),
    };
    Ok(Entry {
        line: number,
        user: account(&decoded(label, "the label")?)?,
        label: None,
        means,
        key: parameters.key.ok_or(What::NoKey)?,
        algorithm: parameters.algorithm.unwrap_or_default(),
        digits: parameters.digits.unwrap_or(6),
        used: Used::Unknown,
        backup_codes: Vec::new(),
        notes: Vec::new(),
    })
}

/// The account of a label: what follows the issuer and a colon.
pub(crate) fn account(label: &str) -> Result<String, What> {
    let account = label.rsplit(':').next().unwrap_or_default().trim();
    let is_name = !account.is_empty() && !account.contains(char::is_control);
    is_name.then(|| account.to_owned()).ok_or(What::NoUser)
}

#[derive(Default)]
struct Parameters {
    key: Option<Zeroizing<Vec<u8>>>,
    algorithm: Option<Algorithm>,
    digits: Option<u32>,
    period: Option<u32>,
    counter: Option<u64>,
}

impl Parameters {
    fn read(query: &str) -> Result<Self, What> {
        let mut read = Self::default();
        for part in query.split('&') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match name {
                "secret" => {
                    let text = decoded(value, "secret")?;
                    set(&mut read.key, key::base32(&text)?, "secret")?;
                }
                "algorithm" => {
                    let algorithm = algorithm(value).ok_or(What::Unsupported("the algorithm"))?;
                    set(&mut read.algorithm, algorithm, "algorithm")?;
                }
                "digits" => set(&mut read.digits, number(value, "digits")?, "digits")?,
                "period" => set(&mut read.period, number(value, "period")?, "period")?,
                "counter" => set(&mut read.counter, number(value, "counter")?, "counter")?,
                // Another way to show codes, such as that of Steam.
                "encoder" => return Err(What::Unsupported("the encoder")),
                // The issuer, and what apps add, such as an image.
                _ => {}
            }
        }
        Ok(read)
    }
}

fn set<T>(place: &mut Option<T>, value: T, name: &'static str) -> Result<(), What> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(What::Twice(name)),
    }
}

fn number<T: std::str::FromStr>(text: &str, name: &'static str) -> Result<T, What> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_number);
    number.ok_or(What::BadOption(name))
}

fn decoded(text: &str, name: &'static str) -> Result<Zeroizing<String>, What> {
    let decoded = percent_decode_str(text).decode_utf8();
    let decoded = decoded.map_err(|_| What::BadOption(name))?;
    Ok(Zeroizing::new(decoded.into_owned()))
}

/// The algorithm of a name in URIs and in other files.
pub(crate) fn algorithm(name: &str) -> Option<Algorithm> {
    match name.to_ascii_uppercase().as_str() {
        "SHA1" | "SHA-1" | "HMACSHA1" => Some(Algorithm::Sha1),
        "SHA256" | "SHA-256" | "HMACSHA256" => Some(Algorithm::Sha256),
        "SHA512" | "SHA-512" | "HMACSHA512" => Some(Algorithm::Sha512),
        _ => None,
    }
}
