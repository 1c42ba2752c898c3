//! Hand-made messages for tests: zbus does not build invalid ones.

/// Builds a message without a body. Each header field is its code, its type and its value.
pub(crate) fn with_fields(message_type: u8, fields: &[(u8, &str, &str)]) -> Vec<u8> {
    let mut header = Vec::new();
    for (code, letter, value) in fields {
        header.resize(header.len().next_multiple_of(8), 0);
        header.extend([*code, 1, letter.as_bytes()[0], 0]);
        match *letter {
            "u" => header.extend(value.parse::<u32>().unwrap().to_le_bytes()),
            "g" => {
                header.push(u8::try_from(value.len()).unwrap());
                header.extend([value.as_bytes(), b"\0"].concat());
            }
            _ => {
                header.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
                header.extend([value.as_bytes(), b"\0"].concat());
            }
        }
    }
    let length = u32::try_from(header.len()).unwrap().to_le_bytes();
    let first = [b'l', message_type, 0, 1];
    let start: [&[u8]; 4] = [&first, &[0; 4], &[1, 0, 0, 0], &length];
    let mut bytes = [&start.concat(), &header[..]].concat();
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}
