//! Searches for a login that is refused because no module has asked for the password.

use crate::answers::Questions;
use crate::assume::{self, Assumed};
use crate::authtok::{Ternary, leaves_password, takes_code, takes_password};
use crate::code::{Code, Codes};
use crate::dispatch::State;
use crate::modules::{codes_without_failure, verifies_password};
use crate::questions::{Witness, passes};
use crate::search::{Node, Reached, Search};
use crate::stack::{Line, Phase, Service};
use crate::users::Refusal;

const PHASE: Phase = Phase::Auth;
const REFUSAL: Codes = Codes::of(&[Code::AUTH_ERR]);

impl Service {
    /// For each line that takes the password of an earlier module: a login with the right password and the right code
    /// that reaches the line before any module has asked for a password, and is refused therefore. The last step is the
    /// line.
    ///
    /// The password may be one of several sources, such as `/etc/shadow` and a directory. Then it is that of the line:
    /// a module for another source may refuse before it, and verifies nothing behind it. A line that takes a code from
    /// there is refused as well where a module has verified the password: then it is a password and no code.
    #[must_use]
    pub fn password_not_asked(&self) -> Vec<Refusal> {
        let stack = self.stack(PHASE);
        let lines = stack.lines.iter().enumerate();
        let takers = lines.filter(|(_, line)| takes_password(line).is_some());
        let found = takers.filter_map(|(index, taker)| {
            let may_ask = |line: &&Line| leaves_password(line, Code::SUCCESS) == Ternary::Unknown;
            let unknown = stack.lines.iter().take(index).filter(may_ask);
            let find = |assumed: &[_]| self.unasked(index, taker, assumed);
            let (mut path, depends_on) = assume::find(unknown, [Ternary::Yes, Ternary::No], find)?;
            path.push((index, Code::AUTH_ERR));
            let witness = Witness::of(PHASE, &stack.lines, &path, None);
            Some(Refusal {
                line: witness.steps.last()?.clone(),
                witness,
                depends_on,
            })
        });
        found.collect()
    }

    /// The shortest such login up to the line, with something assumed of modules of which it is not known whether they
    /// ask.
    fn unasked(
        &self,
        index: usize,
        taker: &Line,
        assumed: &[Assumed<'_, Ternary>],
    ) -> Option<Vec<(usize, Code)>> {
        let stack = self.stack(PHASE);
        let (before, behind) = (
            |line: &Line| self.codes_of_owner(line, taker),
            |line: &Line| self.codes_behind(line, taker),
        );
        let asks = |line: &Line, code| match leaves_password(line, code) {
            Ternary::Unknown => assume::assumed(assumed, line).unwrap_or(Ternary::Unknown),
            known => known,
        };
        let questions = Questions::of(stack);
        let search = Search {
            stack,
            codes: &before,
            questions: &questions,
            asks: Some(&asks),
        };
        let rest = Search {
            codes: &behind,
            ..search
        };
        let ends_well = |reached: &Reached<'_>| passes(PHASE, reached);
        let is_refused = |reached: &Reached<'_>| {
            let after = |code, password_asked| after(search, reached, taker, code, password_asked);
            let passes = |search: Search<'_>, node| search.find_from(node, &ends_well).is_some();
            let with = after(Code::SUCCESS, true).is_some_and(|node| passes(search, node));
            with && after(Code::AUTH_ERR, false).is_some_and(|node| !passes(rest, node))
        };
        let path = search.find(State::new(), &|reached| {
            let is_there = reached.next.is_ok() && reached.state.at == index;
            let facts = reached.facts;
            // What was verified as the password has no code in it.
            let is_no_code = takes_code(taker) && facts.is_password_right();
            is_there && (!facts.password_asked || is_no_code) && is_refused(reached)
        })?;
        Some(path.lines)
    }

    /// What a line returns in a login with the right password and code, where the password is that of `taker`.
    fn codes_of_owner(&self, line: &Line, taker: &Line) -> Codes {
        let codes = codes_without_failure(line, PHASE, &self.name);
        if is_of_other_source(line, taker) || takes_password(line).is_some() {
            codes.and(REFUSAL)
        } else {
            codes
        }
    }

    /// The same behind that line.
    fn codes_behind(&self, line: &Line, taker: &Line) -> Codes {
        match is_of_other_source(line, taker) {
            true => REFUSAL,
            false => self.codes_of_owner(line, taker),
        }
    }
}

/// Whether the line verifies the passwords of another source than those of a line that takes one.
fn is_of_other_source(line: &Line, taker: &Line) -> bool {
    let name = |line: &Line| line.module.rsplit('/').next().map(str::to_owned);
    verifies_password(taker) && verifies_password(line) && name(line) != name(taker)
}

/// The state after the line with that code.
fn after(
    search: Search<'_>,
    reached: &Reached<'_>,
    taker: &Line,
    code: Code,
    password_asked: bool,
) -> Option<Node> {
    let state = search.after(reached.state, taker, code)?;
    let mut facts = reached.facts.after(taker, code);
    facts.password_asked = password_asked;
    Some((state, facts, reached.answers.clone()))
}
