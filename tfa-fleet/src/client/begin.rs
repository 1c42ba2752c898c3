//! A dialog begins at the first verifier that answers. Where one does not answer at once, the next one is asked
//! as well, with the same attempt. The dialogs that are not needed are cancelled.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tfa_fleet_wire::{BeginLogin, LoginReply, Reply};
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant, sleep_until, timeout};

use super::link::{Link, Open};
use super::round::{Round, Standing};
use super::{HEDGE_DELAY, NoReply, Verifiers, is_elsewhere, millis_until, refused, reply_of};
use crate::generated::{BeginReply, BeginRequest, CancelRequest, Error, begin_reply};
use crate::log::{Level, printable};
use crate::messages;

/// The pause after all verifiers have failed: one of them may restart.
const RETRY_DELAY: Duration = Duration::from_millis(500);
/// How long the end of a dialog that is not needed may take.
const CANCEL_TIME: Duration = Duration::from_secs(1);

/// What became of one request.
enum Ended {
    /// The reply decides the call.
    Decided(LoginReply),
    /// The verifier cannot answer.
    Cannot(NoReply),
}

/// The last verifier that could not answer.
pub(super) struct Last {
    /// Why, for the administrator.
    text: String,
    /// The daemons of this one and of all before it do not run.
    is_absent: bool,
}

/// Set by the first that decides a call: a reply, or its end.
#[derive(Clone, Default)]
struct Decision(Arc<AtomicBool>);

impl Decision {
    /// Returns whether this is the first one.
    fn take(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }
}

/// The end of a call, also where tfad does not wait for it.
struct End(Decision);

impl Drop for End {
    fn drop(&mut self) {
        self.0.take();
    }
}

impl Verifiers {
    pub(super) async fn begin(&self, begin: BeginLogin, deadline: Instant) -> Reply {
        let first = begin.attempt.0.first().copied().unwrap_or_default();
        let request = match messages::begin_request(begin, 0) {
            Ok(request) => request,
            Err(invalid) => {
                return Reply::Login {
                    verifier: String::new(),
                    reply: refused(&invalid.to_string()),
                };
            }
        };
        let mut round = Round::new(self.in_order(first.into()));
        let mut changed = self.changed.subscribe();
        let decision = Decision::default();
        let _end = End(decision.clone());
        let (sender, mut ended) = mpsc::channel(self.links().len().max(1));
        let mut under_way: usize = 0;
        let mut last: Option<Last> = None;
        loop {
            let (mut next_at, mut is_waiting) = (None, true);
            if let Some((link, open)) = round.next() {
                let mut request = request.clone();
                request.budget_ms = millis_until(deadline);
                let (decision, sender) = (decision.clone(), sender.clone());
                tokio::spawn(ask(link, open, request, deadline, decision, sender));
                under_way = under_way.saturating_add(1);
                (next_at, is_waiting) = (Some(Instant::now() + HEDGE_DELAY), false);
            } else if under_way == 0 {
                match round.standing() {
                    Standing::NoneConnects => return self.none(last, under_way),
                    Standing::AllAsked => {
                        round.begin_again();
                        next_at = Some(Instant::now() + RETRY_DELAY);
                    }
                    Standing::SomeConnect => {}
                }
            }
            // Until the next one is to be asked.
            tokio::select! {
                biased;
                Some((verifier, end)) = ended.recv() => match end {
                    Ended::Decided(reply) => return Reply::Login { verifier, reply },
                    Ended::Cannot(NoReply { why, is_absent }) => {
                        let text = printable(&format_args!("{verifier} cannot begin a login: {why}"));
                        let is_absent = is_absent && last.is_none_or(|last| last.is_absent);
                        self.not_answered.log(Level::Warning, &text);
                        under_way = under_way.saturating_sub(1);
                        last = Some(Last { text, is_absent });
                    }
                },
                () = sleep_until(deadline) => return self.none(last, under_way),
                () = sleep_until(next_at.unwrap_or(deadline)), if next_at.is_some() => {}
                _ = changed.changed(), if is_waiting => {}
            }
        }
    }

    /// The verifiers, with one in front that is as good as random. Those that have not answered lately come last.
    pub(super) fn in_order(&self, random: usize) -> Vec<Arc<Link>> {
        let links = self.links();
        let count = links.len();
        let start = random.checked_rem(count).unwrap_or_default();
        let links = links.iter().cycle().skip(start).take(count);
        let (suspected, mut links): (Vec<_>, Vec<_>) =
            links.cloned().partition(|link| link.is_suspected());
        links.extend(suspected);
        links
    }

    /// Why none has answered. Whether there is one decides about logins of
    /// root at the console: what a user can cause is never taken for it.
    pub(super) fn none(&self, last: Option<Last>, under_way: usize) -> Reply {
        let is_connected = self.links().iter().any(|link| link.open().is_some());
        match last {
            Some(last) if last.is_absent && under_way == 0 => Reply::NoVerifier(last.text),
            Some(last) => Reply::NoAnswer(last.text),
            None if is_connected || under_way > 0 => {
                Reply::NoAnswer("there was no reply in time".to_owned())
            }
            None => Reply::NoVerifier(self.why_none_is_connected()),
        }
    }

    fn why_none_is_connected(&self) -> String {
        let links = self.links();
        let mut errors = links.iter().filter_map(|link| link.status(false).error);
        match errors.next() {
            Some(error) => error.text,
            None if links.is_empty() => "tfa-fleet.toml names none".to_owned(),
            None => "none is connected that serves logins".to_owned(),
        }
    }
}

/// Asks one verifier. Ends its dialog if the call is decided already.
async fn ask(
    link: Arc<Link>,
    mut open: Open,
    request: BeginRequest,
    deadline: Instant,
    decision: Decision,
    sender: mpsc::Sender<(String, Ended)>,
) {
    let attempt = request.attempt.clone();
    let reply = reply_of(&link, open.number, deadline, open.client.begin(request)).await;
    if let Ok(reply) = &reply {
        link.note_refusal(open.number, refusal_of_host(reply));
    }
    let end = match reply {
        Ok(reply) => end_of(reply),
        Err(none) => Ended::Cannot(none),
    };
    if let Ended::Cannot(_) = end {
        link.suspect(open.number);
    }
    if let Ended::Decided(reply) = &end
        && !decision.take()
    {
        if let LoginReply::Begun {
            dialog: dialog @ 1..,
            ..
        } = *reply
        {
            let cancel = CancelRequest { attempt, dialog };
            let _ = timeout(CANCEL_TIME, open.client.cancel(cancel)).await;
        }
        return;
    }
    let _ = sender.send((link.name().to_owned(), end)).await;
}

/// Why a verifier serves no login of this host. tfad of this host lets no user begin the login of another one.
fn refusal_of_host(reply: &BeginReply) -> Option<&str> {
    match &reply.is {
        Some(begin_reply::Is::Refused(refused)) if refused.error() == Error::NotAuthorized => {
            Some(&refused.text)
        }
        _ => None,
    }
}

fn end_of(reply: BeginReply) -> Ended {
    if let Some(begin_reply::Is::Refused(refused)) = &reply.is
        && is_elsewhere(refused.error())
    {
        return Ended::Cannot(NoReply {
            why: refused.text.clone(),
            // It answers.
            is_absent: false,
        });
    }
    match messages::reply_to_begin(reply) {
        Ok(reply) => Ended::Decided(reply),
        Err(invalid) => Ended::Cannot(NoReply {
            why: invalid.to_string(),
            is_absent: false,
        }),
    }
}
