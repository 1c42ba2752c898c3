//! PSKC, the Portable Symmetric Key Container of RFC 6030.
//!
//! The keys are plain, or encrypted by AES-128-CBC with a MAC, under a key that both sides have or one
//! derived from a passphrase by PBKDF2. Encryption to a certificate is not supported.

mod decrypt;
mod xml;

use roxmltree::{Document, Error, Node, ParsingOptions};
use zeroize::Zeroizing;

use crate::otpauth::algorithm;
use crate::problem::goes_on;
use crate::{Algorithm, Entry, MAX_FILE, Means, Note, Problem, Used, What, key};
use decrypt::Decryption;
use xml::{Lines, child, is_mixed, number_of, plain, text};

/// The most nodes of a document. A key has about 60.
const MAX_NODES: u32 = 2_000_000;

/// A comment in the middle of a name or a key would end it there.
const MIXED: What = What::Malformed("text without a comment or an element in it");

/// What opens an encrypted container.
#[derive(Clone, Copy)]
pub enum Unlock<'a> {
    /// Nothing: the keys are plain.
    Nothing,
    /// The passphrase from which the key is derived.
    Passphrase(&'a [u8]),
    /// The key that both sides have, of 16 bytes.
    Key(&'a [u8]),
}

/// Reads a container. The user of each key is the one that it names, or else the serial number of the
/// device, which is the label too.
///
/// # Errors
/// Each problem.
pub fn pskc(input: &[u8], unlock: Unlock<'_>) -> Result<Vec<Entry>, Vec<Problem>> {
    let one = |what| vec![Problem::of_file(what)];
    if input.len() > MAX_FILE {
        return Err(one(What::TooLarge(MAX_FILE)));
    }
    if input.is_empty() {
        return Err(one(What::Empty));
    }
    let text = std::str::from_utf8(input).map_err(|error| {
        let before = input.iter().take(error.valid_up_to());
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        vec![Problem::at(line, What::NotText)]
    })?;
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: MAX_NODES,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options)
        .map_err(|error| vec![Problem::at(line_of(&error, text), What::NotXml)])?;
    let root = document.root_element();
    let mut lines = Lines::of(text);
    if root.tag_name().name() != "KeyContainer" {
        let form = What::Malformed("a KeyContainer");
        return Err(vec![Problem::at(lines.at(root), form)]);
    }
    if let Some(node) = document.descendants().find(|node| is_mixed(*node)) {
        return Err(vec![Problem::at(lines.at(node), MIXED)]);
    }
    let mut lines = Lines::of(text);
    let decryption = Decryption::of(root, unlock);
    let (mut entries, mut problems) = (Vec::new(), Vec::new());
    for package in root
        .children()
        .filter(|node| node.tag_name().name() == "KeyPackage")
    {
        let line = lines.at(package);
        match entry(package, line, &decryption) {
            Ok(read) => entries.extend(read),
            Err(what) => problems.push(Problem::at(line, what)),
        }
        if !goes_on(entries.len(), &mut problems, line) {
            break;
        }
    }
    match (problems.is_empty(), entries.is_empty()) {
        (true, false) => Ok(entries),
        (true, true) => Err(one(What::NoKey)),
        (false, _) => Err(problems),
    }
}

/// The line of an error. One that names no place is the end of a file that was cut off, or the first line.
fn line_of(error: &Error, text: &str) -> usize {
    match error {
        Error::UnclosedRootNode | Error::UnexpectedEndOfStream => text.lines().count().max(1),
        error => usize::try_from(error.pos().row).unwrap_or(usize::MAX),
    }
}

/// The authenticator of a package; `None` for a PIN.
fn entry(
    package: Node<'_, '_>,
    line: usize,
    decryption: &Result<Decryption, What>,
) -> Result<Option<Entry>, What> {
    let key = child(package, "Key").ok_or(What::NoKey)?;
    let device = child(package, "DeviceInfo");
    let serial = device.and_then(|device| text(device, "SerialNo"));
    let kind = key.attribute("Algorithm").unwrap_or_default();
    let is = |name: &str| kind.rsplit([':', '#']).next() == Some(name);
    let data = child(key, "Data");
    let means = if is("pin") {
        return Ok(None);
    } else if is("hotp") {
        let counter = value(data, "Counter")?;
        Means::Hotp {
            counter: counter.unwrap_or(0),
        }
    } else if is("totp") {
        let period = value(data, "TimeInterval")?;
        let period = u32::try_from(period.unwrap_or(30));
        Means::Totp {
            period: period.map_err(|_| What::BadOption("TimeInterval"))?,
        }
    } else {
        return Err(What::Unsupported("the algorithm"));
    };
    let parameters = child(key, "AlgorithmParameters");
    let has_pin = child(key, "Policy").is_some_and(|policy| child(policy, "PINPolicy").is_some());
    let owner = text(key, "UserId").or_else(|| text(device?, "UserId"));
    let user = owner.map(user_of).or(serial);
    let user = user.map(str::trim).filter(|user| !user.is_empty());
    Ok(Some(Entry {
        line,
        user: user.ok_or(What::NoUser)?.to_owned(),
        label: serial.map(str::to_owned),
        means,
        algorithm: match parameters.and_then(|parameters| text(parameters, "Suite")) {
            None => Algorithm::Sha1,
            Some(suite) => suite_of(suite).ok_or(What::Unsupported("the suite"))?,
        },
        digits: digits(parameters)?,
        key: secret(data, decryption)?,
        used: Used::Unknown,
        backup_codes: Vec::new(),
        notes: has_pin.then_some(Note::Pin).into_iter().collect(),
    }))
}

fn suite_of(suite: &str) -> Option<Algorithm> {
    algorithm(suite.strip_prefix("HMAC-").unwrap_or(suite))
}

/// A number of the data, which is plain.
fn value(data: Option<Node<'_, '_>>, name: &'static str) -> Result<Option<u64>, What> {
    let Some(element) = data.and_then(|data| child(data, name)) else {
        return Ok(None);
    };
    let plain = plain(element).ok_or(What::Unsupported("an encrypted counter or interval"))?;
    let number = number_of(plain).ok_or(What::BadOption(name))?;
    Ok(Some(number))
}

fn digits(parameters: Option<Node<'_, '_>>) -> Result<u32, What> {
    let Some(format) = parameters.and_then(|parameters| child(parameters, "ResponseFormat")) else {
        return Ok(6);
    };
    if format
        .attribute("Encoding")
        .is_some_and(|encoding| encoding != "DECIMAL")
    {
        return Err(What::Unsupported("the form of codes"));
    }
    let has_check_digit = matches!(format.attribute("CheckDigits"), Some("true" | "1"));
    if has_check_digit {
        return Err(What::Unsupported("a check digit"));
    }
    let length = format.attribute("Length").and_then(number_of);
    let length = length.and_then(|length| u32::try_from(length).ok());
    length.ok_or(What::BadOption("Length"))
}

fn secret(
    data: Option<Node<'_, '_>>,
    decryption: &Result<Decryption, What>,
) -> Result<Zeroizing<Vec<u8>>, What> {
    let secret = data
        .and_then(|data| child(data, "Secret"))
        .ok_or(What::NoKey)?;
    let bytes = match plain(secret) {
        Some(text) => key::base64(text).ok_or(What::Malformed("a key in base64"))?,
        None => match decryption {
            Ok(decryption) => decryption.secret(secret)?,
            Err(what) => return Err(*what),
        },
    };
    if bytes.is_empty() {
        return Err(What::NoKey);
    }
    Ok(bytes)
}

/// The user of a distinguished name, such as `UID=jsmith,DC=example-bank,DC=net`; any other text is the
/// user.
fn user_of(text: &str) -> &str {
    let uid = text.split(',').find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("uid").then_some(value)
    });
    uid.unwrap_or(text)
}
