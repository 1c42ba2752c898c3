//! The turns of an offline login.

use tfa_proto::{Line, LineKind, Next, PromptStyle, Question, Turn, Verdict};
use tfa_text::wrapped;

use crate::login::enrollment::WIDE;
use crate::messages;

/// The question for a bound code, after these lines.
pub(super) fn ask(lines: Vec<Line>) -> Turn {
    Turn {
        lines,
        next: Next::Ask(Question {
            text: messages::ASK_BOUND_CODE.to_owned(),
            style: PromptStyle::Hidden,
            digits: 0,
        }),
        covers_account: false,
    }
}

/// The refusal after these lines.
pub(super) fn denied(lines: Vec<Line>) -> Turn {
    Turn {
        lines,
        next: Next::Verdict(Verdict::Denied),
        covers_account: false,
    }
}

/// The end of a login, with its reason.
pub(super) fn ended(verdict: Verdict, kind: LineKind, text: &str) -> Turn {
    Turn {
        lines: vec![line(kind, text)],
        next: Next::Verdict(verdict),
        covers_account: false,
    }
}

/// A text, wrapped.
pub(super) fn line(kind: LineKind, text: &str) -> Line {
    Line {
        kind,
        text: wrapped(text, WIDE),
    }
}
