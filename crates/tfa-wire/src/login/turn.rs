//! A turn of the dialog, signature `(a(ss)ssu)`.

use tfa_proto::{Line, LineKind, Turn};

use crate::decoder::Decoder;
use crate::encoder::Encoder;
use crate::error::DecodeError;

pub(super) fn encode(turn: &Turn, encoder: &mut Encoder<'_>) {
    encoder.align(8);
    let array = encoder.begin_array(8);
    for line in &turn.lines {
        encoder.align(8);
        encoder.string(line.kind.tag());
        encoder.string(&line.text);
    }
    encoder.end_array(&array);
    let (tag, text, number) = turn.end_to_wire();
    encoder.string(tag);
    encoder.string(text);
    encoder.number(number);
}

pub(super) fn decode(decoder: &mut Decoder<'_>) -> Result<Turn, DecodeError> {
    decoder.align(8)?;
    let mut array = decoder.array(8)?;
    let mut lines = Vec::new();
    while !array.is_at_end() {
        array.align(8)?;
        lines.push(Line {
            kind: LineKind::from_tag(array.string()?).map_err(|_| UNKNOWN)?,
            text: array.string()?.to_owned(),
        });
    }
    let (tag, text, number) = (decoder.string()?, decoder.string()?, decoder.number()?);
    Turn::from_wire(lines, tag, text, number).map_err(|_| UNKNOWN)
}

const UNKNOWN: DecodeError = DecodeError("unknown tag or verdict in a turn");
