//! Keys as text.

use data_encoding::{BASE32_NOPAD, BASE64, HEXLOWER_PERMISSIVE};
use zeroize::Zeroizing;

use crate::What;

/// Decodes base32 in either case. Blanks, dashes and padding are ignored.
pub(crate) fn base32(text: &str) -> Result<Zeroizing<Vec<u8>>, What> {
    let letters = letters(text, |byte| matches!(byte, b'-' | b'='));
    if letters.is_empty() {
        return Err(What::NoKey);
    }
    let key = BASE32_NOPAD.decode(&letters);
    key.map(Zeroizing::new).map_err(|_| What::NotBase32)
}

/// Decodes base32 as google-authenticator does: it drops the last bits that fill no byte, whatever their
/// value and however many letters they came in.
pub(crate) fn base32_of_any_length(text: &str) -> Result<Zeroizing<Vec<u8>>, What> {
    let mut letters = letters(text, |byte| matches!(byte, b'-' | b'='));
    let is_letter = |byte: &u8| matches!(byte, b'A'..=b'Z' | b'2'..=b'7');
    if !letters.iter().all(is_letter) {
        return Err(What::NotBase32);
    }
    // These numbers of letters in the last group hold no more bytes than one letter less.
    if matches!(letters.len() % 8, 1 | 3 | 6) {
        letters.pop();
    }
    if letters.is_empty() {
        return Err(What::NoKey);
    }
    let mut lenient = BASE32_NOPAD.specification();
    lenient.check_trailing_bits = false;
    let lenient = lenient.encoding().map_err(|_| What::NotBase32)?;
    let key = lenient.decode(&letters);
    key.map(Zeroizing::new).map_err(|_| What::NotBase32)
}

/// Decodes hex in either case.
pub(crate) fn hex(text: &str) -> Result<Zeroizing<Vec<u8>>, What> {
    if text.is_empty() {
        return Err(What::NoKey);
    }
    let key = HEXLOWER_PERMISSIVE.decode(text.as_bytes());
    key.map(Zeroizing::new).map_err(|_| What::NotHex)
}

/// Decodes base64; white space is ignored.
pub(crate) fn base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut letters = Zeroizing::new(Vec::with_capacity(text.len()));
    letters.extend(text.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    BASE64.decode(&letters).ok().map(Zeroizing::new)
}

/// The letters in upper case, in a buffer that does not grow, and is wiped.
fn letters(text: &str, is_filler: impl Fn(u8) -> bool) -> Zeroizing<Vec<u8>> {
    let mut letters = Zeroizing::new(Vec::with_capacity(text.len()));
    let is_letter = |byte: &u8| !byte.is_ascii_whitespace() && !is_filler(*byte);
    let kept = text.bytes().filter(is_letter);
    letters.extend(kept.map(|byte| byte.to_ascii_uppercase()));
    letters
}
