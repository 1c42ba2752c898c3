//! A CBOR reader and writer, with which tests change single fields of a record.

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};

/// The subset of CBOR that records use.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    Number(u64),
    Negative(i64),
    Truth(bool),
    Null,
    Bytes(Vec<u8>),
    Text(String),
    Array(Vec<Item>),
}

impl Item {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let mut decoder = Decoder::new(bytes);
        let item = Self::read(&mut decoder);
        assert_eq!(decoder.position(), bytes.len());
        item
    }

    fn read(decoder: &mut Decoder<'_>) -> Self {
        match decoder.datatype().unwrap() {
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => Self::Number(decoder.u64().unwrap()),
            Type::I8 | Type::I16 | Type::I32 | Type::I64 => Self::Negative(decoder.i64().unwrap()),
            Type::Bool => Self::Truth(decoder.bool().unwrap()),
            Type::Null => {
                decoder.null().unwrap();
                Self::Null
            }
            Type::Bytes => Self::Bytes(decoder.bytes().unwrap().to_vec()),
            Type::String => Self::Text(decoder.str().unwrap().to_owned()),
            Type::Array => {
                let length = decoder.array().unwrap().unwrap();
                Self::Array((0..length).map(|_| Self::read(decoder)).collect())
            }
            other => panic!("a record holds no {other}"),
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut Encoder::new(&mut bytes));
        bytes
    }

    fn write(&self, encoder: &mut Encoder<&mut Vec<u8>>) {
        match self {
            Self::Number(number) => encoder.u64(*number).map(|_| ()),
            Self::Negative(number) => encoder.i64(*number).map(|_| ()),
            Self::Truth(truth) => encoder.bool(*truth).map(|_| ()),
            Self::Null => encoder.null().map(|_| ()),
            Self::Bytes(bytes) => encoder.bytes(bytes).map(|_| ()),
            Self::Text(text) => encoder.str(text).map(|_| ()),
            Self::Array(items) => {
                encoder.array(items.len() as u64).unwrap();
                items.iter().for_each(|item| item.write(encoder));
                Ok(())
            }
        }
        .unwrap();
    }

    /// Returns the item at the end of a path through arrays.
    pub(crate) fn at(&mut self, path: &[usize]) -> &mut Self {
        path.iter()
            .fold(self, |item, place| &mut item.fields()[*place])
    }

    pub(crate) fn fields(&mut self) -> &mut Vec<Self> {
        match self {
            Self::Array(items) => items,
            other => panic!("no array: {other:?}"),
        }
    }
}
