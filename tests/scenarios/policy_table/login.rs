//! A login that answers each question on the screen, as a user would, and then returns its outcome.

use std::time::Duration;

use tfa_tests::{Phone, Terminal};

use super::table::Outcome;
use crate::users::{CODE, Owner, PASSWORD, uri_in};

/// The end of each question.
const ASK_PASSWORD: &str = "Password:";
const ASK_WHETHER: &str = "Set it up now? yes, or Enter for later:";
const ASK_TO_BEGIN: &str = "Press Enter to begin, or no to stop:";
const ASK_SCANNED: &str = "Scan it with the app, then press Enter:";
const ASK_NEW_CODE: &str = "Code from your phone:";
const ASK_SAVED: &str = "Press Enter when you have saved them:";
const QUESTIONS: &[&str] = &[
    ASK_PASSWORD,
    CODE,
    ASK_WHETHER,
    ASK_TO_BEGIN,
    ASK_SCANNED,
    ASK_NEW_CODE,
    ASK_SAVED,
];

/// The messages with which su, ssh and the console refuse a login.
const ENDS: &[&str] = &[
    "su: ",
    "Permission denied (",
    "Connection closed by",
    "Connection to localhost closed",
    "Login incorrect",
];

/// The message for a user in the grace period.
const GRACE: &str = "Two-factor login will be required on";
/// The message for a user whom the administrator has exempted.
const EXEMPT: &str = "Your administrator has exempted you from two-factor login on";
/// The messages for a refused user, of which one is shown.
const REASONS: &[&str] = &[
    "Two-factor login is required on host",
    "could not be determined",
];
/// Text that no user without a part in two-factor login is shown.
const TFA_WORDS: &[&str] = &["wo-factor", "code", "tfa-enroll"];

/// Longer than any delay in a login.
const TIMEOUT: Duration = Duration::from_secs(15);
/// More questions than any login asks.
const MAX_QUESTIONS: usize = 8;

pub(super) struct User {
    owner: Owner,
    typed: usize,
}

impl User {
    pub(super) fn new(owner: Owner) -> Self {
        Self { owner, typed: 0 }
    }

    /// A right code. Alternates between a code of the phone and a backup code, so that no login
    /// waits for the next time step.
    fn right_code(&mut self) -> String {
        let number = self.typed;
        self.typed += 1;
        if number.is_multiple_of(2) {
            self.owner.phone.next_unused()
        } else {
            self.owner.backup_codes[number].clone()
        }
    }
}

/// Runs a login to its end. Returns its outcome, or what was unexpected.
pub(super) fn log_in(
    terminal: &Terminal,
    user: &str,
    mut user_with_phone: Option<&mut User>,
) -> Result<Outcome, String> {
    let before = terminal.transcript().len();
    let shell = format!("{user}@host:~$");
    let awaited = [QUESTIONS, &[&shell], ENDS].concat();
    let mut asked = Vec::new();
    let mut is_logged_in = false;
    while asked.len() <= MAX_QUESTIONS {
        let text = terminal.await_any(&awaited, TIMEOUT);
        let text = text.and_then(|which| awaited.get(which).copied());
        is_logged_in = text == Some(&shell);
        let Some(question) = text.filter(|text| QUESTIONS.contains(text)) else {
            break;
        };
        let first = !asked.contains(&question);
        asked.push(question);
        match question {
            ASK_PASSWORD => terminal.type_secret(PASSWORD),
            CODE => terminal.type_secret(&match &mut user_with_phone {
                Some(user_with_phone) if first => user_with_phone.owner.phone.wrong_code(),
                Some(user_with_phone) => user_with_phone.right_code(),
                None => String::new(),
            }),
            ASK_NEW_CODE => {
                let phone = Phone::from_uri(&uri_in(&terminal.transcript()));
                terminal.type_line(&phone.next_unused());
            }
            _ => terminal.type_line(""),
        }
    }
    let shown = &terminal.transcript()[before..];
    outcome(&asked, shown, is_logged_in).ok_or_else(|| {
        let end = if is_logged_in { "a shell" } else { "no shell" };
        format!("the manual has no outcome for this: {asked:?}, then {end}:\n{shown}")
    })
}

fn outcome(asked: &[&str], shown: &str, is_logged_in: bool) -> Option<Outcome> {
    let says = |texts: &[&str]| texts.iter().any(|text| shown.contains(text));
    let asked = asked.strip_prefix(&[ASK_PASSWORD]).unwrap_or(asked);
    match asked {
        [] if !is_logged_in => says(REASONS).then_some(Outcome::Refused),
        _ if !is_logged_in => None,
        [] if says(&[GRACE]) => Some(Outcome::Notified),
        [] if says(&[EXEMPT]) => Some(Outcome::Exempt),
        [] => (!says(TFA_WORDS)).then_some(Outcome::In),
        [CODE, CODE] => Some(Outcome::Code),
        [ASK_WHETHER] => says(&[GRACE]).then_some(Outcome::Offered),
        [ASK_TO_BEGIN, ASK_SCANNED, ASK_NEW_CODE, ASK_SAVED] => Some(Outcome::SetUp),
        _ => None,
    }
}
