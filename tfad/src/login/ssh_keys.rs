//! SSH keys: those in `SSH_AUTH_INFO_0`, where sshd writes a line `publickey TYPE BASE64` for each key that
//! it has accepted, and those that users enroll.

use ssh_key::public::KeyData;
use ssh_key::{Certificate, HashAlg, PublicKey};
use tfa_core::{KeyFingerprint, KeyType, SshKey};

/// The method of sshd that names a key of the user. `hostbased` names one of a host.
const PUBLICKEY: &str = "publickey";

/// The end of the type of a certificate.
const CERTIFICATE: &str = "-cert-v01@openssh.com";

/// The keys that sshd has accepted in this login. A key of a type that is not known here is left out,
/// so that it identifies no device and no security key.
pub fn accepted(info: &str) -> Vec<SshKey> {
    let lines = info.lines();
    let keys = lines.filter_map(|line| match line.split_once(' ') {
        Some((PUBLICKEY, key)) => parse(key),
        _ => None,
    });
    keys.collect()
}

/// Parses the one line of a `.pub` file: a public key or a certificate.
pub fn public_key(text: &str) -> Option<SshKey> {
    let text = text.trim();
    if text.lines().count() == 1 {
        parse(text)
    } else {
        None
    }
}

/// Parses a public key or a certificate in the form of OpenSSH: its type, its encoding in Base64, and
/// a comment, which does not matter.
fn parse(text: &str) -> Option<SshKey> {
    let mut words = text.split_ascii_whitespace();
    let (name, encoded) = (words.next()?, words.next()?);
    let key = format!("{name} {encoded}");
    let is_certificate = name.ends_with(CERTIFICATE);
    let data = if is_certificate {
        Certificate::from_openssh(&key).ok()?.public_key().clone()
    } else {
        PublicKey::from_openssh(&key).ok()?.into()
    };
    Some(SshKey {
        fingerprint: KeyFingerprint(data.fingerprint(HashAlg::Sha256).sha256()?),
        key_type: key_type(&data)?,
        is_certificate,
    })
}

fn key_type(data: &KeyData) -> Option<KeyType> {
    match data {
        KeyData::Rsa(_) => Some(KeyType::Rsa),
        KeyData::Dsa(_) => Some(KeyType::Dsa),
        KeyData::Ecdsa(_) => Some(KeyType::Ecdsa),
        KeyData::Ed25519(_) => Some(KeyType::Ed25519),
        KeyData::SkEcdsaSha2NistP256(_) => Some(KeyType::SkEcdsa),
        KeyData::SkEd25519(_) => Some(KeyType::SkEd25519),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ssh_key::public::{Ed25519PublicKey, SkEd25519};

    use super::*;

    /// What `ssh-keygen -l` shows for these two.
    const FINGERPRINT: &str = "SHA256:ZY5EzmKtBCq/4Yd2UekHLzTEl0BKOPobpgks2st/KCI";
    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHgcfQXp8iJEA7x0SCWfkeeHupir+wEQjQq3YQ4AGBfA";
    const CERTIFICATE_OF_KEY: &str = "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIAte/hsPX4tSBHwTPjnNpmUoVXCEkwhM2/Qt4i/nHCyJAAAAIHgcfQXp8iJEA7x0SCWfkeeHupir+wEQjQq3YQ4AGBfAAAAAAAAAAAAAAAABAAAAAmlkAAAACQAAAAVhbGljZQAAAAAAAAAA//////////8AAAAAAAAAggAAABVwZXJtaXQtWDExLWZvcndhcmRpbmcAAAAAAAAAF3Blcm1pdC1hZ2VudC1mb3J3YXJkaW5nAAAAAAAAABZwZXJtaXQtcG9ydC1mb3J3YXJkaW5nAAAAAAAAAApwZXJtaXQtcHR5AAAAAAAAAA5wZXJtaXQtdXNlci1yYwAAAAAAAAAAAAABlwAAAAdzc2gtcnNhAAAAAwEAAQAAAYEAkZ1wf8abwo9uZyzTMysJ/5fsmL/42nyVvcrTLp1KGjGMZ0FNzZn90ONa/czZI4/aR9GliET+Nv7L18zGZpckjYtXjwVn2VZxs82uwHIIfVIS4axdAxF/yMiFJTP1LhIh+QI+VGcv0b+/AyvUnaLbdyIGZVgI28ugyCYSoBMmfkMjWwNIhG8xv1wsyh+hY9rbCIDZxzqnbikcAD8jMNMGXsSPVOCdq/wdogTSsIGslu2W1OmDpJeQK1DSu6tOAJ+W8531TrpvxZkhsi55ppCRYgD08M68HBc+agqSQ6PJYdgQwsD9z7RZjv7JIxfj4glO0D3XB/JWdN2hiB1EobmKXRdWJSUFVwcTyfclAvbWFmFCe0p1Kq3+24t07so45Sb+lVr/2WUT+QjUeoflYlDircCnfchwRPszqY1hIpXXyAsdFKQInSGqQzb52MQsx2KYDWPxAfdydfuA2M8asP8/ZJ9hXpowMVj59uOTYxBT+UBNmNtcMQsJxgltt+zoao1VAAABlAAAAAxyc2Etc2hhMi01MTIAAAGAL0qOzyiF42EXBlzCewtgFDQjQE3vfEbbhuDqNUiAKkH/6b+MUM/jO3su/xUML36fOeOKf36P54dc2v+6rM/2zh2NZcItRLD9Ads4wjRTBbblLFyjJeiFoVS6t+B9+jrhXHJ3pxiG+6uUXtddiE7kTOCQea7vfTf7UGTGHswd4Bztd/FG3M2HyBJvrzd76T/9oqIjBiNuy6E3NN+LPB57SZFiCro2CJKguflDEDx+kSI80roSLlaeWHwcH0QYx+/eZqyNdiXnNgrfDiHvk+fwz/bxrh3U08jly+FPHvm8Hu3MpzkIp8EWRYu3ZS17goi/UJMRHh3d2R4ZbK2/VCZWb65K9KjglOXlznQTRCEp3w07YdwGdRXXgGM87uZGUrOHSanasIuD6NtlU072g18BGhOpDyiVH0n5eaXcQB0jgJVLorUzGYhswnJ9iUplDN5O71beoR9cG4/Y3TjksibbHVBb7HxSRIt9n3Qnw6dhOZ5uHtS4LJVTAnSbor+YmyI0";

    const ECDSA: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBBXHsZ8Z6qsuFS3gGo35q+6Mbm4aFIcySjVJlIXLJzVq61LnixfyJ3hC8mpsZnUpgMgh8WTBRPR46cihh8mqIkY=";

    #[test]
    fn fingerprint_is_that_of_ssh_keygen() {
        let [key] = accepted(&format!("publickey {KEY}\n"))[..] else {
            panic!("not one key");
        };
        assert_eq!(key.fingerprint.to_string(), FINGERPRINT);
        assert_eq!(key.key_type, KeyType::Ed25519);
        assert!(!key.is_certificate);
        let ecdsa = parse(ECDSA).unwrap();
        assert_eq!(
            ecdsa.fingerprint.to_string(),
            "SHA256:M/RjWehOtx/jIHIBJ3uqc0VNYFmxF9rJ1XeNZQullmA"
        );
        assert_eq!(ecdsa.key_type, KeyType::Ecdsa);
    }

    #[test]
    fn certificate_has_the_fingerprint_of_its_key() {
        let certificate = parse(CERTIFICATE_OF_KEY).unwrap();
        assert_eq!(certificate.fingerprint.to_string(), FINGERPRINT);
        assert_eq!(certificate.key_type, KeyType::Ed25519);
        assert!(certificate.is_certificate);
    }

    #[test]
    fn only_keys_of_the_user_count() {
        for info in [
            String::new(),
            format!("hostbased {KEY}\n"),
            format!("publickeys {KEY}\n"),
            format!(" publickey {KEY}\n"),
            "publickey\n".to_owned(),
            "publickey ssh-ed25519\n".to_owned(),
            "publickey ssh-ed25519 AAAA\n".to_owned(),
            format!("publickey ssh-rsa {}\n", KEY.replace("ssh-ed25519 ", "")),
            format!("keyboard-interactive/pam publickey {KEY}\n"),
        ] {
            assert_eq!(accepted(&info), [], "{info}");
        }
        let both = format!("publickey {KEY}\nkeyboard-interactive/pam\npublickey {ECDSA}\n");
        assert_eq!(accepted(&both).len(), 2);
    }

    #[test]
    fn security_key_is_told_from_a_key_of_the_same_curve() {
        let plain = Ed25519PublicKey([7; 32]);
        let in_token = SkEd25519::from(plain);
        let text = PublicKey::from(KeyData::SkEd25519(in_token))
            .to_openssh()
            .unwrap();
        let key = parse(&text).unwrap();
        assert_eq!(key.key_type, KeyType::SkEd25519);
        let text = PublicKey::from(plain).to_openssh().unwrap();
        assert_ne!(parse(&text).unwrap().fingerprint, key.fingerprint);
    }

    proptest! {
        #[test]
        fn no_input_panics(text in "(publickey )?(ssh-ed25519|ssh-ed25519-cert-v01@openssh.com|sk-ssh-ed25519@openssh.com|x) [A-Za-z0-9+/=]{0,200}( .*)?") {
            let _ = accepted(&text);
            let _ = parse(&text);
        }
    }
}
