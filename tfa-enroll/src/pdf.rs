//! A PDF page with backup codes: A4, in Courier, a standard font of PDF.

use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use tfa_text::time::date_time;
use zeroize::Zeroizing;

use crate::messages;

const WIDTH: f32 = 595.0;
const HEIGHT: f32 = 842.0;
const MARGIN: f32 = 70.0;

/// The content of the file.
pub(crate) fn page(user: &str, host: &str, codes: &[String], now: u64) -> Zeroizing<Vec<u8>> {
    let [catalog, pages, page, plain, bold, content, info] = [1, 2, 3, 4, 5, 6, 7].map(Ref::new);
    let title = messages::page_title(user, host);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog)
        .pages(pages)
        .lang(TextStr("en"))
        .viewer_preferences()
        .display_doc_title(true);
    pdf.pages(pages).kids([page]).count(1);
    let mut sheet = pdf.page(page);
    sheet.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT));
    sheet.parent(pages).contents(content);
    sheet
        .resources()
        .fonts()
        .pair(Name(b"Plain"), plain)
        .pair(Name(b"Bold"), bold);
    sheet.finish();
    for (font, name) in [(plain, &b"Courier"[..]), (bold, b"Courier-Bold")] {
        pdf.type1_font(font)
            .base_font(Name(name))
            .encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    pdf.document_info(info).title(TextStr(&title));
    pdf.stream(content, &written(user, host, codes, now));
    Zeroizing::new(pdf.finish())
}

/// The lines of the page, from the top.
fn written(user: &str, host: &str, codes: &[String], now: u64) -> Zeroizing<Vec<u8>> {
    let mut lines = Lines {
        content: Content::new(),
        y: HEIGHT - MARGIN - 20.0,
    };
    lines.line(Name(b"Bold"), 18.0, messages::PAGE_HEADING);
    lines.skip(8.0);
    for line in messages::page_head(user, host, &date_time(now)) {
        lines.line(Name(b"Plain"), 12.0, &line);
    }
    lines.skip(20.0);
    for code in codes {
        // A check box.
        let box_at = (MARGIN + 6.0, lines.y - 1.0);
        lines.content.rect(box_at.0, box_at.1, 12.0, 12.0).stroke();
        lines.shifted(Name(b"Bold"), 16.0, 34.0, code);
        lines.skip(10.0);
    }
    lines.skip(16.0);
    for line in messages::PAGE_FOOT {
        lines.line(Name(b"Plain"), 11.0, line);
    }
    Zeroizing::new(lines.content.finish().into_vec())
}

struct Lines {
    content: Content,
    y: f32,
}

impl Lines {
    fn line(&mut self, font: Name<'_>, size: f32, text: &str) {
        self.shifted(font, size, 0.0, text);
    }

    fn shifted(&mut self, font: Name<'_>, size: f32, by: f32, text: &str) {
        self.content
            .begin_text()
            .set_font(font, size)
            .next_line(MARGIN + by, self.y)
            .show(Str(&latin(text)))
            .end_text();
        self.y -= size * 1.35;
    }

    fn skip(&mut self, height: f32) {
        self.y -= height;
    }
}

/// The text in Latin-1. `?` replaces other characters.
fn latin(text: &str) -> Vec<u8> {
    let byte = |c: char| match u8::try_from(c) {
        Ok(byte @ (0x20..=0x7e | 0xa0..)) => byte,
        Ok(_) | Err(_) => b'?',
    };
    text.chars().map(byte).collect()
}
