//! The pages of the enrollment in a login: the QR code, the link and the key, the backup codes.
//!
//! Login programs do not report the size of the window. Each page of text fits 40 columns and 24 rows,
//! and so does the QR code, if the names are not long. A QR code has one row above it and one below. Its
//! content follows as text, because not every user can scan it.

use tfa_core::{Authenticator, BackupCode, Picture};
use tfa_text::pages::{self, Cancel, Key, QrHint, Sequence};
use tfa_text::qr::{Qr, Style};
use tfa_text::wrapped;
use zeroize::Zeroizing;

use crate::config::QrStyle;
use crate::messages::{self, Shown};

/// The name of a first authenticator, and the beginning of later default names.
pub const DEFAULT_NAME: &str = "phone";
/// The rows for a QR code on a page of its own.
const ROWS: usize = 22;
/// The columns of a narrow window.
pub(super) const NARROW: usize = 40;
/// The columns of a common window.
pub(crate) const WIDE: usize = 80;

/// A new key, and how to show it.
pub struct Enrollment<'login> {
    /// The key.
    pub authenticator: &'login Authenticator,
    /// The issuer: the host.
    pub issuer: &'login str,
    /// The login name.
    pub user: &'login str,
    /// The form of QR codes.
    pub style: QrStyle,
}

impl Enrollment<'_> {
    /// Whether there is a QR code, and when it is shown.
    #[must_use]
    pub fn picture(&self) -> Picture {
        match self.shown() {
            Shown::Never => Picture::None,
            Shown::First => Picture::First,
            Shown::OnRequest { .. } => Picture::OnWish,
        }
    }

    /// Whether the QR code is shown, and its size if it needs a larger window.
    #[must_use]
    pub fn shown(&self) -> Shown {
        let Some((code, style, quiet)) = self.drawn() else {
            return Shown::Never;
        };
        let (rows, columns) = code.size(style, quiet);
        if rows <= ROWS && columns <= WIDE {
            Shown::First
        } else {
            let rows = rows + 2;
            Shown::OnRequest { rows, columns }
        }
    }

    /// The rows of the page with the QR code.
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
        let (Some(format), Some(secret), Some(uri)) = (
            self.authenticator.format(),
            self.authenticator.secret(),
            self.uri(),
        ) else {
            return Vec::new();
        };
        let key = Key {
            uri: &uri,
            secret: &secret.to_base32(),
            account: self.user,
            issuer: self.issuer,
            algorithm: format.algorithm().name(),
            digits: u32::from(format.digits()),
            sequence: match self.authenticator.counter() {
                Some(next) => Sequence::Counter { next: next.value() },
                None => Sequence::Time {
                    period: self.authenticator.period().unwrap_or(0),
                },
            },
        };
        let hint = match self.shown() {
            Shown::Never => QrHint::None,
            Shown::First => QrHint::ShowAgain,
            Shown::OnRequest { rows, columns } => QrHint::Enlarge { rows, columns },
        };
        let page = pages::key(&key, hint, Cancel::TypeNo, NARROW);
        let mut rows = vec![messages::KEY_HEADING.to_owned()];
        rows.extend(page.lines().map(str::to_owned));
        rows
    }

    fn drawn(&self) -> Option<(Qr, Style, usize)> {
        let style = match self.style {
            QrStyle::None => return None,
            QrStyle::Utf8 => Style::HalfBlocks,
            QrStyle::Ascii => Style::Ascii,
        };
        let code = Qr::new(&self.uri()?)?;
        let mut quiet = code.quiet_for(style, ROWS, NARROW);
        if code.size(style, quiet).1 > NARROW {
            quiet = code.quiet_for(style, ROWS, WIDE);
        }
        Some((code, style, quiet))
    }

    fn uri(&self) -> Option<Zeroizing<String>> {
        self.authenticator.uri(self.issuer, self.user)
    }
}

/// The rows of the page with the backup codes.
#[must_use]
pub fn backup_codes_page(codes: &[BackupCode]) -> Vec<String> {
    let codes: Vec<_> = codes.iter().map(BackupCode::to_printed).collect();
    let mut rows = narrow(&[messages::ENROLLED.to_owned()]);
    rows.extend(
        pages::backup_codes(&codes, NARROW)
            .lines()
            .map(str::to_owned),
    );
    rows.push(String::new());
    rows
}

/// The paragraphs in rows for a narrow window.
#[must_use]
pub fn narrow(paragraphs: &[String]) -> Vec<String> {
    let text = wrapped(&paragraphs.join("\n"), NARROW);
    text.lines().map(str::to_owned).collect()
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
        let authenticator = Authenticator::totp("phone", Parameters::default(), key);
        check(&Enrollment {
            authenticator: &authenticator,
            issuer,
            user: "alice",
            style,
        });
    }

    #[test]
    fn qr_code_and_question_fit_24_rows() {
        with(QrStyle::Utf8, |enrollment| {
            let page = enrollment.picture_page();
            assert!(page.len() < 24, "{}", page.len());
            assert!(page.iter().all(|row| row.chars().count() <= NARROW));
            assert_eq!(enrollment.picture(), Picture::First);
        });
    }

    #[test]
    fn link_and_key_fit_24_rows() {
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
    fn an_ascii_qr_code_is_shown_on_request_with_its_size() {
        with(QrStyle::Ascii, |enrollment| {
            assert_eq!(enrollment.picture(), Picture::OnWish);
            let Shown::OnRequest { rows, columns } = enrollment.shown() else {
                panic!("{:?}", enrollment.shown());
            };
            let page = enrollment.picture_page();
            assert_eq!(page.len() + 1, rows);
            assert!(page.concat().is_ascii() && columns <= 80);
        });
    }

    #[test]
    fn a_qr_code_too_large_for_the_window_is_shown_on_request() {
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
    fn a_narrow_page_does_not_break_the_groups_of_a_key() {
        with(QrStyle::Utf8, |enrollment| {
            let page = enrollment.key_page();
            let words = page.iter().flat_map(|row| row.split_whitespace());
            let groups = words.filter(|word| ["LJNF", "UWS2"].contains(word));
            assert_eq!(groups.count(), 8, "{page:#?}");
            let long = |row: &&String| row.len() > NARROW && !row.starts_with("otpauth://");
            assert_eq!(page.iter().find(long), None);
        });
    }
}
