//! The key of a token, from a file or from the standard input. It is never on the command line, which
//! other users can read.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::path::Path;

use data_encoding::{BASE32_NOPAD, HEXLOWER_PERMISSIVE};
use tfa_client::{Failure, Terminal};
use zeroize::Zeroizing;

use crate::{messages, secret_input};

/// The longest text of a key, in bytes. The daemon accepts keys of 128 bytes.
const MAX_TEXT: usize = 1024;

/// The text is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BadKey {
    Empty,
    TooLong,
    NotHex,
    NotBase32,
    /// Not base32, and it may be hex.
    PerhapsHex,
}

/// Reads the key. `-` is the standard input.
pub(super) fn read(
    terminal: &Terminal,
    path: &Path,
    hex: bool,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let (input, shown) = if is_stdin(path) {
        if io::stdin().is_terminal() {
            terminal.note(messages::TYPE_KEY);
        }
        (secret_input::stdin(), messages::STANDARD_INPUT.to_owned())
    } else {
        (File::open(path), path.display().to_string())
    };
    let text = input.and_then(|input| secret_input::read_to_end(input, MAX_TEXT, MAX_TEXT));
    let text = text.map_err(|error| Failure::Refused(messages::key_unreadable(&shown, &error)))?;
    let key = text.ok_or(BadKey::TooLong);
    key.and_then(|text| decoded(&text, hex)).map_err(|bad| {
        Failure::Refused(match bad {
            BadKey::Empty => messages::key_empty(&shown),
            BadKey::TooLong => messages::key_too_long(&shown),
            BadKey::NotHex => messages::key_not_hex(&shown),
            BadKey::NotBase32 => messages::key_not_base32(&shown),
            BadKey::PerhapsHex => messages::key_perhaps_hex(&shown),
        })
    })
}

/// Whether the path stands for the standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Decodes base32 or hex in either case. White space, dashes and the padding of base32 are ignored.
fn decoded(text: &[u8], hex: bool) -> Result<Zeroizing<Vec<u8>>, BadKey> {
    let ignored = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'-' | b'=');
    let mut letters = Zeroizing::new(Vec::with_capacity(text.len()));
    letters.extend(
        text.iter()
            .filter(|byte| !ignored(byte))
            .map(u8::to_ascii_uppercase),
    );
    if letters.is_empty() {
        return Err(BadKey::Empty);
    }
    let encoding = if hex {
        HEXLOWER_PERMISSIVE
    } else {
        BASE32_NOPAD
    };
    match encoding.decode(&letters) {
        Ok(key) => Ok(Zeroizing::new(key)),
        Err(_) if hex => Err(BadKey::NotHex),
        Err(_) if letters.iter().all(u8::is_ascii_hexdigit) => Err(BadKey::PerhapsHex),
        Err(_) => Err(BadKey::NotBase32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"12345678901234567890";

    #[test]
    fn a_key_is_read_in_either_case_with_blanks_and_padding() {
        for text in [
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n",
            "gezd gnbv gy3t qojq\r\ngezd-gnbv-gy3t-qojq===",
        ] {
            assert_eq!(
                decoded(text.as_bytes(), false).unwrap().as_slice(),
                KEY,
                "{text}"
            );
        }
        for text in [
            "3132333435363738393031323334353637383930",
            "31 32 33 34 35 36 37 38 39 30\n31 32 33 34 35 36 37 38 39 30\n",
        ] {
            assert_eq!(
                decoded(text.as_bytes(), true).unwrap().as_slice(),
                KEY,
                "{text}"
            );
        }
        assert_eq!(decoded(b"aBfF", true).unwrap().as_slice(), [0xab, 0xff]);
    }

    #[test]
    fn text_that_is_no_key_has_a_reason() {
        for (text, hex, bad) in [
            (&b" \n"[..], false, BadKey::Empty),
            (b"3132333435363738", false, BadKey::PerhapsHex),
            (b"GEZDGNBV!", false, BadKey::NotBase32),
            (b"GEZDGNB8", false, BadKey::NotBase32),
            (b"31323", true, BadKey::NotHex),
            (b"GEZDGNBV", true, BadKey::NotHex),
            (b"\xff\xfe", false, BadKey::NotBase32),
        ] {
            assert_eq!(decoded(text, hex).err(), Some(bad), "{text:?}");
        }
    }
}
