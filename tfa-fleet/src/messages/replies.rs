//! The replies of a verifier.

use tfa_fleet_wire::{LoginLine, LoginReply, LoginTurn, NeededFact, SecretText};

use super::bounds::{MAX_ERROR_TEXT, MAX_LIST, MAX_QUESTION, list, text};
use super::names::{ERROR_PREFIX, ERRORS, LINE_KINDS, STYLES, VERDICTS, name_of, value_of};
use super::{Invalid, subject};
use crate::generated::{
    self, AnswerReply, BeginReply, Begun, Line, LineKind, Nothing, PromptStyle, Question, Refused,
    Turn, Verdict, answer_reply, begin_reply, needed_fact, turn,
};

/// The next step of a turn that ends a dialog.
const VERDICT: &str = "verdict";

/// The reply of a verifier's tfad to `Begin`.
///
/// # Errors
/// [`Invalid`], as in the other conversions.
pub fn begin_reply(reply: LoginReply) -> Result<BeginReply, Invalid> {
    let is = match reply {
        LoginReply::Begun { dialog, turn } => begin_reply::Is::Begun(begun_to(dialog, turn)?),
        LoginReply::NeedFact(needed) => begin_reply::Is::NeedFact(needed_to(needed)?),
        LoginReply::Refused { error, text } => begin_reply::Is::Refused(refusal_to(&error, text)?),
        LoginReply::Cancelled | LoginReply::Account(_) => {
            return Err(Invalid("a reply to Begin"));
        }
    };
    Ok(BeginReply { is: Some(is) })
}

/// What a verifier replies to `Begin`.
///
/// # Errors
/// [`Invalid`].
pub fn reply_to_begin(reply: BeginReply) -> Result<LoginReply, Invalid> {
    match reply.is.ok_or(Invalid("a reply to Begin"))? {
        begin_reply::Is::Begun(begun) => begun_from(begun),
        begin_reply::Is::NeedFact(needed) => Ok(LoginReply::NeedFact(needed_from(needed)?)),
        begin_reply::Is::Refused(refused) => refused_from(refused),
    }
}

/// The reply of a verifier's tfad to `Answer`.
///
/// # Errors
/// [`Invalid`].
pub fn answer_reply(reply: LoginReply) -> Result<AnswerReply, Invalid> {
    let is = match reply {
        LoginReply::Begun { dialog, turn } => answer_reply::Is::Begun(begun_to(dialog, turn)?),
        LoginReply::Refused { error, text } => answer_reply::Is::Refused(refusal_to(&error, text)?),
        LoginReply::NeedFact(_) | LoginReply::Cancelled | LoginReply::Account(_) => {
            return Err(Invalid("a reply to Answer"));
        }
    };
    Ok(AnswerReply { is: Some(is) })
}

/// What a verifier replies to `Answer`.
///
/// # Errors
/// [`Invalid`].
pub fn reply_to_answer(reply: AnswerReply) -> Result<LoginReply, Invalid> {
    match reply.is.ok_or(Invalid("a reply to Answer"))? {
        answer_reply::Is::Begun(begun) => begun_from(begun),
        answer_reply::Is::Refused(refused) => refused_from(refused),
    }
}

pub(super) fn needed_to(needed: NeededFact) -> Result<generated::NeededFact, Invalid> {
    let fact = match needed {
        NeededFact::Console => needed_fact::Fact::AtConsole(Nothing {}),
        NeededFact::SessionPhase => needed_fact::Fact::SessionPhaseDecides(Nothing {}),
        NeededFact::Subject(question) => {
            needed_fact::Fact::Subject(subject::question_to(question)?)
        }
    };
    Ok(generated::NeededFact { fact: Some(fact) })
}

pub(super) fn needed_from(needed: generated::NeededFact) -> Result<NeededFact, Invalid> {
    Ok(match needed.fact.ok_or(Invalid("a fact that is needed"))? {
        needed_fact::Fact::AtConsole(Nothing {}) => NeededFact::Console,
        needed_fact::Fact::SessionPhaseDecides(Nothing {}) => NeededFact::SessionPhase,
        needed_fact::Fact::Subject(question) => {
            NeededFact::Subject(subject::question_from(question)?)
        }
    })
}

fn begun_to(dialog: u32, turn: LoginTurn) -> Result<Begun, Invalid> {
    let LoginTurn {
        lines,
        next,
        text: of,
        number,
    } = turn;
    let is_verdict = next == VERDICT;
    let next = if is_verdict {
        let verdict = value_of(&VERDICTS, &of).ok_or(Invalid("a verdict"))?;
        turn::Next::Verdict(verdict.into())
    } else {
        turn::Next::Ask(Question {
            style: value_of(&STYLES, &next)
                .ok_or(Invalid("a question"))?
                .into(),
            text: text(of, MAX_QUESTION, "a question")?,
            digits: number,
        })
    };
    let turn = Turn {
        lines: list(lines, MAX_LIST, "a list of lines", line_to)?,
        next: Some(next),
        covers_account: is_verdict && number == 1,
    };
    Ok(Begun {
        dialog,
        turn: Some(turn),
    })
}

fn begun_from(begun: Begun) -> Result<LoginReply, Invalid> {
    let Begun { dialog, turn } = begun;
    let Turn {
        lines,
        next,
        covers_account,
    } = turn.ok_or(Invalid("a turn"))?;
    let (next, of, number) = match next.ok_or(Invalid("a turn"))? {
        turn::Next::Verdict(verdict) => {
            let verdict = Verdict::try_from(verdict).unwrap_or(Verdict::Unspecified);
            let name = name_of(&VERDICTS, &verdict).unwrap_or("denied");
            (VERDICT, name.to_owned(), covers_account.into())
        }
        turn::Next::Ask(question) => {
            let style = PromptStyle::try_from(question.style);
            let style = style.unwrap_or(PromptStyle::Unspecified);
            let style = name_of(&STYLES, &style).unwrap_or("ask-hidden");
            let of = text(question.text, MAX_QUESTION, "a question")?;
            (style, of, question.digits)
        }
    };
    let turn = LoginTurn {
        lines: list(lines, MAX_LIST, "a list of lines", line_from)?,
        next: next.to_owned(),
        text: of,
        number,
    };
    Ok(LoginReply::Begun { dialog, turn })
}

fn line_to(line: LoginLine) -> Result<Line, Invalid> {
    let kind = value_of(&LINE_KINDS, &line.kind).ok_or(Invalid("a kind of a line"))?;
    Ok(Line {
        kind: kind.into(),
        text: line.text.0.to_string(),
    })
}

fn line_from(line: Line) -> Result<LoginLine, Invalid> {
    let kind = LineKind::try_from(line.kind).unwrap_or(LineKind::Unspecified);
    Ok(LoginLine {
        kind: name_of(&LINE_KINDS, &kind).unwrap_or("error").to_owned(),
        text: SecretText::new(line.text),
    })
}

pub(super) fn refusal_to(error: &str, of: String) -> Result<Refused, Invalid> {
    let name = error.strip_prefix(ERROR_PREFIX).unwrap_or_default();
    let error = value_of(&ERRORS, name).unwrap_or(generated::Error::Unspecified);
    Ok(Refused {
        error: error.into(),
        text: text(of, MAX_ERROR_TEXT, "the text of an error")?,
    })
}

pub(super) fn refusal_from(refused: Refused) -> Result<(generated::Error, String), Invalid> {
    let error = refused.error();
    Ok((
        error,
        text(refused.text, MAX_ERROR_TEXT, "the text of an error")?,
    ))
}

fn refused_from(refused: Refused) -> Result<LoginReply, Invalid> {
    let (error, text) = refusal_from(refused)?;
    // One that is not known denies, as each error. It is told as a fault of the verifier.
    let name = name_of(&ERRORS, &error).unwrap_or("Storage");
    let error = format!("{ERROR_PREFIX}{name}");
    Ok(LoginReply::Refused { error, text })
}
