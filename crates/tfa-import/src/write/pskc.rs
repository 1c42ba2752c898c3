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
    let names = entries.iter().map(|entry| {
        let label = entry.label.as_ref().map_or(0, String::len);
        PACKAGE + 6 * (entry.user.len() + label) + 2 * entry.key.len()
    });
    let mut xml = Zeroizing::new(String::with_capacity(PACKAGE + names.sum::<usize>()));
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
        let secret = match lock {
            None => {
                let key = Zeroizing::new(BASE64.encode(&entry.key));
                Zeroizing::new(format!("<PlainValue>{}</PlainValue>", *key))
            }
            Some(lock) => {
                let sealed = lock.sealed(&entry.key, &mut fill)?;
                let value = encrypted("EncryptedValue", &sealed.ciphertext);
                let mac = BASE64.encode(&sealed.mac);
                Zeroizing::new(format!("{value}<ValueMAC>{mac}</ValueMAC>"))
            }
        };
        package(&mut xml, entry, number, &secret).ok()?;
    }
    xml.push_str("</KeyContainer>\n");
    Some(xml)
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

fn package(xml: &mut String, entry: &Entry, number: usize, secret: &str) -> std::fmt::Result {
    let (kind, name, value) = match entry.means {
        Means::Totp { period } => ("totp", "TimeInterval", u64::from(period)),
        Means::Hotp { counter } => ("hotp", "Counter", counter),
    };
    let suite = match entry.algorithm {
        Algorithm::Sha1 => String::new(),
        other => format!("<Suite>HMAC-{}</Suite>", name_of(other)),
    };
    let digits = entry.digits;
    let user = escaped(&entry.user);
    let label = entry.label.as_deref().map(escaped);
    let label = label.map(|label| format!("<FriendlyName>{label}</FriendlyName>"));
    let label = label.unwrap_or_default();
    writeln!(
        xml,
        "  <KeyPackage>\n    \
         <Key Id=\"{number}\" Algorithm=\"urn:ietf:params:xml:ns:keyprov:pskc:{kind}\">\n      \
         <AlgorithmParameters>{suite}<ResponseFormat Length=\"{digits}\" Encoding=\"DECIMAL\"/>\
         </AlgorithmParameters>{label}\n      \
         <Data><Secret>{secret}</Secret><{name}><PlainValue>{value}</PlainValue></{name}></Data>\n      \
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
