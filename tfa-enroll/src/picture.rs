//! QR codes as PNG and SVG pictures.

use std::fmt::Write as _;

use tfa_text::qr::Qr;
use zeroize::Zeroizing;

/// A greyscale PNG with eight pixels for each module.
pub(crate) fn png(code: &Qr) -> Zeroizing<Vec<u8>> {
    const SCALE: usize = 8;
    let [quiet, ..] = Qr::QUIET;
    let side = code.side(quiet) * SCALE;
    let mut pixels = Zeroizing::new(Vec::with_capacity(side * side));
    for y in 0..side {
        for x in 0..side {
            let light = code.is_light(x / SCALE, y / SCALE, quiet);
            pixels.push(if light { 255 } else { 0 });
        }
    }
    let mut file = Zeroizing::new(Vec::new());
    let pixels_wide = u32::try_from(side).unwrap_or(u32::MAX);
    let mut encoder = png::Encoder::new(&mut *file, pixels_wide, pixels_wide);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    // Writing to memory in the declared size does not fail.
    let _ = encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(&pixels));
    file
}

/// An SVG picture.
pub(crate) fn svg(code: &Qr) -> Zeroizing<String> {
    let [quiet, ..] = Qr::QUIET;
    let side = code.side(quiet);
    let mut svg = Zeroizing::new(format!(
        "<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" \
         width=\"{size}\" height=\"{size}\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\">\n\
         <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/>\n<path fill=\"#000\" d=\"",
        size = side * 8,
    ));
    for y in 0..side {
        for x in (0..side).filter(|x| !code.is_light(*x, y, quiet)) {
            // Writing to a string does not fail.
            let _ = write!(svg, "M{x} {y}h1v1h-1z");
        }
    }
    svg.push_str("\"/>\n</svg>\n");
    svg
}
