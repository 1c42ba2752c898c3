//! Lists with a bound, for `#[cbor(with = "crate::list")]`.

use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::limits::MAX_ITEMS;

pub(crate) fn encode<C, T: Encode<C>, W: Write>(
    list: &Vec<T>,
    encoder: &mut Encoder<W>,
    context: &mut C,
) -> Result<(), EncodeError<W::Error>> {
    list.encode(encoder, context)
}

pub(crate) fn decode<'b, C, T: Decode<'b, C>>(
    decoder: &mut Decoder<'b>,
    context: &mut C,
) -> Result<Vec<T>, DecodeError> {
    let mut list = Vec::new();
    for item in decoder.array_iter_with(context)? {
        if list.len() == MAX_ITEMS {
            return Err(DecodeError::message("a list is too long"));
        }
        list.push(item?);
    }
    Ok(list)
}
