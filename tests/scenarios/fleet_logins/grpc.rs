//! A client of a verifier that says whatever a test wants: gRPC by curl, with the certificate of the machine it runs on.
//!
//! The numbers of the fields are those of `proto/tfad/fleet/v1/fleet.proto`.

use tfa_tests::Machine;

/// Sends the message on standard input, and prints the status and the message of the reply.
const CALL: &str = ": >/tmp/reply; curl --silent --show-error --http2 --max-time 20 --cacert /etc/tfa/fleet/ca.pem \\
     --cert /etc/tfa/fleet/host.pem --key /etc/tfa/fleet/key.pem --resolve \"v1.test:7443:$1\" \\
     --header 'content-type: application/grpc' --header 'te: trailers' --data-binary @- \\
     --dump-header /tmp/headers --output /tmp/reply \"https://v1.test:7443/tfad.fleet.v1.Verifier/$2\" &&
     sed -n 's/^grpc-status: \\([0-9]*\\).*/\\1/p' /tmp/headers && od -An -v -tx1 /tmp/reply";

/// A message of protobuf that is made.
#[derive(Debug, Clone, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    pub(super) fn bytes(mut self, field: u8, value: &[u8]) -> Self {
        self.0.push(field << 3 | 2);
        self.varint(value.len().try_into().unwrap());
        self.0.extend(value);
        self
    }

    pub(super) fn text(self, field: u8, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    pub(super) fn message(self, field: u8, value: &Self) -> Self {
        self.bytes(field, &value.0)
    }

    pub(super) fn number(mut self, field: u8, value: u32) -> Self {
        self.0.push(field << 3);
        self.varint(value);
        self
    }

    pub(super) fn flag(self, field: u8, value: bool) -> Self {
        self.number(field, value.into())
    }

    fn varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

/// A message that was received: its fields, in their order.
#[derive(Debug, Clone)]
pub(super) struct Received(Vec<(u8, Value)>);

#[derive(Debug, Clone)]
enum Value {
    Number(u64),
    Bytes(Vec<u8>),
}

impl Received {
    fn read(mut bytes: &[u8]) -> Self {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let tag = varint(&mut bytes);
            let field = u8::try_from(tag >> 3).unwrap();
            let value = match tag & 7 {
                0 => Value::Number(varint(&mut bytes)),
                2 => {
                    let length = usize::try_from(varint(&mut bytes)).unwrap();
                    let (value, rest) = bytes.split_at(length);
                    bytes = rest;
                    Value::Bytes(value.to_vec())
                }
                other => panic!("a field of the wire type {other}"),
            };
            fields.push((field, value));
        }
        Self(fields)
    }

    /// The messages in a field.
    pub(super) fn messages(&self, field: u8) -> impl Iterator<Item = Self> + '_ {
        self.all(field).map(Self::read)
    }

    /// The message in a field, if it is there.
    pub(super) fn message(&self, field: u8) -> Option<Self> {
        self.messages(field).next()
    }

    /// The text in a field; empty where it is absent.
    pub(super) fn text(&self, field: u8) -> String {
        let bytes = self.all(field).next().unwrap_or_default();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    /// The bytes in a field, if it is there.
    pub(super) fn bytes(&self, field: u8) -> Option<Vec<u8>> {
        self.all(field).next().map(<[u8]>::to_vec)
    }

    /// The number in a field; 0 where it is absent.
    pub(super) fn number(&self, field: u8) -> u64 {
        let found = self.0.iter().find_map(|(number, value)| match value {
            Value::Number(value) if *number == field => Some(*value),
            _ => None,
        });
        found.unwrap_or_default()
    }

    fn all(&self, field: u8) -> impl Iterator<Item = &[u8]> {
        self.0
            .iter()
            .filter_map(move |(number, value)| match value {
                Value::Bytes(bytes) if *number == field => Some(bytes.as_slice()),
                _ => None,
            })
    }
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let (first, rest) = bytes.split_first().expect("a number");
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            break;
        }
    }
    value
}

/// Calls a method of the verifier at this address, as the member that the machine is. `Err` has the status of a call
/// that failed.
pub(super) fn call(
    member: &Machine,
    address: &str,
    method: &str,
    request: &Message,
) -> Result<Received, u32> {
    // Not compressed, and the length.
    let mut framed = vec![0];
    framed.extend(u32::try_from(request.0.len()).unwrap().to_be_bytes());
    framed.extend(&request.0);
    let called = member.command(["sh", "-c", CALL, "sh", address, method]);
    let output = called.stdin(framed).succeed();
    let (status, reply) = output.split_once('\n').unwrap();
    match status.parse().unwrap() {
        0 => {
            let digits = reply.split_whitespace();
            let bytes: Vec<u8> = digits
                .map(|byte| u8::from_str_radix(byte, 16).unwrap())
                .collect();
            Ok(Received::read(&bytes[5..]))
        }
        status => Err(status),
    }
}
