//! Every text of the module: what users see, and what administrators read in the log. The daemon
//! sends the other questions and lines.

use tfa_proto::Context;

use crate::login_program::LoginProgram;
use crate::outcome::{Failure, Outcome};
use crate::sanitize::log_field;

/// Asks for both in one answer: `forward_pass`.
pub(crate) const ASK_PASSWORD_AND_CODE: &str = "Password & verification code: ";
/// Asks for the password alone: `forward_pass`, where the length of the code is not known.
pub(crate) const ASK_PASSWORD: &str = "Password: ";

/// The user sent the password as the code.
pub(crate) const PASSWORD_AS_CODE: &str = "That was the password, not the code.";
/// The daemon gave no verdict.
pub(crate) const NOT_AVAILABLE: &str =
    "Two-factor login is not available right now. Please tell your administrator.";

/// The terminal is cleared when the login program ends.
pub(crate) const PRESS_ENTER: &str = "Press Enter to continue: ";

/// A question of the enrollment got no answer.
pub(crate) fn no_answer(program: LoginProgram) -> &'static str {
    match program {
        // The method `password` of sshd cannot ask, and shows this.
        LoginProgram::Sshd => {
            "This program could not ask, or you did not answer.\n\
             Over SSH: ssh -o PreferredAuthentications=keyboard-interactive"
        }
        LoginProgram::Asks | LoginProgram::Locker | LoginProgram::Other => {
            "This program could not ask, or you did not answer."
        }
    }
}

pub(crate) fn log_no_answer(program: LoginProgram) -> &'static str {
    match program {
        LoginProgram::Sshd => {
            "the question got no answer; refusing. The connection ended, or sshd did not ask: it asks \
             only with \"KbdInteractiveAuthentication yes\""
        }
        LoginProgram::Asks => {
            "the question got no answer; refusing. The user cancelled, or there is no terminal"
        }
        LoginProgram::Locker | LoginProgram::Other => {
            "the question got no answer; refusing. The user cancelled, or this program cannot ask: \
             then give it a stack of its own (man pam_tfa, \"Programs that cannot ask\")"
        }
    }
}

pub(crate) fn log_password_as_code(program: LoginProgram) -> &'static str {
    match program {
        LoginProgram::Sshd => {
            "the answer was the password, not the code; refusing. The method \"password\" of sshd \
             answers every question with it: set \"KbdInteractiveAuthentication yes\" and \
             \"PasswordAuthentication no\""
        }
        LoginProgram::Asks => {
            "the answer was the password, not the code; refusing. The user typed it when asked for the \
             code"
        }
        LoginProgram::Locker => {
            "the answer was the password, not the code; refusing. This screen locker answers every \
             question with it: give it a stack of its own (man pam_tfa, \"Programs that cannot ask\")"
        }
        LoginProgram::Other => {
            "the answer was the password, not the code; refusing. If this program answers every \
             question with it, as mail and file servers do, give it a stack of its own (man pam_tfa, \
             \"Programs that cannot ask\")"
        }
    }
}

/// `use_first_pass` forbids to ask.
pub(crate) const LOG_MUST_NOT_ASK: &str = "use_first_pass forbids to ask, and the password contains \
     no further code; refusing. To ask for the code, use try_first_pass";
pub(crate) const LOG_NO_USER: &str = "PAM has no user name; refusing. \
     Put pam_tfa after the module that asks for name and password";
pub(crate) const LOG_USER_NOT_UTF8: &str =
    "the user name is not valid UTF-8; refusing. tfad supports only user names in UTF-8";
pub(crate) const LOG_USER_CHANGED: &str = "the user name changed during the login; refusing. \
     Put modules that change it before pam_tfa";
/// Debug: the login continues.
pub(crate) const LOG_OPTIONAL_NO_ANSWER: &str =
    "an optional question was not asked, or got no answer or the password; continuing";
pub(crate) const LOG_NOT_STORED: &str =
    "libpam could not store a value of this login; refusing. Check the memory of this host";
/// Without the name: some users type their password there.
pub(crate) const LOG_UNKNOWN_USER: &str =
    "tfad knows no user of that name; refusing. Check the name with getent passwd";

pub(crate) fn log_unknown_option(option: &str) -> String {
    format!(
        "unknown option or value \"{option}\"; refusing every login. Correct the line in /etc/pam.d"
    )
}

pub(crate) fn log_not_serving(why: &str) -> String {
    format!("tfad does not serve this login ({why}); refusing. See: systemctl status tfad")
}

pub(crate) fn log_unusable(why: &str) -> String {
    format!("tfad could not process this login ({why}); refusing. See: journalctl -u tfad")
}

pub(crate) fn log_root_at_console(why: &str, tty: &str) -> String {
    format!(
        "root logs in on {tty} WITHOUT a second factor, by unreachable=allow-root-console: tfad does \
         not serve this login ({why}). See: systemctl status tfad"
    )
}

pub(crate) fn log_root_offline(why: &str, tty: &str) -> String {
    format!(
        "root logs in on {tty} WITHOUT a second factor, by offline = \"console\": no verifier of the \
         fleet can be reached ({why}). See: systemctl status tfa-fleet"
    )
}

pub(crate) fn log_cut_off(why: &str) -> String {
    format!(
        "no verifier of the fleet can be reached, and the policy of this host lets nothing in without \
         one ({why}); refusing. See: systemctl status tfa-fleet"
    )
}

pub(crate) fn log_root_switch(why: &str) -> String {
    format!(
        "root changes to another user without tfad, which does not serve this login ({why}). \
         See: systemctl status tfad"
    )
}

/// Debug.
pub(crate) fn log_outcome(outcome: &Result<Outcome, Failure>) -> String {
    format!("result of the phase: {outcome:?}")
}

/// Without the message of the panic, which may contain an answer.
pub(crate) fn log_panic(location: &str) -> String {
    format!("pam_tfa panicked at {location}; refusing. Please report this bug")
}

/// In the format of sshd. The host is the last word: a user name may contain spaces, and programs that
/// read the log take the last host of the line.
pub(crate) fn log_wrong_code_over_ssh(user: &str, rhost: &str) -> String {
    let rhost = log_field(rhost);
    format!("error: PAM: Authentication failure for {user} from {rhost} via pam_tfa")
}

/// In the format of `pam_unix`, with its two spaces before the user.
pub(crate) fn log_authentication_failure(
    uid: u32,
    euid: u32,
    context: &Context,
    user: &str,
) -> String {
    let [tty, ruser, rhost, user] =
        [&context.tty, &context.ruser, &context.rhost, user].map(log_field);
    format!(
        "authentication failure; logname= uid={uid} euid={euid} tty={tty} ruser={ruser} \
         rhost={rhost}  user={user}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_program_gets_its_own_advice() {
        for program in [
            LoginProgram::Sshd,
            LoginProgram::Asks,
            LoginProgram::Locker,
            LoginProgram::Other,
        ] {
            for text in [log_password_as_code(program), log_no_answer(program)] {
                let about_sshd = text.contains("KbdInteractiveAuthentication");
                assert_eq!(about_sshd, program == LoginProgram::Sshd, "{text}");
                let about_stacks = text.contains("man pam_tfa");
                let cannot_ask = matches!(program, LoginProgram::Locker | LoginProgram::Other);
                assert_eq!(about_stacks, cannot_ask, "{text}");
            }
        }
    }
}
