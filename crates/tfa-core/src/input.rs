//! What the user typed at the prompt for a code, classified by its form.

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{Hashed, Match};

/// The number of characters of a backup code, with five bits each.
pub(crate) const BACKUP_LENGTH: usize = 10;
/// The number of characters of a host recovery code, with five bits each.
pub(crate) const RECOVERY_LENGTH: usize = 16;
/// Crockford's base32: no I, L, O, U.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// An answer to the question for a code.
pub enum Input {
    /// 6 or 8 digits.
    Code(Code),
    /// 10 characters of Crockford's base32.
    Backup(BackupCode),
    /// 16 characters of Crockford's base32.
    Recovery(RecoveryCode),
    /// None of these. Such input is never right, and is not counted.
    Malformed,
    /// No character: the user gives up.
    Empty,
}

impl Input {
    /// Parses typed or pasted text. Blanks, dashes and characters without width are ignored,
    /// because authenticators show `123 456` and backup codes are printed as `ABCDE-FGHJK`. Letters
    /// may be in either case, and in the full width of East Asian keyboards. Characters that change
    /// the order of the text are not ignored.
    #[must_use]
    pub fn parse(typed: &str) -> Self {
        // Longer than anything that fits, so that a bounded buffer on the stack will do.
        let mut kept = Kept::default();
        for character in typed.chars().map(narrow).filter(|one| !is_filler(*one)) {
            let ascii = u8::try_from(character).ok().filter(u8::is_ascii);
            if !ascii.is_some_and(|byte| kept.push(byte)) {
                return Self::Malformed;
            }
        }
        let kept = kept.as_slice();
        match kept.len() {
            0 => Self::Empty,
            6 | 8 if kept.iter().all(u8::is_ascii_digit) => Self::Code(Code(kept.into())),
            BACKUP_LENGTH => BackupCode::from_typed(kept).map_or(Self::Malformed, Self::Backup),
            RECOVERY_LENGTH => {
                RecoveryCode::from_typed(kept).map_or(Self::Malformed, Self::Recovery)
            }
            _ => Self::Malformed,
        }
    }
}

/// The ASCII character of a full-width form, or the character itself.
fn narrow(character: char) -> char {
    let ascii = match character {
        '\u{ff01}'..='\u{ff5e}' => u32::from(character).checked_sub(0xfee0),
        _ => None,
    };
    ascii.and_then(char::from_u32).unwrap_or(character)
}

/// Whether a character is ignored: a blank, a dash, or a character without width. Direction marks
/// that change the order of the text are not.
fn is_filler(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}'
                | '\u{ad}' | '\u{200b}'..='\u{200e}' | '\u{2060}' | '\u{feff}'
        )
}

/// The characters that are not ignored, in a buffer on the stack that is wiped.
#[derive(Default, Zeroize, ZeroizeOnDrop)]
struct Kept {
    bytes: [u8; RECOVERY_LENGTH],
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

/// The number of digits of an imported backup code.
const IMPORTED_BACKUP_LENGTH: usize = 8;

/// The digits of a one-time code. It has no `Debug`.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Code(Box<[u8]>);

impl Code {
    /// A code of these digits; `None` for anything but 6 or 8 digits.
    #[must_use]
    pub fn from_digits(digits: &str) -> Option<Self> {
        let is_code =
            matches!(digits.len(), 6 | 8) && digits.bytes().all(|one| one.is_ascii_digit());
        is_code.then(|| Self(digits.as_bytes().into()))
    }

    /// Whether it may be an imported backup code.
    #[must_use]
    pub fn may_be_backup(&self) -> bool {
        self.0.len() == IMPORTED_BACKUP_LENGTH
    }

    pub(crate) fn digits(&self) -> &str {
        // Only digits are ever put in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// A backup code in its canonical letters. It has no `Debug`.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct BackupCode([u8; BACKUP_LENGTH]);

impl BackupCode {
    /// A code from random bytes, with five bits of each.
    pub(crate) fn from_random(bytes: [u8; BACKUP_LENGTH]) -> Self {
        Self(bytes.map(|byte| letter(byte & 31)))
    }

    fn from_typed(typed: &[u8]) -> Option<Self> {
        canonical(typed).map(Self)
    }

    pub(crate) fn letters(&self) -> &[u8] {
        &self.0
    }

    /// The code in the form in which it is shown: `ABCDE-FGHJK`.
    #[must_use]
    pub fn to_printed(&self) -> String {
        in_groups(&self.0, BACKUP_LENGTH / 2)
    }
}

/// A host recovery code in its canonical letters. It has no `Debug`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct RecoveryCode([u8; RECOVERY_LENGTH]);

impl RecoveryCode {
    /// A code from random bytes, with five bits of each.
    pub(crate) fn from_random(bytes: [u8; RECOVERY_LENGTH]) -> Self {
        Self(bytes.map(|byte| letter(byte & 31)))
    }

    fn from_typed(typed: &[u8]) -> Option<Self> {
        canonical(typed).map(Self)
    }

    pub(crate) fn letters(&self) -> &[u8] {
        &self.0
    }

    /// The code in the form in which it is shown: `ABCD-EFGH-JKMN-PQRS`.
    #[must_use]
    pub fn to_printed(&self) -> String {
        in_groups(&self.0, RECOVERY_LENGTH / 4)
    }
}

/// The letters of a typed code: upper case, and without lookalikes.
fn canonical<const LENGTH: usize>(typed: &[u8]) -> Option<[u8; LENGTH]> {
    let mut canonical = [0; LENGTH];
    for (place, byte) in canonical.iter_mut().zip(typed) {
        *place = match byte.to_ascii_uppercase() {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            other if CROCKFORD.contains(&other) => other,
            _ => return None,
        };
    }
    (typed.len() == LENGTH).then_some(canonical)
}

/// Letters in groups of this size, with dashes between them.
fn in_groups(letters: &[u8], size: usize) -> String {
    // Enough for all dashes: a buffer that grows would leave copies.
    let mut printed = String::with_capacity(2 * letters.len());
    for (place, group) in letters.chunks(size).enumerate() {
        if place > 0 {
            printed.push('-');
        }
        printed.extend(group.iter().copied().map(char::from));
    }
    printed
}

fn letter(value: u8) -> u8 {
    CROCKFORD.get(usize::from(value)).copied().unwrap_or(b'0')
}

/// Input that is ready to be checked: a backup code is hashed with the parameters of the account's
/// set.
pub enum Credential {
    /// A one-time code.
    Code(Code),
    /// Eight digits, which may also be an imported backup code, of which this is the hash.
    CodeOrBackup(Code, Hashed),
    /// A backup code with its hash; `None` where there was no set to hash it for, or no need to.
    Backup(BackupCode, Option<Hashed>),
    /// A host recovery code that was typed where one is accepted, compared with the one of the host.
    Recovery(Match<()>),
    /// The input does not have the form of a code.
    Malformed,
    /// No input: the user gives up.
    Empty,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kind(typed: &str) -> &'static str {
        match Input::parse(typed) {
            Input::Code(_) => "code",
            Input::Backup(_) => "backup",
            Input::Recovery(_) => "recovery",
            Input::Malformed => "nonsense",
            Input::Empty => "nothing",
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
            ("ABCD-EFGH-JKMN-PQRS", "recovery"),
            ("abcd efgh jkmn pqrs", "recovery"),
            ("0123456789012345", "recovery"),
            ("ABCD-EFGH-JKMN-PQR", "nonsense"),
            ("ABCD-EFGH-JKMN-PQRST", "nonsense"),
            ("ABCD-EFGH-JKMN-PQRU", "nonsense"),
            ("correct horse battery staple", "nonsense"),
            ("", "nothing"),
            ("  - ", "nothing"),
            ("123\u{a0}456", "code"),
            ("123\u{202f}456", "code"),
            ("123\u{2007}456", "code"),
            ("\u{feff}123456\u{200b}", "code"),
            ("\u{200e}12\u{2060}34\u{200d}56", "code"),
            ("123\u{2013}456", "code"),
            ("ABCDE\u{2011}FGHJK", "backup"),
            ("ABCDE\u{2212}FGHJK", "backup"),
            ("ABC\u{ad}DE\u{ff0d}FGHJK", "backup"),
            ("\u{ff11}\u{ff12}\u{ff13}\u{3000}456", "code"),
            ("\u{ff21}BCDE-FGHJ\u{ff4b}", "backup"),
            ("\u{200b}\u{feff}\u{2014}", "nothing"),
            ("123\u{202e}456", "nonsense"),
            ("\u{2067}123 456\u{2069}", "nonsense"),
            ("123\u{200f}456", "nonsense"),
            ("12345\u{b2}", "nonsense"),
            ("12345\u{436}", "nonsense"),
            ("ABCDE\u{30fc}FGHJK", "nonsense"),
        ] {
            assert_eq!(kind(typed), expected, "{typed:?}");
        }
    }

    /// Characters that people and programs put between the characters of a code.
    const FILLERS: &str = " \t-\u{a0}\u{202f}\u{2007}\u{2009}\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\
                           \u{2212}\u{ff0d}\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{ad}";

    fn canonical(typed: &str) -> Option<String> {
        match Input::parse(typed) {
            Input::Code(code) => Some(code.digits().to_owned()),
            Input::Backup(code) => Some(code.to_printed()),
            Input::Recovery(code) => Some(code.to_printed()),
            Input::Malformed | Input::Empty => None,
        }
    }

    proptest! {
        #[test]
        fn fillers_change_no_code(
            code in "[0-9]{6}|[0-9]{8}|[0-9A-HJKMNP-TV-Z]{10}|[0-9A-HJKMNP-TV-Z]{16}",
            fillers in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..12),
        ) {
            let all: Vec<char> = FILLERS.chars().collect();
            let mut typed: Vec<char> = code.chars().collect();
            for (place, filler) in fillers {
                typed.insert(place.index(typed.len() + 1), all[filler.index(all.len())]);
            }
            let typed: String = typed.into_iter().collect();
            prop_assert_eq!(canonical(&typed), canonical(&code));
        }

        #[test]
        fn a_code_is_made_of_the_letters_and_digits_that_were_typed(typed in "(\\PC|[0-9]|[A-Z]){0,20}") {
            if let Some(code) = canonical(&typed) {
                let wide = |one: char| char::from_u32(u32::from(one) + 0xfee0).unwrap();
                let lookalikes = |one: char| match one {
                    '0' => "0oO".to_owned(),
                    '1' => "1iIlL".to_owned(),
                    other => other.to_string() + &other.to_lowercase().to_string(),
                };
                let mut meant = typed.chars().filter(|one| !is_filler(narrow(*one)));
                for one in code.chars().filter(|one| *one != '-') {
                    let fits = |typed: char| {
                        lookalikes(one).chars().any(|like| typed == like || typed == wide(like))
                    };
                    prop_assert!(meant.next().is_some_and(fits), "{:?} is read as {}", typed, code);
                }
                prop_assert_eq!(meant.next(), None);
            }
        }
    }

    #[test]
    fn backup_code_ignores_case_dash_and_lookalike_letters() {
        let read = |typed| match Input::parse(typed) {
            Input::Backup(code) => code.to_printed(),
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
        assert!(matches!(Input::parse(&code.to_printed()), Input::Backup(_)));
    }
}
