//! QR codes: as characters for a dark terminal, and as pictures.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};
use zeroize::Zeroizing;

/// A QR code.
pub(crate) struct Qr {
    modules: Zeroizing<Vec<bool>>,
    width: usize,
}

/// The characters that a QR code is drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// UTF-8 half blocks: two modules in a character, one above the other.
    HalfBlocks,
    /// ASCII: two characters a module.
    Ascii,
}

/// A QR code in characters, with a line feed after each row.
pub(crate) struct Drawing {
    pub(crate) text: Zeroizing<String>,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

// White on black whatever the colours of the window are: a code with light and dark exchanged is
// not read by every camera.
const LIGHT_ON_DARK: &str = "\x1b[97;40m";
const LIGHT_GROUND: &str = "\x1b[107m";
const DARK_GROUND: &str = "\x1b[40m";
const PLAIN: &str = "\x1b[0m";

impl Qr {
    /// Widths of the margin, best first. Four modules is the standard's; cameras cope with less,
    /// and that makes the code fit a smaller window.
    pub(crate) const QUIET: [usize; 4] = [4, 3, 2, 1];

    /// The code for a text, as small as it gets; `None` where the text is too long for any.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
        let width = code.width();
        let dark = code.into_colors().into_iter().map(|c| c == Color::Dark);
        Some(Self {
            modules: Zeroizing::new(dark.collect()),
            width,
        })
    }

    /// The code in characters, light on dark.
    pub(crate) fn drawing(&self, style: Style, quiet: usize, colours: bool) -> Drawing {
        let side = self.width + 2 * quiet;
        let lines = match style {
            Style::HalfBlocks => side.div_ceil(2),
            Style::Ascii => side,
        };
        let mut text = Zeroizing::new(String::with_capacity(lines * (side * 8 + 16)));
        for line in 0..lines {
            match style {
                Style::HalfBlocks => self.half_blocks(&mut text, line, quiet, colours),
                Style::Ascii => self.ascii(&mut text, line, quiet, colours),
            }
            text.push('\n');
        }
        Drawing {
            text,
            rows: lines,
            columns: match style {
                Style::HalfBlocks => side,
                Style::Ascii => 2 * side,
            },
        }
    }

    fn half_blocks(&self, text: &mut String, line: usize, quiet: usize, colours: bool) {
        let side = self.width + 2 * quiet;
        if colours {
            text.push_str(LIGHT_ON_DARK);
        }
        for x in 0..side {
            let upper = self.is_light(x, 2 * line, quiet);
            // Below the last row of an odd number there is nothing to draw.
            let lower = 2 * line + 1 < side && self.is_light(x, 2 * line + 1, quiet);
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

    fn ascii(&self, text: &mut String, line: usize, quiet: usize, colours: bool) {
        let mut last = None;
        for x in 0..self.width + 2 * quiet {
            let light = self.is_light(x, line, quiet);
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

    /// Whether a module is light; the margin is.
    fn is_light(&self, x: usize, y: usize, quiet: usize) -> bool {
        let inside = |at: usize| at.checked_sub(quiet).filter(|at| *at < self.width);
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => self.modules.get(y * self.width + x) != Some(&true),
            _ => true,
        }
    }

    /// A grey picture, eight pixels a module.
    pub(crate) fn png(&self) -> Zeroizing<Vec<u8>> {
        const SCALE: usize = 8;
        let [quiet, ..] = Self::QUIET;
        let side = (self.width + 2 * quiet) * SCALE;
        let mut pixels = Zeroizing::new(Vec::with_capacity(side * side));
        for y in 0..side {
            for x in 0..side {
                let light = self.is_light(x / SCALE, y / SCALE, quiet);
                pixels.push(if light { 255 } else { 0 });
            }
        }
        let mut file = Zeroizing::new(Vec::new());
        let pixels_wide = u32::try_from(side).unwrap_or(u32::MAX);
        let mut encoder = png::Encoder::new(&mut *file, pixels_wide, pixels_wide);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        // Writing into memory, in the size announced, does not fail.
        let _ = encoder
            .write_header()
            .and_then(|mut writer| writer.write_image_data(&pixels));
        file
    }

    /// A picture of any size.
    pub(crate) fn svg(&self) -> Zeroizing<String> {
        let [quiet, ..] = Self::QUIET;
        let side = self.width + 2 * quiet;
        let mut svg = Zeroizing::new(format!(
            "<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" \
             width=\"{size}\" height=\"{size}\" viewBox=\"0 0 {side} {side}\" \
             shape-rendering=\"crispEdges\">\n\
             <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/>\n<path fill=\"#000\" d=\"",
            size = side * 8,
        ));
        for y in 0..side {
            for x in (0..side).filter(|x| !self.is_light(*x, y, quiet)) {
                // Writing into memory does not fail.
                let _ = write!(svg, "M{x} {y}h1v1h-1z");
            }
        }
        svg.push_str("\"/>\n</svg>\n");
        svg
    }
}
