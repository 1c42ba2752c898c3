//! The layout of a new key in the window: QR code, link and key on one page; or the QR code on a
//! page of its own; or link and key alone, with a hint how to get the QR code.

use tfa_client::plain;
use tfa_proto::PendingAuthenticator;
use tfa_text::pages::{self, Cancel, Key, QrHint, Sequence};
use tfa_text::qr::{Qr, Style};
use tfa_text::wrapped;
use zeroize::Zeroizing;

use crate::args::QrForm;
use crate::messages;

/// What is shown, and the capabilities of the terminal.
pub(crate) struct Layout<'a> {
    pub(crate) pending: &'a PendingAuthenticator,
    pub(crate) form: Option<&'a QrForm>,
    pub(crate) code: Option<&'a Qr>,
    pub(crate) utf8: bool,
    pub(crate) styled: bool,
}

/// The pages. They contain the key.
pub(crate) enum Pages {
    /// QR code (or why there is none), link and key on one page.
    One(Zeroizing<String>),
    /// The QR code, then link and key.
    Two {
        drawing: Zeroizing<String>,
        key: Zeroizing<String>,
    },
}

impl Pages {
    /// The page on which the code is asked for.
    pub(crate) fn last(&self) -> &str {
        match self {
            Self::One(page) | Self::Two { key: page, .. } => page,
        }
    }
}

/// Rows below a page: a note of up to three rows, an empty row, the prompt.
const FOOT: usize = 5;
/// The row below a page with the QR code alone.
const PROMPT: usize = 1;

impl Layout<'_> {
    /// The pages for a window of this size.
    pub(crate) fn pages(&self, (rows, columns): (usize, usize)) -> Pages {
        let style = match self.form {
            Some(QrForm::Png(path) | QrForm::Svg(path)) => {
                let path = plain(&path.display().to_string(), false);
                return self.without_qr(columns, &messages::qr_in_file(&path));
            }
            Some(QrForm::None) => return self.without_qr(columns, ""),
            Some(QrForm::Utf8) => Style::HalfBlocks,
            Some(QrForm::Ascii) => Style::Ascii,
            None if self.utf8 => Style::HalfBlocks,
            None => Style::Ascii,
        };
        let Some(code) = self.code else {
            return self.without_qr(columns, messages::NO_QR);
        };
        let key = self.key(columns, QrHint::ShowAgain);
        let below = height(&key, columns) + FOOT;
        let draw = |foot: usize| {
            let quiet = code.quiet_for(style, rows.saturating_sub(foot), columns);
            let drawing = code.drawing(style, quiet, self.styled);
            let fits = drawing.rows + foot <= rows && drawing.columns <= columns;
            (drawing, fits)
        };
        if let (drawing, true) = draw(below) {
            let mut page = drawing.text;
            page.push_str(&self.key(columns, QrHint::None));
            return Pages::One(page);
        }
        let (drawing, fits) = draw(PROMPT);
        if fits {
            let drawing = drawing.text;
            return Pages::Two { drawing, key };
        }
        let needed = (drawing.rows + PROMPT, drawing.columns);
        if self.form.is_some() {
            // The user chose the form: shown even if it does not fit.
            let text = messages::qr_scrolls(needed, (rows, columns));
            let mut page = Zeroizing::new(wrapped(&text, columns));
            page.push_str(&drawing.text);
            return Pages::Two { drawing: page, key };
        }
        let too_large = match style {
            Style::HalfBlocks => messages::qr_too_large,
            Style::Ascii => messages::ascii_qr_too_large,
        };
        self.without_qr(columns, &too_large(needed, (rows, columns)))
    }

    /// A page without the QR code, and why.
    fn without_qr(&self, columns: usize, reason: &str) -> Pages {
        let mut page = Zeroizing::new(String::new());
        if !reason.is_empty() {
            page.push_str(&wrapped(reason, columns));
            page.push_str("\n\n");
        }
        page.push_str(&self.key(columns, QrHint::None));
        Pages::One(page)
    }

    /// Link and key, and an empty row.
    fn key(&self, columns: usize, hint: QrHint) -> Zeroizing<String> {
        let pending = self.pending;
        let ascii = |text: &str| Zeroizing::new(plain(text, false));
        let key = Key {
            uri: &ascii(&pending.uri),
            secret: &pending.secret,
            account: &ascii(&pending.account),
            issuer: &ascii(&pending.issuer),
            algorithm: &ascii(pending.algorithm.name()),
            digits: pending.digits,
            sequence: match (pending.counter, pending.period) {
                (Some(next), _) => Sequence::Counter { next },
                (None, period) => Sequence::Time {
                    period: period.unwrap_or(0),
                },
            },
        };
        let mut page = pages::key(&key, hint, Cancel::CtrlC, columns);
        page.push('\n');
        page
    }
}

/// The rows of a text in a window with so many columns.
pub(crate) fn height(text: &str, columns: usize) -> usize {
    text.lines()
        .map(|line| line.chars().count().div_ceil(columns.max(1)).max(1))
        .sum()
}
