//! Key containers of RFC 6030.

use std::fmt::Write;

use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::encrypt::Lock;
use super::otpauth::name_of;
use crate::{Algorithm, Entry, Means};

/// The bytes that an entry takes at most, beside its names.
const PACKAGE: usize = 2048;
const PBKDF2: &str = "http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#pbkdf2";
const HMAC_SHA1: &str = "http://www.w3.org/2000/09/xmldsig#hmac-sha1";
const AES_128_CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";

/// The container of these authenticators, each with its user. The keys are plain without a lock. `fill`
/// supplies random bytes. `None` if encryption fails.
pub fn write_pskc(
    entries: &[Entry],
    lock: Option<&Lock>,
    mut fill: impl FnMut(&mut [u8]),
) -> Option<Zeroizing<String>> {
    // Enough for all: a buffer that grows would leave copies.
    let mut xml = Zeroizing::new(String::with_capacity(max_length(entries)));
    xml.push_str(concat!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
        "<KeyContainer Version=\"1.0\" xmlns=\"urn:ietf:params:xml:ns:keyprov:pskc\"\n",
        "    xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\"\n",
        "    xmlns:xenc11=\"http://www.w3.org/2009/xmlenc11#\"\n",
        "    xmlns:pkcs5=\"http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#\">\n",
    ));
    if let Some(lock) = lock {
        encryption(&mut xml, lock, &mut fill).ok()?;
    }
    for (entry, number) in entries.iter().zip(1..) {
        package_head(&mut xml, entry, number).ok()?;
        match lock {
            // In its place at once: a text of its own would be a copy.
            None => {
                xml.push_str("<PlainValue>");
                BASE64.encode_append(&entry.key, &mut xml);
                xml.push_str("</PlainValue>");
            }
            Some(lock) => {
                let sealed = lock.sealed(&entry.key, &mut fill)?;
                let value = encrypted("EncryptedValue", &sealed.ciphertext);
                let mac = BASE64.encode(&sealed.mac);
                write!(xml, "{value}<ValueMAC>{mac}</ValueMAC>").ok()?;
            }
        }
        package_tail(&mut xml, entry).ok()?;
    }
    xml.push_str("</KeyContainer>\n");
    Some(xml)
}

/// The length of the container at most, in bytes.
fn max_length(entries: &[Entry]) -> usize {
    let packages = entries.iter().map(|entry| {
        let label = entry.label.as_ref().map_or(0, String::len);
        PACKAGE + 6 * (entry.user.len() + label) + 2 * entry.key.len()
    });
    PACKAGE + packages.sum::<usize>()
}

fn encryption(xml: &mut String, lock: &Lock, fill: &mut dyn FnMut(&mut [u8])) -> std::fmt::Result {
    let salt = BASE64.encode(&lock.salt);
    let iterations = lock.iterations;
    let mac_key = lock.sealed_mac_key(fill).ok_or(std::fmt::Error)?;
    let mac_key = encrypted("MACKey", &mac_key);
    writeln!(
        xml,
        "  <EncryptionKey><xenc11:DerivedKey>\n    \
         <xenc11:KeyDerivationMethod Algorithm=\"{PBKDF2}\"><pkcs5:PBKDF2-params>\n      \
         <Salt><Specified>{salt}</Specified></Salt>\n      \
         <IterationCount>{iterations}</IterationCount><KeyLength>16</KeyLength><PRF/>\n    \
         </pkcs5:PBKDF2-params></xenc11:KeyDerivationMethod>\n    \
         <xenc11:MasterKeyName>passphrase</xenc11:MasterKeyName>\n  \
         </xenc11:DerivedKey></EncryptionKey>\n  \
         <MACMethod Algorithm=\"{HMAC_SHA1}\">{mac_key}</MACMethod>"
    )
}

fn encrypted(name: &str, ciphertext: &[u8]) -> String {
    let value = BASE64.encode(ciphertext);
    format!(
        "<{name}><xenc:EncryptionMethod Algorithm=\"{AES_128_CBC}\"/><xenc:CipherData>\
         <xenc:CipherValue>{value}</xenc:CipherValue></xenc:CipherData></{name}>"
    )
}

/// A package up to its key.
fn package_head(xml: &mut String, entry: &Entry, number: usize) -> std::fmt::Result {
    let kind = match entry.means {
        Means::Totp { .. } => "totp",
        Means::Hotp { .. } => "hotp",
    };
    let suite = match entry.algorithm {
        Algorithm::Sha1 => String::new(),
        other => format!("<Suite>HMAC-{}</Suite>", name_of(other)),
    };
    let digits = entry.digits;
    let label = entry.label.as_deref().map(escaped);
    let label = label.map(|label| format!("<FriendlyName>{label}</FriendlyName>"));
    let label = label.unwrap_or_default();
    write!(
        xml,
        "  <KeyPackage>\n    \
         <Key Id=\"{number}\" Algorithm=\"urn:ietf:params:xml:ns:keyprov:pskc:{kind}\">\n      \
         <AlgorithmParameters>{suite}<ResponseFormat Length=\"{digits}\" Encoding=\"DECIMAL\"/>\
         </AlgorithmParameters>{label}\n      \
         <Data><Secret>"
    )
}

/// A package after its key.
fn package_tail(xml: &mut String, entry: &Entry) -> std::fmt::Result {
    let (name, value) = match entry.means {
        Means::Totp { period } => ("TimeInterval", u64::from(period)),
        Means::Hotp { counter } => ("Counter", counter),
    };
    let user = escaped(&entry.user);
    writeln!(
        xml,
        "</Secret><{name}><PlainValue>{value}</PlainValue></{name}></Data>\n      \
         <UserId>UID={user}</UserId>\n    \
         </Key>\n  </KeyPackage>"
    )
}

/// A text for the content of an element.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            letter if letter.is_control() => escaped.push('?'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Used;

    #[test]
    fn no_container_is_longer_than_its_buffer() {
        let lock = Lock::new(b"correct horse", 1, |_| {});
        for (key, text, counter) in [(0, 0, 0), (128, 64, u64::MAX)] {
            let entry = || Entry {
                line: 1,
                user: "&".repeat(text),
                label: Some("<".repeat(text)),
                means: Means::Hotp { counter },
                key: Zeroizing::new(vec![7; key]),
                algorithm: Algorithm::Sha512,
                digits: 8,
                used: Used::Unknown,
                backup_codes: Vec::new(),
                notes: Vec::new(),
            };
            for number in [0, 1, 20] {
                let entries: Vec<Entry> = (0..number).map(|_| entry()).collect();
                for lock in [None, Some(&lock)] {
                    let xml = write_pskc(&entries, lock, |_| {}).unwrap();
                    assert!(xml.len() <= max_length(&entries), "{}", xml.len());
                }
            }
        }
    }
}
