//! Everything that `tfa-enroll` says, in one place, so that it can be translated. Lines are kept
//! below 80 columns, in ASCII, without anything drawn.

use std::fmt::{Display, Write as _};
use std::io;

use tfa_bus::command::{Failure, left, local, plain};
use tfa_bus::{Offer, State, Status};
use zeroize::Zeroizing;

// The command line.

pub(crate) const ABOUT: &str = "Two-factor login: set it up and look after it";

pub(crate) const AFTER_HELP: &str = "\
Without a command it shows whether two-factor login is on, and what can be done.
With a screen reader, --qr none leaves the picture out; the key comes as text.
Codes are never taken from the command line: others could read them there.
Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 daemon not reachable.";

pub(crate) const JSON_HELP: &str = "\
Keys of the JSON form, which stay as they are:
  user, uid                the login name and its number
  state                    none, pending (not finished), enabled or paused;
                           empty where there is a problem
  authenticators           the names of the phones and apps
  offer_pending            a new phone was offered and has not yet proved itself
  backup_codes_left        how many
  failures                 wrong codes in a row over the network
  locked_until             no code is accepted over the network before, or null
  locked_for_good          the administrator has to unlock
  console_failures, console_locked_until, console_locked_for_good
                           the same at the machine itself
  required                 the administrator requires two-factor login
  grace_until              until when a login works without it, or null
  devices                  the remembered devices
  last_login               when a code was last accepted at a login, or null
  problem                  why the record cannot be used, or null
Times are RFC 3339 in UTC.";

pub(crate) const QR_FORMS: &str = "\n  the forms are utf8, ascii, png:FILE, svg:FILE and none";

// Refusals of the command itself.

pub(crate) const NO_TERMINAL: &str = "\
This asks for codes, and so it needs a terminal for both input and output.
Run it without a pipe; over SSH, ssh -t gives a terminal to a single command.
Nothing was changed.";

pub(crate) const NOT_SET_UP: &str = "\
Two-factor login is not set up yet. To set it up: tfa-enroll setup";

pub(crate) const SET_UP_ALREADY: &str = "\
Two-factor login is set up already. Nothing was changed.
For a new phone: tfa-enroll move. To start again: tfa-enroll remove, then setup.";

pub(crate) const PAUSED_ALREADY: &str = "\
Two-factor login is paused already. To go on: tfa-enroll resume";

pub(crate) const NOT_PAUSED: &str = "Two-factor login is not paused. Nothing was changed.";

pub(crate) const CANCELLED: &str = "Cancelled. Nothing was changed.";

// Behind another program's question.
pub(crate) const CANCELLED_WHILE_WAITING: &str = "\nCancelled. Nothing was changed.";

pub(crate) fn problem(problem: &str) -> String {
    format!(
        "Your two-factor record cannot be used:\n{problem}\n\
         Tell your administrator, who can look at it with tfactl."
    )
}

pub(crate) fn failure(failure: &Failure) -> String {
    match failure {
        Failure::Refused(text) | Failure::Cancelled(text) => text.clone(),
        Failure::NotAllowed(text) => not_allowed(text),
        Failure::Output(error) => {
            format!("Reading from or writing to the terminal failed: {error}")
        }
        Failure::NoBus => "\
The system bus cannot be reached, so the two-factor service cannot either.
Nothing was changed. Tell your administrator: dbus does not run on this host."
            .to_owned(),
        Failure::NoDaemon => "\
The two-factor service (tfad) does not run and could not be started.
Nothing was changed. Tell your administrator: systemctl status tfad says why."
            .to_owned(),
        Failure::NoAnswer => "\
The two-factor service (tfad) did not answer, so it is not known what became
of your request. tfa-enroll status says where you stand. If two-factor login is
on and you have no backup codes: tfa-enroll codes. If this comes again, tell your
administrator: systemctl status tfad says why."
            .to_owned(),
        Failure::OtherVersion(text) => format!(
            "The two-factor service (tfad) and this command do not understand each other.\n\
             Perhaps one of them was updated: systemctl restart tfad, by the administrator.\n\
             It said: {text}"
        ),
    }
}

pub(crate) const WAITING: &str = "Waiting for the two-factor service (tfad)...";

// Questions.

pub(crate) const ASK_PROOF: &str = "Code from your phone, or a backup code: ";
pub(crate) const ASK_NEW_CODE: &str = "Code from your phone: ";
pub(crate) const YES_OR_NO: &str = "Please type y or n, or press Enter for yes.";
pub(crate) const EMPTY: &str =
    "Nothing was typed. Press Enter once more to cancel, or type the code.";
pub(crate) const TYPE_YES: &str = "Type yes to remove it, or press Enter to keep it: ";
pub(crate) const SET_UP_NOW: &str = "Set it up now? [Y/n] ";
pub(crate) const BEFORE_QR: &str = "Press Enter to show the QR code (Ctrl-C cancels): ";
pub(crate) const AFTER_QR: &str = "Scan it with the app, then press Enter: ";
pub(crate) const SAVED: &str = "Press Enter once they are saved: ";

pub(crate) const TOO_MANY_PROOFS: &str = "\
Stopped after three wrong codes, for a few more would lock you out.
Nothing was changed.";

pub(crate) fn locked(text: &str) -> String {
    format!("{text}\nNothing was changed.")
}

pub(crate) const NO_PROOF: &str = "\
That is no code: a code has 6 or 8 digits, a backup code two groups of five.";

pub(crate) const MOVE_CANCELLED: &str = "\
Cancelled. Your old phone goes on working; the code that you typed is used up.";

// Setting up.

pub(crate) fn not_allowed(text: &str) -> String {
    format!(
        "Not allowed: {}.\n\
         Setting up takes your password once more. Nothing was changed.",
        text.trim_end_matches('.')
    )
}

pub(crate) const TRY_AGAIN: &str = "Try again? [Y/n] ";

pub(crate) fn setup_intro(user: &str) -> String {
    format!(
        "Setting up two-factor login for {user}.\n\
         You need an authenticator app on your phone. It gets a key from here, as a\n\
         QR code or as text, and shows a new code every half minute from then on.\n\
         Nothing is switched on before a code of it was right.\n"
    )
}

pub(crate) const NO_AGENT: &str = "\
The program pkttyagent, which asks for your password here, is not installed.
It comes with the package polkitd (Debian, Ubuntu) or polkit (elsewhere).
Going on without it; where you sit at the desktop, its own window asks.";

pub(crate) fn agent_failed(error: &io::Error) -> String {
    format!("The program pkttyagent, which asks for your password, did not start: {error}")
}

/// Link and key. `again`: whether a QR code can be had by typing qr.
pub(crate) fn key_page(offer: &Offer, again: bool) -> Zeroizing<String> {
    let mut page = Zeroizing::new(String::with_capacity(1024));
    page.push_str("The link, for an app on this device:\n");
    page.push_str(&Zeroizing::new(plain(&offer.uri, false)));
    page.push_str("\n\nThe key, to type into the app:\n    ");
    page.push_str(&grouped(&offer.secret));
    // Writing into memory does not fail.
    let _ = write!(
        page,
        "\n    Account: {}   Issuer: {}\n    Time-based (TOTP), {}, {} digits, every {} seconds\n\n\
         Once the app shows codes, type the one that it shows now.\n",
        plain(&offer.account, false),
        plain(&offer.issuer, false),
        plain(&offer.algorithm, false),
        offer.digits,
        offer.period,
    );
    page.push_str(if again {
        "To see the QR code again, type qr. To cancel, press Ctrl-C.\n\n"
    } else {
        "To cancel, press Ctrl-C.\n\n"
    });
    page
}

/// The key in groups of four.
fn grouped(key: &str) -> Zeroizing<String> {
    let mut groups = Zeroizing::new(String::with_capacity(key.len() * 2));
    for (index, c) in key.chars().filter(char::is_ascii_alphanumeric).enumerate() {
        if index > 0 && index % 4 == 0 {
            groups.push(' ');
        }
        groups.push(c);
    }
    groups
}

pub(crate) const NO_QR: &str = "\
The link is too long for a QR code. Use the link or the key.";

pub(crate) fn qr_in_file(path: &str) -> String {
    format!(
        "The QR code is in the file {}. Open it and scan it.\n\
         It holds the key: nobody else may see it.",
        plain(path, false)
    )
}

pub(crate) fn qr_scrolls(need: (usize, usize), have: (usize, usize)) -> String {
    format!(
        "The QR code takes {} rows and {} columns, and this window has {} and {}:\n\
         scroll back, or make the letters smaller, to see the whole. What scrolled off\n\
         stays in the window: close it afterwards, for the code holds the key.\n",
        need.0, need.1, have.0, have.1
    )
}

pub(crate) fn qr_too_large(need: (usize, usize), have: (usize, usize), ascii: bool) -> String {
    let mut text = format!(
        "The QR code takes {} rows and {} columns, and this window has {} and {}.\n\
         Make the window larger, or its letters smaller, and type qr. Or press Ctrl-C\n\
         and get it as a picture: tfa-enroll --qr png:FILE setup, then open FILE.\n",
        need.0, need.1, have.0, have.1
    );
    if ascii {
        text.push_str("In a UTF-8 locale it would take half of the rows: --qr utf8 tries that.\n");
    }
    text.push_str("Or go on with the link or the key.");
    text
}

pub(crate) fn not_a_code(digits: u32) -> String {
    format!("That is no code: a code has {digits} digits. Type the one that the app shows now.")
}

pub(crate) fn too_many_codes(last: &str) -> String {
    format!(
        "{last}\nStopped after five wrong codes. Nothing was changed.\n\
         Most often a clock is off: let the phone set its time by the network, compare\n\
         it with this host's (date), and start again."
    )
}

pub(crate) fn is_on(user: &str) -> String {
    format!(
        "Two-factor login is on for {user}.\n\
         From now on, logging in asks for a code from your phone after the password.\n"
    )
}

// Moving.

pub(crate) const MOVE_INTRO: &str = "\
Moving to a new phone. First a code from the old one, or a backup code; it is
used up by this. Then the new phone gets a key of its own. The old one works
until a code from the new one was right.
";

pub(crate) fn moved(backup_codes: Option<u32>) -> String {
    let mut text = "The new phone is in force; the old one no longer works.\n\
                    Your backup codes stay as they are"
        .to_owned();
    text.push_str(&backup_codes.map_or(String::new(), |left| format!(": {left} left")));
    text.push('.');
    text
}

// The file with the QR code.

pub(crate) fn delete_picture(path: &str) -> String {
    format!("{path} holds the key and is no longer needed. Delete it now? [Y/n] ")
}

pub(crate) fn picture_stays(path: &str) -> String {
    format!("{path} stays. Whoever gets to see it can make your codes: delete it soon.")
}

pub(crate) fn picture_not_deleted(path: &str, error: &io::Error) -> String {
    format!("{path} could not be deleted: {error}\nIt holds the key: delete it yourself.")
}

// Files.

pub(crate) fn no_file(path: &dyn Display, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AlreadyExists => format!(
            "{path} exists already and is left as it is. Choose another name, or remove it first."
        ),
        io::ErrorKind::NotFound => {
            format!("{path} cannot be made: there is no such folder. Choose another name.")
        }
        io::ErrorKind::PermissionDenied => format!(
            "{path} cannot be made: you may not write there. Choose another name, for\n\
             example in your home folder."
        ),
        _ => format!("{path} cannot be made: {error}. Choose another name."),
    }
}

pub(crate) fn not_written(path: &dyn Display, error: &io::Error) -> String {
    format!("{path} could not be written: {error}. It was removed again.")
}

// Backup codes.

pub(crate) const CODES_INTRO: &str = "\
A new set of backup codes. The old set is void as soon as the new one is made.
";

pub(crate) const NEW_CODES: &str = "The new set is made; the old one is void.\n";

pub(crate) fn backup_codes(codes: &[String]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(512));
    text.push_str(
        "Your backup codes. Each lets you in once when the phone is not at hand.\n\
         They are shown only now.\n",
    );
    for code in codes {
        text.push_str("\n    ");
        text.push_str(code);
    }
    text.push('\n');
    text
}

pub(crate) const HOW_TO_SAVE: &str = "\
Write them down, or copy them into a password manager. For a page to print,
type the name of a new file, for example backup-codes.pdf";

pub(crate) fn codes_in_file(path: &dyn Display) -> String {
    format!("{path} holds the backup codes. Print it, then delete it.")
}

pub(crate) const PDF_HEADING: &str = "Backup codes for two-factor login";

pub(crate) fn pdf_title(user: &str, host: &str) -> String {
    format!("Backup codes of {user} on {host}")
}

pub(crate) fn pdf_head(user: &str, host: &str, date: &str) -> [String; 3] {
    [
        format!("User:  {user}"),
        format!("Host:  {host}"),
        format!("Made:  {date}"),
    ]
}

pub(crate) const PDF_FOOT: [&str; 6] = [
    "When the login asks for a code and your phone is not at hand,",
    "type one of these instead. Each works once: tick it off.",
    "",
    "A new set voids this one. To make it: tfa-enroll codes",
    "Keep this page where only you can get at it, and not",
    "together with your password.",
];

// Pausing, resuming, removing.

pub(crate) const PAUSE_INTRO: &str = "\
Pausing two-factor login: no code is asked for any more, and the key is kept.
";
pub(crate) const PAUSED: &str = "\
Two-factor login is paused: the password alone logs you in.
To switch it on again with the same phone: tfa-enroll resume";
pub(crate) const RESUME_INTRO: &str = "Resuming two-factor login.\n";
pub(crate) const RESUMED: &str = "Two-factor login is on again.";

pub(crate) fn remove_intro(user: &str) -> String {
    format!(
        "Removing two-factor login of {user}: the key, the backup codes and the remembered\n\
         devices are forgotten. What the phone has is worth nothing afterwards.\n\
         To stop for a while only: tfa-enroll pause.\n"
    )
}

pub(crate) const NOT_REMOVED: &str = "Not removed. Nothing was changed.";

pub(crate) fn removed(user: &str) -> String {
    format!(
        "Two-factor login is off for {user}. You can delete the entry on the phone.\n\
         To set it up again: tfa-enroll setup"
    )
}

// Testing.

pub(crate) fn right_code(backup: bool) -> &'static str {
    if backup {
        "Right: this backup code would have been accepted. It was not used up."
    } else {
        "Right: this code would have been accepted. It was not used up."
    }
}

pub(crate) fn wrong_test(hint: &str) -> String {
    format!("Wrong: this code would not have been accepted.\n{hint}")
}

// The status.

/// Fewer backup codes than these are worth a word.
const FEW: u32 = 3;

pub(crate) fn status(status: &Status, now: u64) -> String {
    let mut lines = vec![format!("Two-factor login: {}", state(status))];
    lines.push(format!("User: {}", status.user));
    if let Some(problem) = &status.problem {
        lines.push(format!("Problem: {problem}"));
        lines.push("Tell your administrator, who can look at it with tfactl.".to_owned());
        return lines.join("\n");
    }
    let set_up = status.state == State::Enabled.name() || status.state == State::Paused.name();
    if set_up {
        if !status.authenticators.is_empty() {
            lines.push(format!(
                "Authenticators: {}",
                status.authenticators.join(", ")
            ));
        }
        let few = if status.backup_codes_left < FEW {
            " (new ones: tfa-enroll codes)"
        } else {
            ""
        };
        lines.push(format!(
            "Backup codes left: {}{few}",
            status.backup_codes_left
        ));
        if status.offer_pending {
            lines.push("A new phone was offered and has not proved itself yet.".to_owned());
        }
    }
    lines.push(required(status, now));
    lines.extend(lock(
        "Locked over the network",
        status.locked_until,
        status.locked_for_good,
        now,
    ));
    lines.extend(lock(
        "Locked at this machine",
        status.console_locked_until,
        status.console_locked_for_good,
        now,
    ));
    if !status.devices.is_empty() {
        lines.push(format!("Remembered devices: {}", status.devices.len()));
    }
    if let Some(at) = status.last_login {
        lines.push(format!("Last login with a code: {}", local(at)));
    }
    lines.join("\n")
}

fn state(status: &Status) -> &'static str {
    match status.state.as_str() {
        _ if status.problem.is_some() => "not usable",
        "enabled" => "on",
        "paused" => "paused, no code is asked for",
        "pending" => "off, the set-up was not finished",
        _ => "off",
    }
}

fn required(status: &Status, now: u64) -> String {
    match (status.required, status.grace_until) {
        (false, _) => "Required by the administrator: no".to_owned(),
        (true, Some(until)) if until > now && status.state != State::Enabled.name() => format!(
            "Required by the administrator: yes, from {} on ({} left)",
            local(until),
            length(until - now)
        ),
        (true, _) => "Required by the administrator: yes".to_owned(),
    }
}

fn lock(what: &str, until: Option<u64>, for_good: bool, now: u64) -> Option<String> {
    match until {
        _ if for_good => Some(format!(
            "{what}: too many wrong codes, until the administrator unlocks"
        )),
        Some(until) if until > now => Some(format!(
            "{what}: too many wrong codes, try again in {} (at {})",
            length(until - now),
            local(until)
        )),
        Some(_) | None => None,
    }
}

/// A length of time in words.
fn length(seconds: u64) -> String {
    let (number, unit) = left(seconds);
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

pub(crate) const LATER: &str = "To set it up later: tfa-enroll setup";

pub(crate) fn way_on(paused: bool) -> &'static str {
    if paused {
        "\n\
         tfa-enroll resume   ask for codes again\n\
         tfa-enroll test     try a code\n\
         tfa-enroll move     move to a new phone\n\
         tfa-enroll remove   switch it off and forget the key"
    } else {
        "\n\
         tfa-enroll codes    new backup codes\n\
         tfa-enroll test     try a code\n\
         tfa-enroll move     move to a new phone\n\
         tfa-enroll pause    stop asking for codes for a while\n\
         tfa-enroll remove   switch it off and forget the key"
    }
}
