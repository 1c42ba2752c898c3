//! The rule that decides about a login, as the explanation and the log name it.

use tfa_core::Source;
use tfa_proto::Explanation;
use tfad::log::Entry;

/// A rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Its place in the configuration.
    place: String,
    /// The reason of an exemption.
    reason: Option<String>,
}

impl Rule {
    /// The rule of an explanation.
    pub(crate) fn explained(explanation: &Explanation) -> Self {
        let source = Source {
            file: explanation.file.clone(),
            line: explanation.line,
        };
        Self {
            place: source.to_string(),
            reason: explanation.exempt_reason.clone(),
        }
    }

    /// The rule that the last phase has logged, if it has logged one.
    pub(crate) fn logged(entries: &[Entry]) -> Option<Self> {
        let mut entries = entries.iter().rev();
        entries.find_map(|entry| {
            Some(Self {
                place: entry.field("TFA_RULE")?.to_owned(),
                reason: entry.field("TFA_REASON").map(str::to_owned),
            })
        })
    }
}
