//! `org.tfad.Tfa1.Login`: the login dialog, for the PAM module.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use tfa_bus::{
    Context, Error, Line, LineKind, Manner, Next, Phase, Question, Turn, Verdict, WireTurn,
};
use tfa_core::{Answered, Dialog, Entry, Exemption, Factor, Origin, Time};
use zbus::Connection;
use zbus::message::Header;
use zbus::wire::OwnedVariant;
use zeroize::Zeroizing;

use crate::caller::{Caller, identify, sender};
use crate::dialogs::Open;
use crate::host::Host;
use crate::journal::Level;
use crate::users::{self, User};
use crate::{clock, texts};

/// The interface.
#[derive(Debug)]
pub struct Login {
    host: Arc<Host>,
}

impl Login {
    /// The interface over a host.
    #[must_use]
    pub fn new(host: Arc<Host>) -> Self {
        Self { host }
    }
}

#[zbus::interface(name = "org.tfad.Tfa1.Login")]
impl Login {
    /// Begins the dialog for a user.
    #[zbus(out_args("dialog", "turn"))]
    async fn begin(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        user: &str,
        context: HashMap<String, OwnedVariant>,
    ) -> Result<(u32, WireTurn), Error> {
        let context = Context::from_dict(&context)
            .map_err(|key| Error::InvalidArgument(format!("the context's {key} is garbled")))?;
        let caller = identify(connection, sender(&header)?).await?;
        let _visit = self.host.visitors.admit(&caller)?;
        if let Some(why) = self.host.refusal() {
            return Err(Error::NotServing(why.to_owned()));
        }
        self.begin_dialog(&caller, user, context)
            .await
            .map(|(number, turn)| (number, turn.into()))
            .map_err(|error| self.host.report(&caller, user, error))
    }

    /// Answers the question that the dialog asked last.
    #[zbus(out_args("turn"))]
    async fn answer(
        &self,
        #[zbus(header)] header: Header<'_>,
        dialog: u32,
        reply: String,
    ) -> Result<(WireTurn,), Error> {
        let reply = Zeroizing::new(reply);
        let open = self
            .host
            .dialogs()
            .judge(dialog, &sender(&header)?, Instant::now())?;
        // Counted by the uid: an answer is judged to its end, even where its connection has gone.
        let judged = match self.host.visitors.admit(&open.caller) {
            Ok(_visit) => self.judge(&open, &Entry::parse(&reply)).await,
            Err(busy) => Err(busy),
        };
        let (turn, next) = match judged {
            Ok(judged) => judged,
            Err(error) => {
                self.host.dialogs().close(dialog);
                return Err(self.host.report(&open.caller, &open.user.name, error));
            }
        };
        match next {
            Some(next) => self.host.dialogs().go_on(dialog, next, Instant::now()),
            None => self.host.dialogs().close(dialog),
        }
        // A turn alone would go out as its four parts.
        Ok((turn.into(),))
    }

    /// Ends the dialog without a verdict.
    async fn cancel(&self, #[zbus(header)] header: Header<'_>, dialog: u32) -> Result<(), Error> {
        let mut dialogs = self.host.dialogs();
        dialogs.judge(dialog, &sender(&header)?, Instant::now())?;
        dialogs.close(dialog);
        Ok(())
    }
}

impl Login {
    async fn begin_dialog(
        &self,
        caller: &Caller,
        name: &str,
        context: Context,
    ) -> Result<(u32, Turn), Error> {
        let user = users::by_name(name).await;
        let (user, context) = if caller.is_root() {
            (user, context)
        } else {
            (Ok(own_user(caller, user)?), untrusted(context))
        };
        let user = match user {
            Ok(user) => user,
            Err(Error::UnknownUser(_)) => return Ok((0, verdict(Verdict::UnknownUser))),
            Err(other) => return Err(other),
        };
        if context.phase == Phase::Account {
            // An optional second factor guards nothing in this phase: whoever set it up was
            // asked in the auth phase, where a stack has one.
            return Ok((0, verdict(Verdict::NotRequired)));
        }
        let account = self.host.accounts.load(&user).await?;
        let decision = self.host.policy().decide(account.as_ref());
        let origin = if context.at_console() {
            Origin::Console
        } else {
            Origin::Remote
        };
        let now = clock::now();
        let begun = Dialog::begin(decision, account.as_ref(), origin, now);
        self.log_end(&begun.turn, caller, &user, &context);
        let turn = worded(&begun.turn, now);
        let number = match begun.dialog {
            None => 0,
            Some(dialog) => {
                let open = Open {
                    caller: caller.clone(),
                    user,
                    context,
                    dialog,
                };
                self.host.dialogs().open(open, Instant::now())?
            }
        };
        Ok((number, turn))
    }

    /// Judges an answer. The account is stored before the turn is returned.
    async fn judge(&self, open: &Open, entry: &Entry) -> Result<(Turn, Option<Dialog>), Error> {
        let (policy, now) = (self.host.policy(), clock::now());
        let (turn, next) = self
            .host
            .judge(
                &open.user,
                entry,
                open.dialog.origin(),
                now,
                |account, evidence| {
                    let decision = policy.decide(Some(account));
                    match open.dialog.answer(decision, account, evidence, now) {
                        Answered::Rehash => None,
                        Answered::Turn(turn, next) => Some((turn, next)),
                    }
                },
            )
            .await?;
        self.log_end(&turn, &open.caller, &open.user, &open.context);
        Ok((worded(&turn, now), next))
    }

    fn log_end(&self, turn: &tfa_core::Turn, caller: &Caller, user: &User, context: &Context) {
        use tfa_core::{Message, Verdict};
        let (level, what) = match (turn.says, turn.next) {
            (_, tfa_core::Next::End(verdict)) => match verdict {
                Verdict::Verified(Factor::Authenticator) => (Level::Info, "verified by a code"),
                Verdict::Verified(Factor::BackupCode) => {
                    (Level::Notice, "verified by a backup code")
                }
                Verdict::NotRequired(Exemption::NotSetUp) => return,
                Verdict::NotRequired(Exemption::Off) => {
                    (Level::Info, "not asked: the policy's mode is off")
                }
                Verdict::NotRequired(Exemption::Paused) => {
                    (Level::Notice, "not asked: two-factor login is paused")
                }
                Verdict::Denied => (Level::Warning, "denied: no right code"),
                Verdict::Locked => (Level::Warning, "denied: locked after too many wrong codes"),
            },
            (Some(Message::Wrong), _) => (Level::Warning, "wrong code"),
            (Some(Message::Spent), _) => (Level::Warning, "a code that was used before"),
            _ => return,
        };
        self.host.log_login(level, caller, user, context, what);
    }
}

/// The user that a caller who is not root asks about: it must be itself. The answer for anybody
/// else tells nothing about them.
fn own_user(caller: &Caller, user: Result<User, Error>) -> Result<User, Error> {
    let own = user.ok().filter(|user| user.uid == caller.uid);
    own.ok_or_else(|| {
        let uid = caller.uid;
        Error::NotAuthorized(format!("uid {uid} may begin a login for itself alone"))
    })
}

/// What is left of a context that root does not vouch for.
fn untrusted(context: Context) -> Context {
    Context {
        phase: context.phase,
        service: context.service,
        ..Context::default()
    }
}

fn verdict(verdict: Verdict) -> Turn {
    Turn {
        lines: Vec::new(),
        next: Next::Verdict(verdict),
    }
}

/// The turn in words.
fn worded(turn: &tfa_core::Turn, now: Time) -> Turn {
    let lines = turn
        .says
        .map(|says| texts::message(says, now))
        .map(|(bad, text)| Line {
            kind: if bad { LineKind::Error } else { LineKind::Info },
            text,
        });
    let next = match turn.next {
        tfa_core::Next::AskCode { digits } => Next::Ask(Question {
            text: texts::QUESTION.to_owned(),
            manner: Manner::Hidden,
            digits: u32::from(digits),
        }),
        tfa_core::Next::End(verdict) => Next::Verdict(match verdict {
            tfa_core::Verdict::Verified(_) => Verdict::Verified,
            tfa_core::Verdict::NotRequired(_) => Verdict::NotRequired,
            tfa_core::Verdict::Denied => Verdict::Denied,
            tfa_core::Verdict::Locked => Verdict::Locked,
        }),
    };
    Turn {
        lines: lines.into_iter().collect(),
        next,
    }
}
