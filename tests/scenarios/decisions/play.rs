//! A login, played by whatever stands on the screen as a person would, and only then asked what
//! became of it.

use std::time::Duration;

use tfa_tests::{Phone, Terminal};

use super::table::Outcome;
use crate::people::{CODE, Owner, PASSWORD, uri_in};

/// The questions, each to its end.
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

/// How su, ssh and the console say that there is no login.
const ENDS: &[&str] = &[
    "su: ",
    "Permission denied (",
    "Connection closed by",
    "Login incorrect",
];

/// What somebody reads whom a grace lets go on.
const GRACE: &str = "Two-factor login will be required on";
/// What whoever is refused reads one of.
const REASONS: &[&str] = &[
    "Two-factor login is required on host",
    "could not be determined",
];
/// What nobody reads whose login two-factor login has nothing to do with.
const MATTERS: &[&str] = &["wo-factor", "code", "tfa-enroll"];

/// Longer than any pause in a login.
const PATIENCE: Duration = Duration::from_secs(15);
/// More than any login asks.
const MOST: usize = 8;

/// Somebody with a phone.
pub(super) struct Person {
    owner: Owner,
    typed: usize,
}

impl Person {
    pub(super) fn new(owner: Owner) -> Self {
        Self { owner, typed: 0 }
    }

    /// A right code: by turns one of the phone's and a backup code, so that nobody has to wait
    /// until the phone shows another.
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

/// Plays a login to its end, and tells what became of it, or what is odd.
pub(super) fn play(
    terminal: &Terminal,
    user: &str,
    mut person: Option<&mut Person>,
) -> Result<Outcome, String> {
    let before = terminal.transcript().len();
    let shell = format!("{user}@host:~$");
    let awaited = [QUESTIONS, &[&shell], ENDS].concat();
    let mut asked = Vec::new();
    let mut is_in = false;
    while asked.len() <= MOST {
        let text = terminal.await_any(&awaited, PATIENCE);
        let text = text.and_then(|which| awaited.get(which).copied());
        is_in = text == Some(&shell);
        let Some(question) = text.filter(|text| QUESTIONS.contains(text)) else {
            break;
        };
        let first = !asked.contains(&question);
        asked.push(question);
        match question {
            ASK_PASSWORD => terminal.type_secret(PASSWORD),
            CODE => terminal.type_secret(&match &mut person {
                Some(person) if first => person.owner.phone.wrong_code(),
                Some(person) => person.right_code(),
                None => String::new(),
            }),
            ASK_NEW_CODE => {
                let phone = Phone::from_uri(&uri_in(&terminal.transcript()));
                terminal.type_line(&phone.next_unused());
            }
            _ => terminal.type_line(""),
        }
    }
    let story = &terminal.transcript()[before..];
    outcome(&asked, story, is_in).ok_or_else(|| {
        let end = if is_in { "a shell" } else { "no shell" };
        format!("saw what the manual has no word for: {asked:?}, then {end}:\n{story}")
    })
}

fn outcome(asked: &[&str], story: &str, is_in: bool) -> Option<Outcome> {
    let says = |texts: &[&str]| texts.iter().any(|text| story.contains(text));
    let asked = asked.strip_prefix(&[ASK_PASSWORD]).unwrap_or(asked);
    match asked {
        [] if !is_in => says(REASONS).then_some(Outcome::Refused),
        _ if !is_in => None,
        [] if says(&[GRACE]) => Some(Outcome::Notified),
        [] => (!says(MATTERS)).then_some(Outcome::In),
        [CODE, CODE] => Some(Outcome::Code),
        [ASK_WHETHER] => says(&[GRACE]).then_some(Outcome::Offered),
        [ASK_TO_BEGIN, ASK_SCANNED, ASK_NEW_CODE, ASK_SAVED] => Some(Outcome::SetUp),
        _ => None,
    }
}
