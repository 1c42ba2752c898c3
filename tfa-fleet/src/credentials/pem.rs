//! PEM, as the files of certificates have it (RFC 7468).

use data_encoding::BASE64;
use zeroize::Zeroizing;

/// The characters of a line.
const LINE: usize = 64;

/// One section. It may hold a key: it is wiped, and does not move while it is filled.
pub(super) fn section(label: &str, der: &[u8]) -> Zeroizing<Vec<u8>> {
    let text = Zeroizing::new(BASE64.encode(der));
    let lines = text.len() / LINE + 1;
    let mut section = Zeroizing::new(Vec::with_capacity(text.len() + lines + 128));
    let mut add = |text: &[u8]| section.extend_from_slice(text);
    add(format!("-----BEGIN {label}-----\n").as_bytes());
    for line in text.as_bytes().chunks(LINE) {
        add(line);
        add(b"\n");
    }
    add(format!("-----END {label}-----\n").as_bytes());
    section
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::PrivateKeyDer;
    use rustls::pki_types::pem::PemObject as _;

    use super::*;

    #[test]
    fn section_is_read_back_at_each_length() {
        for length in 0..200 {
            let der: Vec<u8> = (0..length).collect();
            let section = section("PRIVATE KEY", &der);
            let read = PrivateKeyDer::from_pem_slice(&section).unwrap();
            assert_eq!(read.secret_der(), der);
            let longest = section.split(|byte| *byte == b'\n').map(<[u8]>::len).max();
            assert!(longest <= Some(LINE));
        }
    }
}
