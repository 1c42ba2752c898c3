//! The context of a login, signature `a{sv}`.

use tfa_proto::{Context, ContextBuilder, ContextError, ContextValue};

use crate::decoder::Decoder;
use crate::encoder::Encoder;
use crate::error::DecodeError;

pub(super) fn encode(context: &Context, encoder: &mut Encoder<'_>) {
    let array = encoder.begin_array(8);
    for (key, value) in context.entries() {
        encoder.align(8);
        encoder.string(key);
        match value {
            ContextValue::Text(text) => {
                encoder.variant_of(b's');
                encoder.string(text);
            }
            ContextValue::Flag(flag) => {
                encoder.variant_of(b'b');
                encoder.boolean(flag);
            }
            ContextValue::Number(number) => {
                encoder.variant_of(b'u');
                encoder.number(number);
            }
        }
    }
    encoder.end_array(&array);
}

/// Decodes up to the first entry that no context has: what is after it is not looked at.
pub(super) fn decode(
    decoder: &mut Decoder<'_>,
) -> Result<Result<Context, ContextError>, DecodeError> {
    let mut entries = decoder.array(8)?;
    let mut context = ContextBuilder::default();
    while !entries.is_at_end() {
        entries.align(8)?;
        let key = entries.string()?;
        let value = match entries.variant_signature()? {
            "s" => Some(ContextValue::Text(entries.string()?)),
            "b" => Some(ContextValue::Flag(entries.boolean()?)),
            "u" => Some(ContextValue::Number(entries.number()?)),
            _ => None,
        };
        if let Err(error) = context.set(key, value) {
            return Ok(Err(error));
        }
    }
    Ok(context.build())
}
