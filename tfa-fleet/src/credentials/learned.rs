//! The verifiers that a member has learned of: the list that one of them has told last.

use std::fmt::Write as _;

use data_encoding::HEXLOWER;
use rustls::pki_types::CertificateDer;
use tfa_fleet_core::{Fingerprint, MAX_VERIFIERS, VerifierAddress};

use super::{Folder, FolderError};

/// The SHA-256 of the certificate of the authority in a line, then a line for each verifier.
const VERIFIERS: &str = "verifiers";

impl Folder {
    /// The verifiers that the fleet of this authority has told last. None where the file is of another fleet, or is
    /// damaged: those of the configuration are there.
    pub(crate) fn learned_verifiers(&self, authority: &CertificateDer<'_>) -> Vec<VerifierAddress> {
        let text = self.read(VERIFIERS).ok().flatten();
        let text = text
            .as_deref()
            .and_then(|text| std::str::from_utf8(text).ok());
        let lines = text.and_then(|text| text.strip_prefix(&head(authority)));
        let verifiers = lines.unwrap_or_default().lines().take(MAX_VERIFIERS);
        verifiers.filter_map(VerifierAddress::parse).collect()
    }

    /// Keeps these verifiers for the next start.
    pub(crate) fn keep_learned(
        &self,
        authority: &CertificateDer<'_>,
        verifiers: &[VerifierAddress],
    ) -> Result<(), FolderError> {
        let mut text = head(authority);
        for verifier in verifiers {
            let _ = writeln!(text, "{verifier}");
        }
        self.write(VERIFIERS, text.as_bytes())
    }
}

fn head(authority: &CertificateDer<'_>) -> String {
    let authority = Fingerprint::of(authority);
    format!("authority {}\n", HEXLOWER.encode(authority.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn list_of_another_fleet_or_a_damaged_one_is_none() {
        let path = std::env::temp_dir().join(format!("tfa-fleet-learned-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        let folder = Folder::new(path.clone());
        let [own, other] = [b"own", b"oth"].map(|der| CertificateDer::from(&der[..]));
        assert_eq!(folder.learned_verifiers(&own), []);
        let v1 = VerifierAddress::parse("v1.test:1").unwrap();
        folder
            .keep_learned(&own, std::slice::from_ref(&v1))
            .unwrap();
        assert_eq!(folder.learned_verifiers(&own), std::slice::from_ref(&v1));
        assert_eq!(folder.learned_verifiers(&other), []);
        let written = fs::read_to_string(path.join(VERIFIERS)).unwrap();
        fs::write(path.join(VERIFIERS), written + "no verifier\n\u{0}:7\n").unwrap();
        assert_eq!(folder.learned_verifiers(&own), [v1]);
        fs::write(path.join(VERIFIERS), [0xff; 9]).unwrap();
        assert_eq!(folder.learned_verifiers(&own), []);
        fs::remove_dir_all(path).unwrap();
    }
}
