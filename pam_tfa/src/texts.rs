//! Every text that people read: the person who logs in, and the administrator in the log.
//!
//! The questions themselves are the daemon's.

use tfa_proto::Context;

use crate::printable::one_word;

use crate::outcome::{Failure, Judgement};

/// The question of `forward_pass` where password and code come in one answer.
pub(crate) const ASK_PASSWORD_AND_CODE: &str = "Password & verification code: ";
/// The question of `forward_pass` where the code cannot be cut off and is asked for by itself.
pub(crate) const ASK_PASSWORD: &str = "Password: ";

/// Shown when the answer was the password.
pub(crate) const THAT_WAS_THE_PASSWORD: &str = "That was the password, not the code.";
/// Shown when no verdict can be had.
pub(crate) const NOT_AVAILABLE: &str =
    "Two-factor login is not available right now. Please tell your administrator.";

/// Shown when a set-up could not ask.
pub(crate) const NOT_ASKED: &str = "That could not be asked here, or was not answered.";
/// Shown with it in sshd, whose method `password` shows words, and no more.
pub(crate) const NOT_ASKED_OVER_SSH: &str = "That could not be asked here, or was not answered.\n\
     Over SSH: ssh -o PreferredAuthentications=keyboard-interactive";

/// Logged when the options forbid to ask and there is nothing to answer with.
pub(crate) const LOG_NOTHING_TO_ANSWER_WITH: &str =
    "use_first_pass: the password given before holds no (further) code; refusing";
/// Logged when the transaction has no usable user name.
pub(crate) const LOG_NO_USER: &str = "no usable user name; refusing. \
     pam_tfa must stand after the module that asks for name and password";
/// Logged when the user name has bytes that no user name of tfad's has.
pub(crate) const LOG_USER_NOT_UTF8: &str = "the user name is not valid UTF-8; refusing. \
     tfad knows only users whose names are";
/// Logged when the name is another than before.
pub(crate) const LOG_USER_CHANGED: &str =
    "the user name changed in the middle of the login; refusing";
/// Logged, for whoever set `debug`, when a question that needs no answer got none.
pub(crate) const LOG_NO_ANSWER_NEEDED: &str = "nobody answered a question that needs no answer \
     (not asked, not passed on, or answered with the password): the login goes on";
/// Logged when `libpam` does not take a value.
pub(crate) const LOG_NOT_KEPT: &str = "libpam could not keep a value of this login; refusing";

/// Logged when the daemon knows nobody of that name.
pub(crate) const LOG_UNKNOWN_USER: &str = "tfad knows no user of that name; refusing";

/// Logged for each option that is not understood.
pub(crate) fn log_option(option: &str) -> String {
    format!("unknown option or value \"{option}\"; refusing every login until it is corrected")
}

/// Logged when nobody answers, or the daemon says that it serves no login.
pub(crate) fn log_absent(why: &str) -> String {
    format!("tfad does not serve this login ({why}); refusing. See: systemctl status tfad")
}

/// Logged when something answers that is of no use.
pub(crate) fn log_unusable(why: &str) -> String {
    format!("tfad could not judge this login ({why}); refusing. See: journalctl -u tfad")
}

/// Logged when the administrator's way round lets root in.
pub(crate) fn log_rescued(why: &str, tty: &str) -> String {
    format!(
        "tfad does not serve this login ({why}): root on {tty} is let in WITHOUT a second factor, as \
         unreachable=allow-root-console says"
    )
}

/// Logged when root's own su or sudo goes on without the daemon.
pub(crate) fn log_switched(why: &str) -> String {
    format!("tfad does not serve this login ({why}): root becomes another user without it")
}

/// Logged for whoever set `debug`.
pub(crate) fn log_result(result: &Result<Judgement, Failure>) -> String {
    format!("the phase ends: {result:?}")
}

/// Logged when the module stumbles over a defect of its own. Not what the panic says: that may
/// quote what was typed.
pub(crate) fn log_panic(place: &str) -> String {
    format!("a defect of pam_tfa at {place}; refusing. Please report it")
}

/// Logged for each wrong code over SSH, in the words of sshd. The host stands behind the user, whose
/// name may have blanks: programs that read the log take the last host of the line.
pub(crate) fn log_wrong_in_ssh(user: &str, rhost: &str) -> String {
    let rhost = one_word(rhost);
    format!("error: PAM: Authentication failure for {user} from {rhost} via pam_tfa")
}

/// Logged for each refusal, in the words of `pam_unix`, which log watchers know.
pub(crate) fn log_failure(uid: u32, euid: u32, context: &Context, user: &str) -> String {
    let [tty, ruser, rhost, user] =
        [&context.tty, &context.ruser, &context.rhost, user].map(one_word);
    // Two blanks before the user, as pam_unix has them.
    format!(
        "authentication failure; logname= uid={uid} euid={euid} tty={tty} ruser={ruser} \
         rhost={rhost}  user={user}"
    )
}
