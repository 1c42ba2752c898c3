//! What PAM knows about a login: the module sends it to the daemon.

use std::collections::{BTreeMap, HashMap};

use zbus::wire::{OwnedVariant, Variant};

use crate::context_builder::{ContextBuilder, ContextError, NOT_RUN};
use crate::context_value::ContextValue::{self, Flag, Number, Text};
use crate::wire_name::wire_enum;
use crate::{Consoles, Verdict};

wire_enum! {
    /// The phases of a login in which the module runs.
    #[derive(Default)]
    pub enum Phase {
        /// `pam_sm_authenticate`.
        #[default]
        Auth = "auth",
        /// `pam_sm_acct_mgmt`.
        Account = "account",
        /// `pam_sm_open_session`.
        Session = "session",
    }
}

/// The services whose programs a user starts inside a session. They are not reachable from a network,
/// and their `PAM_RUSER` is the user of the session.
pub const INSIDE_SESSIONS: [&str; 8] = [
    "su", "su-l", "sudo", "sudo-i", "doas", "polkit-1", "chfn", "chsh",
];

/// The context of a login. The daemon trusts it only from root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context {
    /// The phase.
    pub phase: Phase,
    /// `PAM_SERVICE`: `sshd`, `login`, `sudo`, …
    pub service: String,
    /// `PAM_RHOST`; empty for a local login.
    pub rhost: String,
    /// `PAM_TTY`, with or without `/dev/`.
    pub tty: String,
    /// Whether a program that a user started has a `PAM_TTY` that is not its controlling terminal. The
    /// user chose that terminal, so it does not count as a console.
    pub borrows_tty: bool,
    /// `XDG_SEAT` of the PAM environment, if the program has the real uid of root: the seat of a
    /// display manager.
    pub seat: String,
    /// `PAM_RUSER`: the user who runs the login program.
    pub ruser: String,
    /// `SSH_AUTH_INFO_0` of the PAM environment: the SSH methods that have succeeded.
    pub ssh_auth_info: String,
    /// In the auth phase: whether an earlier module has asked for a password (`PAM_AUTHTOK`). Whether it
    /// was right shows at the end of the stack.
    pub password_given: bool,
    /// In the account and session phases: the verdict of the auth phase of the same transaction.
    /// `None` if the auth phase did not run, which the module states as `not-run`.
    pub auth_result: Option<Verdict>,
    /// Whether the stack has an account line that can enroll a user.
    pub can_enroll: bool,
    /// In the account phase: whether the stack has a session line that can refuse the login.
    pub session_follows: bool,
    /// Whether the program set `PAM_SILENT`, as sudo always does: no optional question is asked.
    pub silent: bool,
    /// The audit session id of the login program, which all programs of a login session share. Only a
    /// silent program sends it.
    pub session: Option<u32>,
}

impl Context {
    /// Returns whether the user is at this machine: without a remote host, and at a console or a seat.
    /// A pseudo-terminal does not count: a remote login has one as well.
    #[must_use]
    pub fn at_console(&self, consoles: &Consoles) -> bool {
        let terminal = consoles.has(&self.tty) && !self.borrows_tty;
        let here = terminal || consoles.have_seat(&self.seat, &self.tty);
        self.rhost.is_empty() && here
    }

    /// Returns whether the program is sshd, also under another `PAMServiceName`.
    #[must_use]
    pub fn is_ssh(&self) -> bool {
        self.service == "sshd" || self.tty == "ssh"
    }

    /// Returns the values that are not empty, in the order of their keys. The account and session phases
    /// always have an `auth-result`.
    pub fn entries(&self) -> impl Iterator<Item = (&'static str, ContextValue<'_>)> {
        let auth_result = match (self.auth_result, self.phase) {
            (Some(verdict), _) => verdict.name(),
            (None, Phase::Account | Phase::Session) => NOT_RUN,
            (None, Phase::Auth) => "",
        };
        let text = |text| Some(text).filter(|text: &&str| !text.is_empty()).map(Text);
        let flag = |flag: bool| flag.then_some(Flag(flag));
        let entries = [
            ("auth-result", text(auth_result)),
            ("borrows-tty", flag(self.borrows_tty)),
            ("can-enroll", flag(self.can_enroll)),
            ("password-given", flag(self.password_given)),
            ("phase", text(self.phase.name())),
            ("rhost", text(&self.rhost)),
            ("ruser", text(&self.ruser)),
            ("seat", text(&self.seat)),
            ("service", text(&self.service)),
            ("session", self.session.map(Number)),
            ("session-follows", flag(self.session_follows)),
            ("silent", flag(self.silent)),
            ("ssh-auth-info", text(&self.ssh_auth_info)),
            ("tty", text(&self.tty)),
        ];
        let entries = entries.into_iter();
        entries.filter_map(|(key, value)| Some((key, value?)))
    }

    /// Encodes the [entries](Self::entries) as `a{sv}`.
    #[must_use]
    pub fn to_dict(&self) -> BTreeMap<&'static str, Variant<'_>> {
        self.entries()
            .map(|(key, value)| (key, value.to_variant()))
            .collect()
    }

    /// Decodes the context. Absent keys are empty, but for `phase` and, after the auth phase,
    /// `auth-result`.
    ///
    /// # Errors
    /// [`ContextError`].
    pub fn from_dict(dict: &HashMap<String, OwnedVariant>) -> Result<Self, ContextError> {
        let mut context = ContextBuilder::default();
        for (key, value) in dict {
            context.set(key, ContextValue::of(value))?;
        }
        context.build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context_builder::MAX_TEXT;

    fn owned(context: &Context) -> HashMap<String, OwnedVariant> {
        let own = |value: Variant<'_>| OwnedVariant::try_from(value).unwrap();
        context
            .to_dict()
            .into_iter()
            .map(|(key, value)| (key.to_owned(), own(value)))
            .collect()
    }

    fn text(text: &str) -> OwnedVariant {
        OwnedVariant::try_from(Variant::from(text)).unwrap()
    }

    fn full() -> Context {
        Context {
            phase: Phase::Account,
            service: "sshd".to_owned(),
            rhost: "192.0.2.7".to_owned(),
            tty: "ssh".to_owned(),
            borrows_tty: true,
            seat: "seat0".to_owned(),
            ruser: "bob".to_owned(),
            ssh_auth_info: "publickey ssh-ed25519 AAAA".to_owned(),
            password_given: true,
            auth_result: Some(Verdict::Verified),
            can_enroll: true,
            session_follows: true,
            silent: true,
            session: Some(7),
        }
    }

    #[test]
    fn a_context_survives_the_round_trip() {
        let context = full();
        assert_eq!(Context::from_dict(&owned(&context)), Ok(context));
    }

    #[test]
    fn a_flag_is_off_where_it_is_absent_and_must_be_one() {
        let mut dict = owned(&Context::default());
        for flag in [
            "can-enroll",
            "session-follows",
            "silent",
            "borrows-tty",
            "password-given",
        ] {
            dict.remove(flag);
            assert_eq!(Context::from_dict(&dict), Ok(Context::default()));
            dict.insert(flag.to_owned(), OwnedVariant::from(1_u32));
            assert_eq!(Context::from_dict(&dict), Err(ContextError::Invalid(flag)));
            dict.remove(flag);
        }
    }

    #[test]
    fn a_session_is_absent_or_a_number() {
        let mut dict = owned(&Context::default());
        assert!(!dict.contains_key("session"));
        dict.insert("session".to_owned(), OwnedVariant::from(true));
        assert_eq!(
            Context::from_dict(&dict),
            Err(ContextError::Invalid("session"))
        );
    }

    #[test]
    fn text_that_is_too_long_is_an_error() {
        for (key, most) in [
            ("service", MAX_TEXT),
            ("rhost", MAX_TEXT),
            ("tty", MAX_TEXT),
            ("seat", MAX_TEXT),
            ("ruser", MAX_TEXT),
        ] {
            let mut dict = owned(&Context::default());
            dict.insert(key.to_owned(), text(&"x".repeat(most)));
            assert!(Context::from_dict(&dict).is_ok(), "{key}");
            dict.insert(key.to_owned(), text(&"x".repeat(most + 1)));
            assert_eq!(Context::from_dict(&dict), Err(ContextError::Invalid(key)));
        }
    }

    #[test]
    fn one_flag_is_not_taken_for_another() {
        let silent = Context {
            silent: true,
            ..Context::default()
        };
        assert_eq!(Context::from_dict(&owned(&silent)), Ok(silent));
    }

    #[test]
    fn an_unknown_verdict_or_phase_is_an_error() {
        let mut dict = owned(&Context::default());
        dict.insert("auth-result".to_owned(), OwnedVariant::from(7_u32));
        assert_eq!(
            Context::from_dict(&dict),
            Err(ContextError::Invalid("auth-result"))
        );
        dict.remove("auth-result");
        dict.remove("phase");
        assert_eq!(
            Context::from_dict(&dict),
            Err(ContextError::Missing("phase"))
        );
        dict.insert("phase".to_owned(), text("password"));
        assert_eq!(
            Context::from_dict(&dict),
            Err(ContextError::Invalid("phase"))
        );
    }

    #[test]
    fn a_later_phase_without_an_auth_result_is_an_error() {
        for phase in [Phase::Account, Phase::Session] {
            let not_run = Context {
                phase,
                ..Context::default()
            };
            let mut dict = owned(&not_run);
            assert_eq!(dict["auth-result"], text("not-run"));
            assert_eq!(Context::from_dict(&dict), Ok(not_run));
            dict.insert("auth-result".to_owned(), text(""));
            let invalid = ContextError::Invalid("auth-result");
            assert_eq!(Context::from_dict(&dict), Err(invalid));
            dict.remove("auth-result");
            let missing = ContextError::Missing("auth-result");
            assert_eq!(Context::from_dict(&dict), Err(missing));
        }
    }

    #[test]
    fn a_key_of_another_version_is_an_error() {
        for key in ["met", "enrolls", "", "Phase"] {
            let mut dict = owned(&Context::default());
            dict.insert(key.to_owned(), text("verified"));
            let unknown = ContextError::Unknown(key.to_owned());
            assert_eq!(Context::from_dict(&dict), Err(unknown));
        }
    }

    #[test]
    fn every_key_that_is_sent_is_known() {
        let all = owned(&full());
        assert_eq!(all.len(), 14);
        assert_eq!(Context::from_dict(&all), Ok(full()));
    }

    #[test]
    fn no_verdict_is_named_as_an_auth_phase_that_did_not_run() {
        assert_eq!(Verdict::from_name(NOT_RUN), None);
    }

    #[test]
    fn only_a_console_or_a_seat_without_a_remote_host_is_the_console() {
        let at = |tty: &str, seat: &str, rhost: &str| {
            let [tty, seat, rhost] = [tty, seat, rhost].map(str::to_owned);
            let context = Context {
                tty,
                seat,
                rhost,
                ..Context::default()
            };
            context.at_console(&Consoles::default())
        };
        for (tty, seat) in [
            ("/dev/tty1", ""),
            (":0", ""),
            ("", "seat0"),
            (":1", "seat1"),
        ] {
            assert!(at(tty, seat, ""), "{tty}");
            assert!(!at(tty, seat, "192.0.2.7"), "{tty} with a remote host");
        }
        for (tty, seat) in [
            ("pts/0", ""),
            ("pts/0", "seat0"),
            ("", ""),
            ("ssh", "seat0"),
        ] {
            assert!(!at(tty, seat, ""), "{tty}");
        }
    }
}
