//! QR codes as characters for a dark terminal: with colours for the page of a command, without for
//! a login program, which shows one row as one message.

use qrcode::{Color, EcLevel, QrCode};
use zeroize::Zeroizing;

/// A QR code. Its content may be secret: it has no `Debug`, and is wiped when dropped.
pub struct Qr {
    modules: Zeroizing<Vec<bool>>,
    width: usize,
}

/// The characters that a QR code is drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// UTF-8 half blocks: two modules in a character, one above the other.
    HalfBlocks,
    /// ASCII: two characters for each module.
    Ascii,
}

/// A QR code in characters.
pub struct Drawing {
    /// The rows, with a line feed after each.
    pub text: Zeroizing<String>,
    /// The number of rows.
    pub rows: usize,
    /// The number of columns of each row.
    pub columns: usize,
}

// White on black, independent of the colours of the window: some cameras cannot read an inverted code.
const LIGHT_ON_DARK: &str = "\x1b[97;40m";
const LIGHT_GROUND: &str = "\x1b[107m";
const DARK_GROUND: &str = "\x1b[40m";
const PLAIN: &str = "\x1b[0m";

impl Qr {
    /// Widths of the margin in modules, best first. The standard requires 4. Cameras also read narrower
    /// ones, which fit a smaller window.
    pub const QUIET: [usize; 4] = [4, 3, 2, 1];

    /// The smallest code for a text; `None` if the text is too long for a QR code.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
        let width = code.width();
        let dark = code.into_colors().into_iter().map(|c| c == Color::Dark);
        Some(Self {
            modules: Zeroizing::new(dark.collect()),
            width,
        })
    }

    /// The width and height in modules, with the margin.
    #[must_use]
    pub fn side(&self, quiet: usize) -> usize {
        self.width + 2 * quiet
    }

    /// Whether a module is light. Coordinates include the margin, which is light.
    #[must_use]
    pub fn is_light(&self, x: usize, y: usize, quiet: usize) -> bool {
        let inside = |at: usize| at.checked_sub(quiet).filter(|at| *at < self.width);
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => self.modules.get(y * self.width + x) != Some(&true),
            _ => true,
        }
    }

    /// The rows and columns of the drawing.
    #[must_use]
    pub fn size(&self, style: Style, quiet: usize) -> (usize, usize) {
        let side = self.side(quiet);
        match style {
            Style::HalfBlocks => (side.div_ceil(2), side),
            Style::Ascii => (side, 2 * side),
        }
    }

    /// The widest margin with which the code fits the window; the narrowest if it does not fit.
    #[must_use]
    pub fn quiet_for(&self, style: Style, rows: usize, columns: usize) -> usize {
        let [.., narrowest] = Self::QUIET;
        let fits = |quiet: &usize| {
            let (high, wide) = self.size(style, *quiet);
            high <= rows && wide <= columns
        };
        Self::QUIET.into_iter().find(fits).unwrap_or(narrowest)
    }

    /// The code in characters, light on dark.
    #[must_use]
    pub fn drawing(&self, style: Style, quiet: usize, colours: bool) -> Drawing {
        let (rows, columns) = self.size(style, quiet);
        let longest = self.side(quiet) * 8 + 16;
        // Of the full size at once: a string that grows leaves copies behind.
        let mut text = Zeroizing::new(String::with_capacity(rows * longest));
        for row in 0..rows {
            self.row(&mut text, style, row, quiet, colours);
            text.push('\n');
        }
        Drawing {
            text,
            rows,
            columns,
        }
    }

    /// The rows of the drawing without colours, for a dark terminal. A row of a code for up to 2400
    /// bytes is shorter than the 512 bytes of a PAM message.
    #[must_use]
    pub fn rows(&self, style: Style, quiet: usize) -> Vec<Zeroizing<String>> {
        let (rows, _) = self.size(style, quiet);
        let longest = self.side(quiet) * 3;
        (0..rows)
            .map(|row| {
                let mut text = Zeroizing::new(String::with_capacity(longest));
                self.row(&mut text, style, row, quiet, false);
                text
            })
            .collect()
    }

    fn row(&self, text: &mut String, style: Style, row: usize, quiet: usize, colours: bool) {
        match style {
            Style::HalfBlocks => self.half_blocks(text, row, quiet, colours),
            Style::Ascii => self.ascii(text, row, quiet, colours),
        }
    }

    fn half_blocks(&self, text: &mut String, row: usize, quiet: usize, colours: bool) {
        let side = self.side(quiet);
        if colours {
            text.push_str(LIGHT_ON_DARK);
        }
        for x in 0..side {
            let upper = self.is_light(x, 2 * row, quiet);
            // With an odd height, the lower half of the last row is empty.
            let lower = 2 * row + 1 < side && self.is_light(x, 2 * row + 1, quiet);
            text.push(match (upper, lower) {
                (true, true) => '\u{2588}',
                (true, false) => '\u{2580}',
                (false, true) => '\u{2584}',
                (false, false) => ' ',
            });
        }
        if colours {
            text.push_str(PLAIN);
        }
    }

    fn ascii(&self, text: &mut String, row: usize, quiet: usize, colours: bool) {
        let mut last = None;
        for x in 0..self.side(quiet) {
            let light = self.is_light(x, row, quiet);
            if colours && last != Some(light) {
                text.push_str(if light { LIGHT_GROUND } else { DARK_GROUND });
                last = Some(light);
            }
            text.push_str(if light && !colours { "##" } else { "  " });
        }
        if colours {
            text.push_str(PLAIN);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URI: &str =
        "otpauth://totp/host:alice?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=host";

    fn shows_light(rows: &[Zeroizing<String>], style: Style, x: usize, y: usize) -> bool {
        match style {
            Style::HalfBlocks => match rows[y / 2].chars().nth(x) {
                Some('\u{2588}') => true,
                Some('\u{2580}') => y.is_multiple_of(2),
                Some('\u{2584}') => !y.is_multiple_of(2),
                Some(' ') => false,
                other => panic!("{other:?}"),
            },
            Style::Ascii => match rows[y].get(2 * x..2 * x + 2) {
                Some("##") => true,
                Some("  ") => false,
                other => panic!("{other:?}"),
            },
        }
    }

    #[test]
    fn without_colours_only_light_modules_are_drawn() {
        let code = QrCode::with_error_correction_level(URI, EcLevel::L).unwrap();
        let drawn = Qr::new(URI).unwrap();
        for style in [Style::HalfBlocks, Style::Ascii] {
            for quiet in Qr::QUIET {
                let rows = drawn.rows(style, quiet);
                let inside = quiet..quiet + code.width();
                let side = drawn.side(quiet);
                for (x, y) in (0..side * side).map(|at| (at % side, at / side)) {
                    let margin = !inside.contains(&x) || !inside.contains(&y);
                    let light = margin || code[(x - quiet, y - quiet)] == Color::Light;
                    assert_eq!(shows_light(&rows, style, x, y), light, "{style:?} {x} {y}");
                }
            }
        }
    }

    #[test]
    fn rows_equal_the_drawing_without_colours() {
        let code = Qr::new(URI).unwrap();
        for style in [Style::HalfBlocks, Style::Ascii] {
            let drawing = code.drawing(style, 2, false);
            let rows = code.rows(style, 2);
            assert_eq!((drawing.rows, drawing.columns), code.size(style, 2));
            assert_eq!(rows.len(), drawing.rows);
            for (row, line) in rows.iter().zip(drawing.text.lines()) {
                assert_eq!(row.as_str(), line);
                assert_eq!(row.chars().count(), drawing.columns);
            }
        }
    }

    #[test]
    fn a_row_fits_a_pam_message() {
        let [widest, ..] = Qr::QUIET;
        for (text, limit) in [(URI.to_owned(), 256), ("x".repeat(2400), 512)] {
            let code = Qr::new(&text).unwrap();
            for style in [Style::HalfBlocks, Style::Ascii] {
                let rows = code.rows(style, widest);
                assert!(
                    rows.iter().all(|row| row.len() < limit),
                    "{style:?} {limit}"
                );
            }
        }
    }

    #[test]
    fn the_widest_margin_that_fits_is_chosen() {
        let code = Qr::new("a").unwrap();
        assert_eq!(code.side(0), 21);
        for (rows, columns, quiet) in [
            (99, 99, 4),
            (15, 29, 4),
            (14, 29, 3),
            (15, 28, 3),
            (13, 25, 2),
            (12, 23, 1),
            (11, 23, 1),
            (0, 0, 1),
        ] {
            let taken = code.quiet_for(Style::HalfBlocks, rows, columns);
            assert_eq!(taken, quiet, "{rows} {columns}");
        }
        assert_eq!(code.quiet_for(Style::Ascii, 29, 58), 4);
        assert_eq!(code.quiet_for(Style::Ascii, 29, 57), 3);
        assert_eq!(code.quiet_for(Style::Ascii, 24, 80), 1);
    }
}
