//! The Debian releases that machines run.

/// A Debian release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// Debian 12, the release of most machines.
    Bookworm,
    /// Debian 13.
    Trixie,
}

impl Suite {
    /// All of them.
    pub(crate) const ALL: [Self; 2] = [Self::Bookworm, Self::Trixie];

    /// The name in the lists of apt.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bookworm => "bookworm",
            Self::Trixie => "trixie",
        }
    }

    /// The kind of a layer of this release. A new layer removes the older ones of its kind, and must
    /// not remove those of another release.
    pub(crate) fn kind(self, what: &str) -> String {
        match self {
            Self::Bookworm => what.to_owned(),
            Self::Trixie => format!("trixie_{what}"),
        }
    }
}
