//! Why a call to the daemon has no result.

/// Why a call to the daemon has no result.
#[derive(Debug)]
pub enum Error {
    /// The daemon's answer.
    Daemon(tfa_proto::Error),
    /// The bus, or the connection to it.
    Bus(zbus::Error),
}

impl From<zbus::Error> for Error {
    fn from(error: zbus::Error) -> Self {
        if let zbus::Error::MethodError(name, text, _) = &error {
            let text = text.clone().unwrap_or_default();
            if let Some(error) = tfa_proto::Error::from_name(name.as_str(), text) {
                return Self::Daemon(error);
            }
        }
        Self::Bus(error)
    }
}

#[cfg(test)]
mod tests {
    use zbus::names::OwnedErrorName;

    use super::*;

    fn reply(name: &str) -> Error {
        let name = OwnedErrorName::try_from(name).unwrap();
        let call = zbus::Message::method_call("/", "Do").build(&()).unwrap();
        zbus::Error::MethodError(name, Some("why".to_owned()), call).into()
    }

    #[test]
    fn an_answer_of_the_daemon_is_told_from_one_of_the_bus() {
        let busy = reply("org.tfad.Tfa1.Error.Busy");
        assert!(matches!(busy, Error::Daemon(tfa_proto::Error::Busy(text)) if text == "why"));
        for name in [
            "org.tfad.Tfa1.Error.Nothing",
            "org.freedesktop.systemd1.NoSuchUnit",
        ] {
            assert!(
                matches!(reply(name), Error::Bus(zbus::Error::MethodError(..))),
                "{name}"
            );
        }
    }
}
