//! The first turn of a dialog.

use std::time::Instant;

use tfa_core::{Authenticator, Begun, Dialog, Picture, Time};
use tfa_proto::{Line, Turn};

use super::{Error, Logins, expiry, log};
use crate::account::Loaded;
use crate::config::Config;
use crate::host::random;
use crate::login::enrollment::Enrollment;
use crate::login::sessions::{LoginAttempt, Session};

impl Logins {
    /// Renders the first turn of a dialog, after these lines, and keeps the dialog until it is answered.
    pub(super) fn open_dialog(
        &self,
        mut lines: Vec<Line>,
        begun: Begun,
        attempt: LoginAttempt,
        loaded: Option<Loaded>,
        now: Time,
    ) -> Result<(u32, Turn), Error> {
        log::turn(&self.state.journal, &attempt, &begun.turn, "");
        let turn = self.render(&begun.turn, begun.dialog.as_ref(), &[], &attempt, now);
        lines.extend(turn.lines);
        let turn = Turn { lines, ..turn };
        let number = match begun.dialog {
            None => 0,
            Some(dialog) => {
                let loaded = loaded.filter(|_| matches!(dialog, Dialog::AskCode(_)));
                let id = match attempt.host.attempt() {
                    Some(id) => id,
                    None => random::attempt_id()?,
                };
                let is_local = attempt.host.is_local();
                let session = Session::new(attempt, id, dialog);
                let mut sessions = self.sessions();
                let number = sessions.open(session, loaded, Instant::now())?;
                if !is_local {
                    expiry::watch(&self.sessions, &mut sessions);
                }
                number
            }
        };
        Ok((number, turn))
    }

    /// The QR code of a new authenticator.
    pub(super) fn picture_of(
        &self,
        config: &Config,
        attempt: &LoginAttempt,
        authenticator: &Authenticator,
    ) -> Picture {
        let enrollment = Enrollment {
            authenticator,
            issuer: &self.state.issuer(),
            user: &attempt.user.name,
            style: config.qr,
        };
        enrollment.picture()
    }
}
