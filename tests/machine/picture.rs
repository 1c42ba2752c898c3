//! The screen of a terminal as a picture: light text on a dark background.
//!
//! The block characters of QR codes are drawn exactly. For letters only their positions are shown.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use vt100::{Cell, Color, Screen};

use crate::failure::OrFail;

/// The size of a cell in pixels. Half blocks are then squares.
const WIDTH: usize = 8;
const HEIGHT: usize = 16;

type Rgb = [u8; 3];

const TEXT: Rgb = [0xd8, 0xd8, 0xd8];
const GROUND: Rgb = [0x14, 0x14, 0x14];

/// Draws the screen into a PNG file.
pub(crate) fn draw(screen: &Screen, path: &Path) {
    let (rows, columns) = screen.size();
    let (rows, columns) = (usize::from(rows.get()), usize::from(columns.get()));
    let mut canvas = Canvas::new(columns * WIDTH, rows * HEIGHT);
    for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
        let place = (u16::try_from(row), u16::try_from(column));
        let (Ok(y), Ok(x)) = place else { continue };
        if let Some(cell) = screen.cell(y, x) {
            canvas.cell(column * WIDTH, row * HEIGHT, cell);
        }
    }
    canvas.save(path);
}

struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            pixels: GROUND.repeat(width * height),
        }
    }

    fn cell(&mut self, x: usize, y: usize, cell: &Cell) {
        let mut ink = colour(cell.fgcolor(), TEXT);
        let mut ground = colour(cell.bgcolor(), GROUND);
        if cell.inverse() {
            std::mem::swap(&mut ink, &mut ground);
        }
        self.fill(x, y, WIDTH, HEIGHT, ground);
        let (half_width, half_height) = (WIDTH / 2, HEIGHT / 2);
        match cell.contents().chars().next().unwrap_or(' ') {
            ' ' | '\u{a0}' => {}
            '█' | '#' => self.fill(x, y, WIDTH, HEIGHT, ink),
            '▀' => self.fill(x, y, WIDTH, half_height, ink),
            '▄' => self.fill(x, y + half_height, WIDTH, half_height, ink),
            '▌' => self.fill(x, y, half_width, HEIGHT, ink),
            '▐' => self.fill(x + half_width, y, half_width, HEIGHT, ink),
            _ => self.fill(x + 2, y + 5, WIDTH - 4, HEIGHT - 9, ink),
        }
    }

    fn fill(&mut self, x: usize, y: usize, width: usize, height: usize, colour: Rgb) {
        for line in y..y + height {
            let start = (line * self.width + x) * 3;
            if let Some(pixels) = self.pixels.get_mut(start..start + width * 3) {
                for pixel in pixels.as_chunks_mut::<3>().0 {
                    *pixel = colour;
                }
            }
        }
    }

    fn save(&self, path: &Path) {
        let file = File::create(path).or_fail(&format!("write {}", path.display()));
        let size = |length: usize| u32::try_from(length).or_fail("draw so large a screen");
        let mut png = png::Encoder::new(BufWriter::new(file), size(self.width), size(self.height));
        png.set_color(png::ColorType::Rgb);
        png.set_depth(png::BitDepth::Eight);
        png.write_header()
            .and_then(|mut writer| writer.write_image_data(&self.pixels))
            .or_fail(&format!("write {}", path.display()));
    }
}

/// The RGB value with which xterm shows a terminal colour.
fn colour(colour: Color, default: Rgb) -> Rgb {
    const NAMED: [Rgb; 16] = [
        [0x00, 0x00, 0x00],
        [0xcd, 0x00, 0x00],
        [0x00, 0xcd, 0x00],
        [0xcd, 0xcd, 0x00],
        [0x00, 0x00, 0xee],
        [0xcd, 0x00, 0xcd],
        [0x00, 0xcd, 0xcd],
        [0xe5, 0xe5, 0xe5],
        [0x7f, 0x7f, 0x7f],
        [0xff, 0x00, 0x00],
        [0x00, 0xff, 0x00],
        [0xff, 0xff, 0x00],
        [0x5c, 0x5c, 0xff],
        [0xff, 0x00, 0xff],
        [0x00, 0xff, 0xff],
        [0xff, 0xff, 0xff],
    ];
    match colour {
        Color::Default => default,
        Color::Rgb(red, green, blue) => [red, green, blue],
        Color::Idx(index @ 0..=15) => NAMED.get(usize::from(index)).copied().unwrap_or(default),
        Color::Idx(index @ 16..=231) => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let index = index - 16;
            [level(index / 36), level(index / 6 % 6), level(index % 6)]
        }
        Color::Idx(index @ 232..=255) => [8 + 10 * (index - 232); 3],
    }
}
