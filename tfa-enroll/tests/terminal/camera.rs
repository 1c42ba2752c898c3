//! The camera of a phone. `zbarimg` decodes what it sees.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use tfa_testkit::Terminal;
use vt100::{Cell, Color, Screen};

/// The colours of a window.
#[derive(Clone, Copy)]
pub(crate) enum Theme {
    Dark,
    Light,
}

const CELL: (usize, usize) = (6, 12);

/// Decodes the QR code on the terminal.
pub(crate) fn reads(terminal: &Terminal, theme: Theme) -> Option<String> {
    decoded(&terminal.with_screen(|screen| picture(screen, theme)))
}

/// Decodes the QR code in a file.
pub(crate) fn reads_file(path: &Path) -> Option<String> {
    decoded(&std::fs::read(path).unwrap())
}

/// Decodes a drawing of squares, each of the form `M{x} {y}h1v1h-1z`.
pub(crate) fn reads_drawing(svg: &str) -> Option<String> {
    const SCALE: usize = 4;
    let after = |text: &str| Some(svg.split_once(text)?.1.split('"').next()?.to_owned());
    let side: usize = after("viewBox=\"0 0 ")?.split(' ').next()?.parse().ok()?;
    let mut pixels = vec![255; (side * SCALE).pow(2)];
    for square in after(" d=\"")?.split_terminator("h1v1h-1z") {
        let (x, y) = square.strip_prefix('M')?.split_once(' ')?;
        let (x, y): (usize, usize) = (x.parse().ok()?, y.parse().ok()?);
        for line in y * SCALE..(y + 1) * SCALE {
            let start = line * side * SCALE + x * SCALE;
            pixels[start..start + SCALE].fill(0);
        }
    }
    decoded(&grey(&pixels, side * SCALE, side * SCALE))
}

fn decoded(png: &[u8]) -> Option<String> {
    let mut zbar = Command::new("zbarimg")
        .args([
            "--quiet",
            "--raw",
            "--set",
            "*.enable=0",
            "--set",
            "qrcode.enable=1",
            "png:-",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null()) // zbarimg connects to a bus if it finds one
        .spawn()
        .expect("zbarimg is installed");
    zbar.stdin.take().unwrap().write_all(png).unwrap();
    let output = zbar.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.trim_end().to_owned()).filter(|text| !text.is_empty())
}

fn picture(screen: &Screen, theme: Theme) -> Vec<u8> {
    let (rows, columns) = screen.size();
    let (rows, columns) = (usize::from(rows.get()), usize::from(columns.get()));
    let (width, height) = (columns * CELL.0, rows * CELL.1);
    let mut pixels = vec![0; width * height];
    for (index, pixel) in pixels.iter_mut().enumerate() {
        let (x, y) = (index % width, index / width);
        let at = |number: usize| u16::try_from(number).unwrap();
        let cell = screen.cell(at(y / CELL.1), at(x / CELL.0)).unwrap();
        *pixel = shade(cell, y % CELL.1, theme);
    }
    grey(&pixels, width, height)
}

fn grey(pixels: &[u8], width: usize, height: usize) -> Vec<u8> {
    let mut file = Vec::new();
    let side = |number: usize| u32::try_from(number).unwrap();
    let mut encoder = png::Encoder::new(&mut file, side(width), side(height));
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(pixels).unwrap();
    writer.finish().unwrap();
    file
}

/// The brightness of a cell at this height.
fn shade(cell: &Cell, y: usize, theme: Theme) -> u8 {
    let (letters, window) = match theme {
        Theme::Dark => (200, 20),
        Theme::Light => (40, 240),
    };
    let ink = brightness(cell.fgcolor()).unwrap_or(letters);
    let ground = brightness(cell.bgcolor()).unwrap_or(window);
    let upper = y < CELL.1 / 2;
    match cell.contents().chars().next() {
        Some('\u{2588}') => ink,
        Some('\u{2580}') if upper => ink,
        Some('\u{2584}') if !upper => ink,
        Some('#') => ink,
        _ => ground,
    }
}

fn brightness(color: Color) -> Option<u8> {
    match color {
        Color::Default => None,
        Color::Idx(0) => Some(0),
        Color::Idx(15) => Some(255),
        Color::Idx(7) => Some(200),
        other => panic!("the command uses {other:?}"),
    }
}
