//! How an authenticator stands in a record.

use minicbor::data::Type;
use minicbor::decode::{Decoder, Error};
use minicbor::encode::{self, Encoder, Write};
use minicbor::{CborLen, Decode, Encode};

use super::label::Label;
use super::totp::Totp;
use super::used_steps::UsedSteps;
use super::{Authenticator, Means, Parameters};
use crate::{Secret, Step};

/// The form of today. Its first field is an array.
#[derive(Encode, Decode, CborLen)]
struct Stored<L, M> {
    #[n(0)]
    label: L,
    #[n(1)]
    means: M,
}

/// The form of records in which every authenticator was time-based. Its first field is a text.
#[derive(Decode)]
struct OnlyTotp {
    #[n(0)]
    name: String,
    #[n(1)]
    parameters: Parameters,
    #[n(2)]
    secret: Secret,
    #[n(3)]
    last_used: Option<Step>,
    #[n(4)]
    burned: Option<Step>,
    #[n(5)]
    used: Option<UsedSteps>,
}

impl<C> Encode<C> for Authenticator {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        stored(self).encode(encoder, context)
    }
}

impl<C> CborLen<C> for Authenticator {
    fn cbor_len(&self, context: &mut C) -> usize {
        stored(self).cbor_len(context)
    }
}

impl<'bytes, C> Decode<'bytes, C> for Authenticator {
    fn decode(decoder: &mut Decoder<'bytes>, context: &mut C) -> Result<Self, Error> {
        let first_field = {
            let mut probe = decoder.probe();
            let _: Option<u64> = probe.array()?;
            probe.datatype()?
        };
        if first_field == Type::String {
            return Ok(OnlyTotp::decode(decoder, context)?.into());
        }
        let Stored { label, means } = Stored::<Label, Means>::decode(decoder, context)?;
        Ok(Self { label, means })
    }
}

fn stored(authenticator: &Authenticator) -> Stored<&Label, &Means> {
    Stored {
        label: &authenticator.label,
        means: &authenticator.means,
    }
}

impl From<OnlyTotp> for Authenticator {
    fn from(stored: OnlyTotp) -> Self {
        let totp = Totp::new(stored.parameters, stored.secret).with_used(
            stored.last_used,
            stored.burned,
            stored.used,
        );
        Self {
            label: Label::new(&stored.name),
            means: Means::Totp(totp),
        }
    }
}
