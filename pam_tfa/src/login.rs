//! One phase of a login, from its options to libpam's answer.

use std::fs;
use std::time::Duration;

use nix::unistd::{User, geteuid, getuid};
use tfa_proto::{Consoles, Context, Next, Phase, Turn, Verdict};
use tfa_wire::LoginClient;

use crate::bus::{self, Trouble};
use crate::conversation::Conversation;
use crate::ffi::{Handle, Item};
use crate::log::Log;
use crate::options::{Options, Unreachable};
use crate::outcome::{Failure, Judgement, Reply};
use crate::passwords::Passwords;
use crate::reply::Replies;
use crate::{switch, terminal, texts};

/// How long libpam lets a refused person wait, about; the longest wish of a stack counts.
const DELAY: Duration = Duration::from_secs(2);

/// What the auth phase leaves for the account phase of the same transaction.
#[derive(Clone)]
pub(crate) struct Pinned {
    /// Who logs in.
    user: String,
    /// What the daemon said.
    auth_result: Option<Verdict>,
    /// What the person typed as a password.
    passwords: Passwords,
}

impl Pinned {
    fn new(user: &str) -> Self {
        Self {
            user: user.to_owned(),
            auth_result: None,
            passwords: Passwords::default(),
        }
    }

    fn with(&self, auth_result: Option<Verdict>) -> Self {
        Self {
            auth_result,
            ..self.clone()
        }
    }
}

/// Conducts a phase.
pub(crate) fn conduct(pam: &Handle, phase: Phase, silent: bool, arguments: &[String]) -> Reply {
    let log = Log::new(pam);
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(unknown) => {
            for option in unknown {
                log.error(&texts::log_option(option));
            }
            if let (Phase::Auth, Some(user)) = (phase, pam.user()) {
                // A stack that goes on all the same has the account phase to know of it.
                let _ = pam.pin(Pinned::new(&user).with(Some(Verdict::Denied)));
            }
            return Reply::Refuse(Failure::Module.refusal(phase));
        }
    };
    let login = Login {
        pam,
        conversation: Conversation::new(pam, silent),
        log: log.with_debug(options.debug),
        context: circumstances(pam, phase, silent, &options),
        options,
    };
    let result = login.judge();
    login.log.debug(&texts::log_result(&result));
    let reply = match result {
        Ok(judgement) => judgement.reply(phase, login.options.not_required),
        Err(failure) => Reply::Refuse(failure.refusal(phase)),
    };
    if let (Reply::Refuse(_), Ok(Judgement::Verdict(_)) | Err(Failure::NoCode)) = (reply, result) {
        login.failed();
    }
    reply
}

/// What PAM knows about the login. An item that is not UTF-8 keeps its place, mangled: it must
/// not look like one that is absent.
fn circumstances(pam: &Handle, phase: Phase, silent: bool, options: &Options) -> Context {
    let item = |item| pam.item(item).unwrap_or_default();
    Context {
        phase,
        service: item(Item::Service),
        rhost: item(Item::Rhost),
        borrows_tty: !getuid().is_root() && !terminal::is_controlling(&item(Item::Tty)),
        tty: item(Item::Tty),
        seat: seat(pam),
        ruser: item(Item::Ruser),
        ssh_auth_info: pam.variable(c"SSH_AUTH_INFO_0").unwrap_or_default(),
        auth_result: None,
        can_enroll: options.can_enroll,
        silent,
        session: silent.then(session).flatten(),
    }
}

/// The audit session id of this process; `None` where it has none.
fn session() -> Option<u32> {
    let id = fs::read_to_string("/proc/self/sessionid").ok()?;
    id.trim_end().parse().ok().filter(|id| *id != u32::MAX)
}

/// The seat of a display manager's login. A program that a user starts (`su`, `sudo`) has the user's
/// real uid, and no seat to tell.
fn seat(pam: &Handle) -> String {
    let told = getuid().is_root().then(|| pam.variable(c"XDG_SEAT"));
    told.flatten().unwrap_or_default()
}

struct Login<'a> {
    pam: &'a Handle,
    conversation: Conversation<'a>,
    log: Log<'a>,
    context: Context,
    options: Options,
}

impl Login<'_> {
    /// From the first look at the login to the judgement that holds.
    fn judge(&self) -> Result<Judgement, Failure> {
        let phase = self.context.phase;
        if phase == Phase::Auth
            && self.options.after_publickey
            && !passed_publickey(&self.context.ssh_auth_info)
        {
            return Ok(Judgement::NotConcerned);
        }
        let user = self.user()?;
        let mut pinned = match phase {
            // A new start: the result of an earlier attempt in this transaction is void.
            Phase::Auth => Pinned::new(&user),
            Phase::Account => self.pinned(&user)?,
        };
        if let Some(password) = self.pam.password() {
            pinned.passwords.add(&password);
        }
        if phase == Phase::Auth {
            // What breaks off is a refusal, to a stack that goes on all the same.
            self.pin(pinned.with(Some(Verdict::Denied)))?;
        }
        let judgement = self.ask_the_daemon(&mut pinned)?;
        // The daemon judged that user. The login program goes on with whoever PAM names now.
        if self.user()? != user {
            self.log.error(texts::LOG_USER_CHANGED);
            return Err(Failure::UserChanged);
        }
        if phase == Phase::Auth {
            let auth_result = match judgement {
                Judgement::Verdict(verdict) => Some(verdict),
                Judgement::NotConcerned | Judgement::RootAtConsole | Judgement::RootSwitches => {
                    None
                }
            };
            self.pin(pinned.with(auth_result))?;
        }
        Ok(judgement)
    }

    fn ask_the_daemon(&self, pinned: &mut Pinned) -> Result<Judgement, Failure> {
        let user = pinned.user.as_str();
        let context = Context {
            auth_result: pinned.auth_result,
            ..self.context.clone()
        };
        let (daemon, turn) = match bus::begin(self.options.timeout, user, &context) {
            Ok(begun) => begun,
            // Here and nowhere later: once the daemon has spoken, its silence is not absence.
            Err(Trouble::Absent(why)) if self.lets_root_in(user) => {
                self.log.alert(&texts::log_rescued(&why, &context.tty));
                return Ok(Judgement::RootAtConsole);
            }
            Err(Trouble::Absent(why)) if switch::is_roots_own(&context, getuid()) => {
                self.log.notice(&texts::log_switched(&why));
                return Ok(Judgement::RootSwitches);
            }
            Err(trouble) => return Err(self.no_verdict(&trouble)),
        };
        self.converse(daemon, turn, &mut pinned.passwords)
            .map(Judgement::Verdict)
    }

    /// Turn and reply, turn and reply, until the verdict. How many there are is the daemon's
    /// affair: each dialog of its ends.
    fn converse(
        &self,
        mut daemon: LoginClient,
        first: Turn,
        passwords: &mut Passwords,
    ) -> Result<Verdict, Failure> {
        let mut replies = Replies::new(
            self.pam,
            &self.conversation,
            &self.log,
            &self.options,
            &self.context,
            passwords,
        );
        let mut turn = first;
        loop {
            let question = match turn.next {
                Next::Verdict(verdict) => {
                    // Nobody holds up the daemon by not reading what it said last.
                    drop(daemon);
                    self.conversation.show(&turn.lines);
                    self.conversation.show_held();
                    return Ok(verdict);
                }
                Next::Ask(question) => question,
            };
            self.conversation.show(&turn.lines);
            let reply = replies.reply(&question).inspect_err(|_| {
                // Whether that arrives does not matter: with the connection the dialog ends too.
                let _ = daemon.cancel();
            })?;
            turn = daemon
                .answer(&reply)
                .map_err(|error| self.no_verdict(&error.into()))?;
            if turn.is_after_failure() {
                self.answered_wrong();
            }
        }
    }

    /// The user's name, which must be there.
    fn user(&self) -> Result<String, Failure> {
        self.pam.user().ok_or_else(|| {
            self.log.notice(if self.pam.has_user() {
                texts::LOG_USER_NOT_UTF8
            } else {
                texts::LOG_NO_USER
            });
            Failure::UnknownUser
        })
    }

    fn pin(&self, pinned: Pinned) -> Result<(), Failure> {
        self.pam.pin(pinned).map_err(|_| {
            self.log.error(texts::LOG_NOT_KEPT);
            Failure::Module
        })
    }

    /// What the auth phase left, if there was one. It was about one user and is worth nothing to
    /// another.
    fn pinned(&self, user: &str) -> Result<Pinned, Failure> {
        match self.pam.pinned() {
            None => Ok(Pinned::new(user)),
            Some(pinned) if pinned.user == user => Ok(pinned),
            Some(_) => {
                self.log.error(texts::LOG_USER_CHANGED);
                Err(Failure::UserChanged)
            }
        }
    }

    /// The administrator's exception for a daemon that is down.
    fn lets_root_in(&self, user: &str) -> bool {
        let root = || matches!(User::from_name(user), Ok(Some(user)) if user.uid.is_root());
        match self.options.unreachable {
            Unreachable::Deny => false,
            // login(1) and its like run as root. `su` runs under the limits and signals of whoever
            // called it, who could make the absence.
            Unreachable::AllowRootConsole => {
                let consoles = Consoles::default().with_those_of_the_kernel();
                self.context.at_console(&consoles) && getuid().is_root() && root()
            }
        }
    }

    fn no_verdict(&self, trouble: &Trouble) -> Failure {
        match trouble {
            Trouble::UnknownUser => {
                self.log.notice(texts::LOG_UNKNOWN_USER);
                return Failure::UnknownUser;
            }
            Trouble::Absent(why) | Trouble::Silent(why) => {
                self.log.error(&texts::log_absent(why));
            }
            Trouble::Unusable(why) => self.log.error(&texts::log_unusable(why)),
        }
        self.conversation.error(texts::NOT_AVAILABLE);
        Failure::Unavailable
    }

    /// An answer was a wrong code. sshd logs no failure of PAM that comes with a message, so this is
    /// the line that counts a wrong code for programs that read sshd's log, such as fail2ban.
    fn answered_wrong(&self) {
        let (user, rhost) = (self.pam.user().unwrap_or_default(), &self.context.rhost);
        if self.context.is_ssh() && !rhost.is_empty() {
            self.log
                .notice_of_sshd(&texts::log_wrong_in_ssh(&user, rhost));
        }
    }

    /// Somebody was refused for what they answered.
    fn failed(&self) {
        let context = &self.context;
        self.log.notice(&texts::log_failure(
            getuid().as_raw(),
            geteuid().as_raw(),
            context,
            &self.pam.user().unwrap_or_default(),
        ));
        if context.phase == Phase::Auth {
            self.pam.fail_delay(DELAY);
        }
    }
}

/// Whether ssh has accepted a public key in this login: its lines are methods with their details.
fn passed_publickey(ssh_auth_info: &str) -> bool {
    ssh_auth_info
        .lines()
        .any(|line| line.starts_with("publickey "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_counts_where_it_stands_at_the_start_of_a_line() {
        for info in [
            "publickey ssh-ed25519 AAAAC3Nz",
            "password\npublickey ssh-ed25519 AAAAC3Nz\n",
        ] {
            assert!(passed_publickey(info), "{info}");
        }
        for info in [
            "",
            "publickey",
            "publickeys x",
            "Publickey ssh-ed25519 AAAA",
            " publickey ssh-ed25519 AAAA",
            "hostbased publickey ssh-ed25519 AAAA",
            "password\nkeyboard-interactive",
        ] {
            assert!(!passed_publickey(info), "{info}");
        }
    }
}
