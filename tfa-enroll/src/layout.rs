//! What of an offer goes where: everything at once where the window is large enough, else the QR
//! code on a page of its own, else link and key alone, with the way to a QR code.

use tfa_proto::Offer;
use tfa_text::qr::{Qr, Style};
use tfa_text::wrapped;
use zeroize::Zeroizing;

use crate::args::QrForm;
use crate::texts;

/// What there is to show, and on what.
pub(crate) struct Layout<'a> {
    pub(crate) offer: &'a Offer,
    pub(crate) form: Option<&'a QrForm>,
    pub(crate) code: Option<&'a Qr>,
    pub(crate) utf8: bool,
    pub(crate) styled: bool,
}

/// The pages, which hold the key.
pub(crate) enum Pages {
    /// QR code (or the reason why there is none), link and key together.
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

/// Rows below a page: a note of up to three rows, a blank one, the prompt.
const FOOT: usize = 5;
/// The row below the QR code on a page of its own.
const PROMPT: usize = 1;

impl Layout<'_> {
    /// The pages for a window of so many rows and columns.
    pub(crate) fn pages(&self, (rows, columns): (usize, usize)) -> Pages {
        let style = match self.form {
            Some(QrForm::Png(path) | QrForm::Svg(path)) => {
                return self.alone(columns, &texts::qr_in_file(&path.display().to_string()));
            }
            Some(QrForm::None) => return self.alone(columns, ""),
            Some(QrForm::Utf8) => Style::HalfBlocks,
            Some(QrForm::Ascii) => Style::Ascii,
            None if self.utf8 => Style::HalfBlocks,
            None => Style::Ascii,
        };
        let Some(code) = self.code else {
            return self.alone(columns, texts::NO_QR);
        };
        let key = self.key(columns, true);
        let below = height(&key, columns) + FOOT;
        let draw = |foot: usize| {
            let quiet = code.quiet_for(style, rows.saturating_sub(foot), columns);
            let drawing = code.drawing(style, quiet, self.styled);
            let fits = drawing.rows + foot <= rows && drawing.columns <= columns;
            (drawing, fits)
        };
        if let (drawing, true) = draw(below) {
            let mut page = drawing.text;
            page.push_str(&self.key(columns, false));
            return Pages::One(page);
        }
        let (drawing, fits) = draw(PROMPT);
        if fits {
            let drawing = drawing.text;
            return Pages::Two { drawing, key };
        }
        let need = (drawing.rows + PROMPT, drawing.columns);
        if self.form.is_some() {
            // Asked for by name: shown, although it takes scrolling back or smaller letters.
            let mut page =
                Zeroizing::new(wrapped(&texts::qr_scrolls(need, (rows, columns)), columns));
            page.push_str(&drawing.text);
            return Pages::Two { drawing: page, key };
        }
        self.alone(
            columns,
            &texts::qr_too_large(need, (rows, columns), style == Style::Ascii),
        )
    }

    /// No QR code here, for that reason.
    fn alone(&self, columns: usize, reason: &str) -> Pages {
        let mut page = Zeroizing::new(String::new());
        if !reason.is_empty() {
            page.push_str(&wrapped(reason, columns));
            page.push_str("\n\n");
        }
        page.push_str(&self.key(columns, false));
        Pages::One(page)
    }

    /// Link and key.
    fn key(&self, columns: usize, again: bool) -> Zeroizing<String> {
        let page = texts::key_page(self.offer, again);
        Zeroizing::new(wrapped(&page, columns))
    }
}

/// How many rows a text takes in a window of so many columns.
pub(crate) fn height(text: &str, columns: usize) -> usize {
    text.lines()
        .map(|line| line.chars().count().div_ceil(columns.max(1)).max(1))
        .sum()
}
