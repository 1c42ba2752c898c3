//! The logins: what PAM reports of each, and how an administrator describes it.

use std::sync::LazyLock;

use ssh_key::PublicKey;
use ssh_key::public::{Ed25519PublicKey, KeyData, SkEd25519};
use tfa_core::SshKey;
use tfa_proto::{Context, HypotheticalLogin, PUBLICKEY_METHOD, Phase};
use tfad::login::ssh_keys;

/// The address from which devices are remembered.
pub(crate) const ADDRESS: &str = "192.0.2.7";

/// The keys of the logins, as lines of their files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Plain,
    OtherPlain,
    Hardware,
    OtherHardware,
}

impl Key {
    const ALL: [Self; 4] = [
        Self::Plain,
        Self::OtherPlain,
        Self::Hardware,
        Self::OtherHardware,
    ];

    pub(crate) fn line(self) -> String {
        static LINES: LazyLock<[String; 4]> = LazyLock::new(|| {
            [
                Key::Plain,
                Key::OtherPlain,
                Key::Hardware,
                Key::OtherHardware,
            ]
            .map(|key| {
                let raw = Ed25519PublicKey([key as u8 + 1; 32]);
                let data = match key {
                    Key::Plain | Key::OtherPlain => KeyData::Ed25519(raw),
                    Key::Hardware | Key::OtherHardware => KeyData::SkEd25519(SkEd25519::from(raw)),
                };
                PublicKey::from(data).to_openssh().unwrap()
            })
        });
        LINES[self as usize].clone()
    }

    pub(crate) fn key(self) -> SshKey {
        ssh_keys::public_key(&self.line()).unwrap()
    }
}

/// A login.
#[derive(Debug, Clone)]
pub(crate) struct TestLogin {
    pub(crate) hypothetical: HypotheticalLogin,
    /// What PAM reports in the first phase.
    pub(crate) context: Context,
    /// The login program runs as the user.
    pub(crate) is_own: bool,
}

impl TestLogin {
    pub(crate) fn all() -> Vec<Self> {
        let mut all = vec![
            Self::without_key("sshd", ADDRESS, "ssh"),
            Self::without_key("sshd", "192.0.2.8", "ssh"),
            Self::without_key("sshd", "127.0.0.1", "ssh"),
            Self::without_key("login", "", "tty1"),
            Self::inside("sudo"),
            Self::inside("su"),
            Self::own(),
        ];
        all.extend(Key::ALL.map(|key| Self::by_key_and_password(key, ADDRESS)));
        all.push(Self::by_key_and_password(Key::Plain, "192.0.2.8"));
        all.extend(Key::ALL.map(Self::by_fingerprint));
        all.push(Self::by_key_alone());
        all.extend(
            [Self::without_key("login", "", "tty1"), Self::inside("sudo")]
                .map(Self::with_claimed_key),
        );
        all
    }

    /// A fingerprint tells the type of a key only where the user has enrolled or used the key.
    pub(crate) fn has_key_of_unknown_type(&self) -> bool {
        let key = self.hypothetical.key.as_deref();
        key.is_some_and(|key| key.starts_with("SHA256:"))
    }

    fn without_key(service: &str, from: &str, tty: &str) -> Self {
        Self {
            hypothetical: HypotheticalLogin {
                service: service.to_owned(),
                from: from.to_owned(),
                ..HypotheticalLogin::default()
            },
            context: Context {
                phase: Phase::Auth,
                service: service.to_owned(),
                rhost: from.to_owned(),
                tty: tty.to_owned(),
                password_given: true,
                can_enroll: true,
                ..Context::default()
            },
            is_own: false,
        }
    }

    fn inside(service: &str) -> Self {
        let mut login = Self::without_key(service, "", "/dev/pts/1");
        login.hypothetical.session = Some(true);
        login.context.silent = service == "sudo";
        login
    }

    fn own() -> Self {
        let mut login = Self::without_key("i3lock", "", "");
        login.hypothetical.own = Some(true);
        Self {
            is_own: true,
            ..login
        }
    }

    fn by_key_and_password(key: Key, from: &str) -> Self {
        let mut login = Self::without_key("sshd", from, "ssh");
        login.hypothetical.key = Some(key.line());
        login.context.ssh_auth_info = format!("{PUBLICKEY_METHOD} {}\n", key.line());
        login
    }

    /// A stack without a password: a key alone is no second factor.
    pub(crate) fn by_key_in_place_of_the_password() -> Self {
        let mut login = Self::by_key_and_password(Key::Hardware, ADDRESS);
        login.context.password_given = false;
        login
    }

    /// The same login, which the administrator describes with the fingerprint.
    fn by_fingerprint(key: Key) -> Self {
        let mut login = Self::by_key_and_password(key, ADDRESS);
        login.hypothetical.key = Some(key.key().fingerprint.to_string());
        login
    }

    /// Only sshd names keys. Another program cannot make one count.
    fn with_claimed_key(mut self) -> Self {
        self.hypothetical.key = Some(Key::Hardware.line());
        self.context.ssh_auth_info = format!("{PUBLICKEY_METHOD} {}\n", Key::Hardware.line());
        self
    }

    /// In the account phase sshd names neither the key nor the method.
    fn by_key_alone() -> Self {
        let mut login = Self::without_key("sshd", ADDRESS, "ssh");
        login.hypothetical.key = Some(Key::Hardware.line());
        login.hypothetical.method = Some(PUBLICKEY_METHOD.to_owned());
        login.context.phase = Phase::Account;
        login.context.password_given = false;
        login
    }
}
