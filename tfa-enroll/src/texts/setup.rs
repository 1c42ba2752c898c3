//! A new key: setting up, and moving to a new phone.

use std::fmt::Write as _;

use tfa_client::{NoAgent, plain};
use tfa_proto::Offer;
use zeroize::Zeroizing;

pub(crate) fn not_allowed(text: &str) -> String {
    format!(
        "Not allowed: {}.\nNothing was changed.",
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

pub(crate) const SSHD_ASKS_NOTHING: &str = "\
WARNING: over SSH this host cannot ask you for a code, for its sshd is set up with
KbdInteractiveAuthentication no. Once two-factor login is on, a login over SSH with
your password is refused. Tell your administrator: pam_tfa(8), SSH, says what to set.
";
pub(crate) const SET_UP_ALL_THE_SAME: &str =
    "Type yes to set it up all the same, or press Enter to stop: ";

pub(crate) fn invitation_intro(user: &str) -> String {
    format!(
        "On this host, setting up takes an invitation: a one-time word of two groups of\n\
         five, which your administrator gives you (tfactl invite {user}).\n"
    )
}

pub(crate) const NOT_A_WORD: &str = "\
That is no invitation: it has ten letters and digits, in two groups of five.";

pub(crate) const TOO_MANY_WORDS: &str = "\
Stopped after three wrong invitations, for a few more would lock you out.
Nothing was changed. If it was the right one: perhaps it was void by then, for
a newer one was made. Your administrator can make another.";

pub(crate) const NOT_INVITED: &str = "\
Cancelled. Nothing was changed. An invitation, if you have one, stays good.";

/// Why polkit cannot ask on this terminal.
pub(crate) fn no_agent(why: &NoAgent) -> String {
    match why {
        NoAgent::Missing => "\
The program pkttyagent, which asks for your password here, is not installed.
It comes with the package polkitd (Debian, Ubuntu) or polkit (elsewhere).
Going on without it; where you sit at the desktop, its own window asks."
            .to_owned(),
        NoAgent::Failed(error) => {
            format!("The program pkttyagent, which asks for your password, did not start: {error}")
        }
        NoAgent::NoTerminal => "\
This program has no controlling terminal, on which your password could be asked
for. A login shell has one, over SSH or at the console; so has su without -c."
            .to_owned(),
        NoAgent::Hidden => "\
polkit, which asks for your password, cannot see this program: /proc is mounted
with hidepid. Tell your administrator: tfad(8) says under FILES how polkit is
let see, and until then a login can set you up where the policy requires it."
            .to_owned(),
        NoAgent::Unregistered(complaint) => format!(
            "The program pkttyagent, which asks for your password, could not register with\n\
             polkit. It said: {complaint}"
        ),
    }
}

pub(crate) const NOT_ASKED: &str = "\
Your password could not be asked for. Nothing was changed.";

pub(crate) const NO_AGENT_SERVES: &str = "\
Your password could not be asked for: polkit finds no agent for this program.
Nothing was changed. Run tfa-enroll in the terminal of a login, over SSH or at
the console. If that says the same, tell your administrator.";

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
