//! Answers go to the verifier that has the dialog.

use std::sync::Arc;

use tfa_fleet_wire::{LoginReply, Reply};
use tokio::time::{Instant, sleep};

use super::link::{Link, Open};
use super::{HEDGE_DELAY, Verifiers, is_elsewhere, millis_until, reply_of};
use crate::generated::{AnswerRequest, Error, answer_reply};
use crate::log::{Level, printable};
use crate::messages;

impl Verifiers {
    /// Sends an answer. A verifier that does not answer in time is lost if another one can be asked, and can take
    /// this answer.
    pub(super) async fn answer(
        &self,
        name: &str,
        mut request: AnswerRequest,
        only_there: bool,
        deadline: Instant,
    ) -> Reply {
        let Some(link) = self.link(name) else {
            return Reply::Lost(printable(&format_args!("{name} is none of the verifiers")));
        };
        let Some(open) = link.open() else {
            return Reply::Lost(format!("there is no connection to {name}"));
        };
        request.budget_ms = millis_until(deadline);
        let number = open.number;
        // In a task of its own: a late reply shows that the verifier is well.
        let call = send(Arc::clone(&link), open, request, deadline);
        let mut call = tokio::spawn(call);
        let answered = loop {
            tokio::select! {
                answered = &mut call => break answered,
                () = sleep(HEDGE_DELAY) => if !only_there && self.has_another(&link) {
                    // Before tfad begins again.
                    link.suspect(number);
                    break Ok(Err("it does not answer".to_owned()));
                }
            }
        };
        let answered = answered.unwrap_or_else(|_| Err("the call broke off".to_owned()));
        match answered {
            Ok(reply) => Reply::Login {
                verifier: name.to_owned(),
                reply,
            },
            Err(why) => {
                let text = printable(&format_args!("{name} is lost in a login: {why}"));
                self.not_answered.log(Level::Warning, &text);
                Reply::Lost(text)
            }
        }
    }

    /// Whether another verifier can be asked.
    fn has_another(&self, than: &Arc<Link>) -> bool {
        let links = self.links();
        let mut others = links.iter().filter(|link| !Arc::ptr_eq(link, than));
        others.any(|link| !link.is_suspected() && link.open().is_some())
    }
}

async fn send(
    link: Arc<Link>,
    mut open: Open,
    request: AnswerRequest,
    deadline: Instant,
) -> Result<LoginReply, String> {
    let reply = reply_of(&link, open.number, deadline, open.client.answer(request)).await;
    let reply = reply.map_err(|none| none.why)?;
    if let Some(answer_reply::Is::Refused(refused)) = &reply.is {
        let error = refused.error();
        if is_elsewhere(error) {
            link.suspect(open.number);
        }
        if is_elsewhere(error) || error == Error::NoSuchDialog {
            return Err(refused.text.clone());
        }
    }
    messages::reply_to_answer(reply).map_err(|invalid| invalid.to_string())
}
