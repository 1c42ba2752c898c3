//! What the set-up inside a login shows: the QR code, the link and the key, the backup codes.
//!
//! 40 columns and 24 rows are enough for each page of text, and for the QR code where the names are
//! not long: how wide the window is, no login program tells. A QR code stands alone with one row above
//! it and one below, and what it says follows as text: nobody depends on a picture.

use tfa_core::{Authenticator, BackupCode, Picture};
use tfa_text::qr::{Qr, Style};
use tfa_text::wrapped;
use zeroize::Zeroizing;

use crate::config::QrStyle;
use crate::messages::{self, Shown};

/// The rows of a QR code on a page of its own.
const ROWS: usize = 22;
/// The columns of a narrow window, and of a usual one.
const NARROW: usize = 40;
const USUAL: usize = 80;

/// A key on its way to a phone.
pub struct Enrollment<'login> {
    /// The key.
    pub authenticator: &'login Authenticator,
    /// Who issues it: the host.
    pub issuer: &'login str,
    /// Whose it is.
    pub user: &'login str,
    /// How QR codes are drawn.
    pub style: QrStyle,
}

impl Enrollment<'_> {
    /// Whether there is a QR code, and when it is shown.
    #[must_use]
    pub fn picture(&self) -> Picture {
        match self.shown() {
            Shown::Never => Picture::None,
            Shown::First => Picture::First,
            Shown::OnWish { .. } => Picture::OnWish,
        }
    }

    /// The same, with the size that one on wish takes.
    #[must_use]
    pub fn shown(&self) -> Shown {
        let Some((code, style, quiet)) = self.drawn() else {
            return Shown::Never;
        };
        let (rows, columns) = code.size(style, quiet);
        if rows <= ROWS && columns <= USUAL {
            Shown::First
        } else {
            let rows = rows + 2;
            Shown::OnWish { rows, columns }
        }
    }

    /// The rows of the QR code's page.
    #[must_use]
    pub fn picture_page(&self) -> Vec<String> {
        let mut rows = vec![messages::QR_HEADING.to_owned()];
        if let Some((code, style, quiet)) = self.drawn() {
            let (_, columns) = code.size(style, quiet);
            if columns > NARROW {
                rows = vec![messages::wide_qr_heading(columns)];
            }
            rows.extend(code.rows(style, quiet).iter().map(|row| row.to_string()));
        }
        rows
    }

    /// The rows of the page with link and key.
    #[must_use]
    pub fn key_page(&self) -> Vec<String> {
        narrow(messages::key_page(
            &self.uri(),
            self.user,
            self.issuer,
            &grouped(&self.authenticator.secret().to_base32()),
            self.shown(),
        ))
    }

    fn drawn(&self) -> Option<(Qr, Style, usize)> {
        let style = match self.style {
            QrStyle::None => return None,
            QrStyle::Utf8 => Style::HalfBlocks,
            QrStyle::Ascii => Style::Ascii,
        };
        let code = Qr::new(&self.uri())?;
        let mut quiet = code.quiet_for(style, ROWS, NARROW);
        if code.size(style, quiet).1 > NARROW {
            quiet = code.quiet_for(style, ROWS, USUAL);
        }
        Some((code, style, quiet))
    }

    fn uri(&self) -> Zeroizing<String> {
        self.authenticator.uri(self.issuer, self.user)
    }
}

/// The rows of the page with the backup codes.
#[must_use]
pub fn backup_codes_page(codes: &[BackupCode]) -> Vec<String> {
    let mut rows = narrow(messages::backup_codes_heading(codes.len()));
    rows.push(String::new());
    rows.extend(codes.iter().enumerate().map(|(place, code)| {
        let number = place + 1;
        format!("{number:>4}  {}", code.to_printed())
    }));
    rows.push(String::new());
    rows
}

/// Rows that a narrow window shows without breaking a word. The link stays whole, for it is copied.
#[must_use]
pub fn narrow(rows: Vec<String>) -> Vec<String> {
    let text = Zeroizing::new(wrapped(&Zeroizing::new(rows.join("\n")), NARROW));
    text.split('\n').map(str::to_owned).collect()
}

/// The key in groups of four, as it is easiest to type.
fn grouped(key: &str) -> Zeroizing<String> {
    let mut grouped = Zeroizing::new(String::with_capacity(key.len() + key.len() / 4));
    for (place, letter) in key.chars().enumerate() {
        if place > 0 && place % 4 == 0 {
            grouped.push(' ');
        }
        grouped.push(letter);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use tfa_core::{Parameters, Secret};

    use super::*;

    fn with(style: QrStyle, check: impl FnOnce(&Enrollment<'_>)) {
        with_issuer("host.example.org", style, check);
    }

    fn with_issuer(issuer: &str, style: QrStyle, check: impl FnOnce(&Enrollment<'_>)) {
        let key = Secret::new(&[0x5a; 20]).unwrap();
        let authenticator = Authenticator::new("phone".to_owned(), Parameters::default(), key);
        check(&Enrollment {
            authenticator: &authenticator,
            issuer,
            user: "alice",
            style,
        });
    }

    #[test]
    fn the_qr_code_and_its_question_fit_a_window_of_24_rows() {
        with(QrStyle::Utf8, |enrollment| {
            let page = enrollment.picture_page();
            assert!(page.len() < 24, "{}", page.len());
            assert!(page.iter().all(|row| row.chars().count() <= NARROW));
            assert_eq!(enrollment.picture(), Picture::First);
        });
    }

    #[test]
    fn link_and_key_and_backup_codes_fit_a_window_of_24_rows() {
        with(QrStyle::None, |enrollment| {
            let rows = enrollment.key_page();
            let wrapped = rows.iter().map(|row| row.len().div_ceil(80).max(1));
            assert!(wrapped.sum::<usize>() < 20, "{rows:#?}");
            assert!(rows.concat().contains("LJNF UWS2"), "{rows:#?}");
            let long = |row: &&String| row.len() > NARROW && !row.starts_with("otpauth://");
            assert_eq!(rows.iter().find(long), None);
            assert_eq!(enrollment.picture(), Picture::None);
        });
    }

    #[test]
    fn a_qr_code_in_ascii_is_shown_on_wish_with_the_size_that_it_takes() {
        with(QrStyle::Ascii, |enrollment| {
            assert_eq!(enrollment.picture(), Picture::OnWish);
            let Shown::OnWish { rows, columns } = enrollment.shown() else {
                panic!("{:?}", enrollment.shown());
            };
            let page = enrollment.picture_page();
            assert_eq!(page.len() + 1, rows);
            assert!(page.concat().is_ascii() && columns <= 80);
        });
    }

    #[test]
    fn a_qr_code_that_long_names_make_too_large_for_the_window_is_shown_on_wish() {
        let issuer = "The Department of Redundancy and Repetition, Example Limited";
        with_issuer(issuer, QrStyle::Utf8, |enrollment| {
            assert_eq!(enrollment.picture(), Picture::OnWish);
            let page = enrollment.key_page().join(" ");
            assert!(page.contains("type qr"), "{page}");
            let heading = &enrollment.picture_page()[0];
            assert!(heading.ends_with("columns):"), "{heading}");
        });
        with_issuer(issuer, QrStyle::None, |enrollment| {
            let page = enrollment.key_page().concat();
            assert!(!page.contains("QR code"), "{page}");
        });
    }

    #[test]
    fn a_narrow_page_breaks_between_the_groups_of_a_key() {
        let key = ["LJNF UWS2"; 4].join(" ");
        let link = "otpauth://totp/host:alice";
        let page = narrow(messages::key_page(
            link,
            "alice",
            "host",
            &key,
            Shown::First,
        ));
        let words = page.iter().flat_map(|row| row.split_whitespace());
        let groups = words.filter(|word| ["LJNF", "UWS2"].contains(word));
        assert_eq!(groups.count(), 8, "{page:#?}");
        assert!(page.iter().all(|row| row.len() <= NARROW), "{page:#?}");
    }
}
