//! What somebody typed at the question for a code, told apart by its shape alone.

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::Hashed;

/// How many characters a backup code has, five bits each.
pub(crate) const BACKUP_LENGTH: usize = 10;
/// Crockford's base32: no I, L, O, U.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// An answer to the question for a code.
pub enum Entry {
    /// 6 or 8 digits.
    Code(Code),
    /// 10 characters of Crockford's base32.
    Backup(BackupCode),
    /// Neither: it cannot be right, so it counts as no try.
    Nonsense,
    /// Nothing: the person gives up.
    Nothing,
}

impl Entry {
    /// Reads what was typed. Blanks and dashes are passed over, since authenticators show
    /// `123 456` and backup codes are printed as `ABCDE-FGHJK`; letters may have either case.
    #[must_use]
    pub fn parse(typed: &str) -> Self {
        // Longer than anything that fits, so that a bounded buffer on the stack will do.
        let mut kept = Kept::default();
        for byte in typed
            .bytes()
            .filter(|byte| !byte.is_ascii_whitespace() && *byte != b'-')
        {
            if !kept.push(byte) {
                return Self::Nonsense;
            }
        }
        let kept = kept.as_slice();
        match kept.len() {
            0 => Self::Nothing,
            6 | 8 if kept.iter().all(u8::is_ascii_digit) => Self::Code(Code(kept.into())),
            BACKUP_LENGTH => BackupCode::from_typed(kept).map_or(Self::Nonsense, Self::Backup),
            _ => Self::Nonsense,
        }
    }
}

/// The characters that count, on the stack and wiped.
#[derive(Default, Zeroize, ZeroizeOnDrop)]
struct Kept {
    bytes: [u8; BACKUP_LENGTH],
    length: usize,
}

impl Kept {
    fn push(&mut self, byte: u8) -> bool {
        let Some(place) = self.bytes.get_mut(self.length) else {
            return false;
        };
        *place = byte;
        self.length += 1;
        true
    }

    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// The digits of a one-time code. It has no `Debug`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Code(Box<[u8]>);

impl Code {
    pub(crate) fn digits(&self) -> &str {
        // Only digits are ever put in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// A backup code in its canonical letters. It has no `Debug`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct BackupCode([u8; BACKUP_LENGTH]);

impl BackupCode {
    /// A code out of random bytes, five bits of each.
    pub(crate) fn from_random(bytes: [u8; BACKUP_LENGTH]) -> Self {
        Self(bytes.map(|byte| letter(byte & 31)))
    }

    fn from_typed(typed: &[u8]) -> Option<Self> {
        let mut canonical = [0; BACKUP_LENGTH];
        for (place, byte) in canonical.iter_mut().zip(typed) {
            *place = match byte.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other if CROCKFORD.contains(&other) => other,
                _ => return None,
            };
        }
        (typed.len() == BACKUP_LENGTH).then_some(Self(canonical))
    }

    pub(crate) fn letters(&self) -> &[u8] {
        &self.0
    }

    /// The code as it is shown, once: `ABCDE-FGHJK`.
    #[must_use]
    pub fn to_printed(&self) -> String {
        let mut printed = String::with_capacity(BACKUP_LENGTH + 1);
        for (place, letter) in self.0.iter().enumerate() {
            if place == BACKUP_LENGTH / 2 {
                printed.push('-');
            }
            printed.push(char::from(*letter));
        }
        printed
    }
}

fn letter(value: u8) -> u8 {
    CROCKFORD.get(usize::from(value)).copied().unwrap_or(b'0')
}

/// An entry that is ready to be judged: a backup code has been hashed for the account's set.
pub enum Evidence {
    /// A one-time code.
    Code(Code),
    /// A backup code's hash; `None` where there was no set to hash it for.
    Backup(Option<Hashed>),
    /// No code at all.
    Nonsense,
    /// Giving up.
    Nothing,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(typed: &str) -> &'static str {
        match Entry::parse(typed) {
            Entry::Code(_) => "code",
            Entry::Backup(_) => "backup",
            Entry::Nonsense => "nonsense",
            Entry::Nothing => "nothing",
        }
    }

    #[test]
    fn an_entry_is_told_by_its_shape() {
        for (typed, expected) in [
            ("123456", "code"),
            ("123 456", "code"),
            (" 1234-5678 \r\n", "code"),
            ("1234567", "nonsense"),
            ("12345", "nonsense"),
            ("+12345", "nonsense"),
            ("١٢٣٤٥٦", "nonsense"),
            ("ABCDE-FGHJK", "backup"),
            ("abcdefghjk", "backup"),
            ("0123456789", "backup"),
            ("ABCDE-FGHJU", "nonsense"),
            ("ABCDE-FGHJKM", "nonsense"),
            ("correct horse battery staple", "nonsense"),
            ("", "nothing"),
            ("  - ", "nothing"),
        ] {
            assert_eq!(kind(typed), expected, "{typed:?}");
        }
    }

    #[test]
    fn a_backup_code_reads_the_same_in_either_case_without_dash_and_with_lookalikes() {
        let read = |typed| match Entry::parse(typed) {
            Entry::Backup(code) => code.to_printed(),
            _ => String::new(),
        };
        assert_eq!(read("01101-abcde"), "01101-ABCDE");
        assert_eq!(read("oilOl abcde"), "01101-ABCDE");
    }

    #[test]
    fn a_drawn_backup_code_carries_five_bits_of_every_byte() {
        let all = (0..=255_u8).map(|byte| letter(byte & 31));
        assert_eq!(all.collect::<std::collections::BTreeSet<_>>().len(), 32);
        let code = BackupCode::from_random([0, 1, 2, 3, 4, 251, 252, 253, 254, 255]);
        assert_eq!(code.to_printed(), "01234-VWXYZ");
        assert!(matches!(Entry::parse(&code.to_printed()), Entry::Backup(_)));
    }
}
