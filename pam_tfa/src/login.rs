//! One phase of a login, from the options to the PAM result.

use std::time::Duration;

use nix::unistd::{User, geteuid, getuid};
use tfa_proto::{Consoles, Context, Next, Phase, Turn, Verdict};
use tfa_wire::LoginClient;

use crate::conversation::Conversation;
use crate::daemon::{self, DaemonError};
use crate::ffi::handle::Handle;
use crate::log::Log;
use crate::options::{Options, Unreachable};
use crate::outcome::{Failure, Outcome, PamResult};
use crate::password_hashes::PasswordHashes;
use crate::responder::Responder;
use crate::session::Undecided;
use crate::transaction_data::TransactionData;
use crate::{messages, pam_context, root_switch, session};

/// The delay after a wrong code.
const FAIL_DELAY: Duration = Duration::from_secs(2);

/// Runs a phase.
pub(crate) fn run(pam: &Handle, phase: Phase, silent: bool, arguments: &[String]) -> PamResult {
    let log = Log::new(pam);
    let undecided = match phase {
        Phase::Session => session::undecided(pam),
        Phase::Auth | Phase::Account => None,
    };
    if phase == Phase::Session && undecided.is_none() {
        return PamResult::Success;
    }
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(unknown) => {
            for option in unknown {
                log.error(&messages::log_unknown_option(option));
            }
            if let (Phase::Auth, Some(user)) = (phase, pam.user()) {
                // Tells the account phase, in case the stack ignores the result.
                let data = TransactionData::new(&user).with_auth_result(Some(Verdict::Denied));
                let _ = pam.set_data(data);
            }
            return PamResult::Refuse(Failure::Module.refusal(phase));
        }
    };
    let login = Login {
        pam,
        conversation: Conversation::new(pam, silent),
        log: log.with_debug(options.debug),
        context: pam_context::collect(pam, phase, silent, &options),
        options,
        undecided,
    };
    let outcome = login.run();
    login.log.debug(&messages::log_outcome(&outcome));
    let result = match outcome {
        Ok(outcome) => outcome.pam_result(phase, login.options.not_required),
        Err(failure) => PamResult::Refuse(failure.refusal(phase)),
    };
    if let (PamResult::Refuse(_), Ok(Outcome::Verdict(_)) | Err(Failure::NoCode)) =
        (result, outcome)
    {
        login.report_refusal();
    }
    if let PamResult::Refuse(_) = result
        && login.ends_at_once()
    {
        login.conversation.wait_for_reader();
    }
    result
}

struct Login<'a> {
    pam: &'a Handle,
    conversation: Conversation<'a>,
    log: Log<'a>,
    context: Context,
    options: Options,
    /// In the session phase.
    undecided: Option<Undecided>,
}

impl Login<'_> {
    fn run(&self) -> Result<Outcome, Failure> {
        let phase = self.context.phase;
        if phase == Phase::Auth
            && self.options.after_publickey
            && !pam_context::passed_publickey(&self.context.ssh_auth_info)
        {
            return Ok(Outcome::NotApplicable);
        }
        let user = self.user()?;
        let mut data = match phase {
            // The result of an earlier attempt in this transaction is void.
            Phase::Auth => TransactionData::new(&user),
            Phase::Account => self.data_of(&user)?,
            Phase::Session => {
                let data = self.data_of(&user)?;
                let of_success =
                    |login: Undecided| login.auth_result(&self.context, data.auth_result);
                data.with_auth_result(self.undecided.and_then(of_success))
            }
        };
        if let Some(password) = self.pam.password() {
            data.passwords.add(&password);
        }
        if phase == Phase::Auth {
            // If this phase fails and the stack ignores that, the account phase sees a refusal.
            self.set_data(data.with_auth_result(Some(Verdict::Denied)))?;
        }
        let outcome = self.ask_daemon(&mut data)?;
        // The verdict is about that user, and the login program continues with the current PAM_USER.
        if self.user()? != user {
            self.log.error(messages::LOG_USER_CHANGED);
            return Err(Failure::UserChanged);
        }
        self.keep_result(phase, outcome, &data)?;
        Ok(outcome)
    }

    /// Keeps the result for the later phases.
    fn keep_result(
        &self,
        phase: Phase,
        outcome: Outcome,
        data: &TransactionData,
    ) -> Result<(), Failure> {
        let result = match outcome {
            Outcome::Verdict(verdict) => Some(verdict),
            Outcome::NotApplicable | Outcome::RootAtConsole | Outcome::RootSwitchesUser => None,
        };
        match phase {
            Phase::Auth => self.set_data(data.with_auth_result(result)),
            // Only logins over SSH have a session phase that matters.
            Phase::Account if self.context.is_ssh() => {
                if result == Some(Verdict::LeftToSession) {
                    let marked = session::mark(self.pam, data.auth_result);
                    marked.map_err(|_| self.not_stored())?;
                }
                let pam_result = outcome.pam_result(phase, self.options.not_required);
                let lets_in = !matches!(pam_result, PamResult::Refuse(_));
                self.set_data(data.with_account_result(result.filter(|_| lets_in)))
            }
            Phase::Account | Phase::Session => Ok(()),
        }
    }

    fn ask_daemon(&self, data: &mut TransactionData) -> Result<Outcome, Failure> {
        let is_account = self.context.phase == Phase::Account;
        if let Some(verified) = data.result_for_account().filter(|_| is_account) {
            return Ok(Outcome::Verdict(verified));
        }
        let user = data.user.as_str();
        let context = Context {
            auth_result: data.auth_result,
            ..self.context.clone()
        };
        let (client, turn) = match daemon::begin(self.options.timeout, user, &context) {
            Ok(begun) => begun,
            // Only here: a daemon that has answered once is not absent, and its verifiers are not either.
            Err(error) => return self.without_daemon(&error, user, &context),
        };
        let (verdict, covers_account) = self.run_dialog(client, turn, &mut data.passwords)?;
        data.covers_account = covers_account;
        Ok(Outcome::Verdict(verdict))
    }

    /// What happens while the daemon is absent, or no verifier of its fleet can be reached.
    fn without_daemon(
        &self,
        error: &DaemonError,
        user: &str,
        context: &Context,
    ) -> Result<Outcome, Failure> {
        let (why, lets_in_root) = match error {
            DaemonError::Absent(why) => {
                let option = self.options.unreachable;
                (why, option == Some(Unreachable::AllowRootConsole))
            }
            DaemonError::CutOff { why, console } => {
                let option = self.options.unreachable;
                (why, *console && option != Some(Unreachable::Deny))
            }
            error => return Err(self.daemon_failed(error)),
        };
        if lets_in_root && self.is_root_at_console(user) {
            let text = match error {
                DaemonError::CutOff { .. } => messages::log_root_offline(why, &context.tty),
                _ => messages::log_root_at_console(why, &context.tty),
            };
            self.log.alert(&text);
            return Ok(Outcome::RootAtConsole);
        }
        if root_switch::is_root_switch(context, getuid()) {
            self.log.notice(&messages::log_root_switch(why));
            return Ok(Outcome::RootSwitchesUser);
        }
        Err(self.daemon_failed(error))
    }

    /// Shows turns and sends answers until the verdict, and returns it with whether it covers the account
    /// phase. The daemon limits the number of turns.
    fn run_dialog(
        &self,
        mut client: LoginClient,
        first: Turn,
        passwords: &mut PasswordHashes,
    ) -> Result<(Verdict, bool), Failure> {
        let mut responder = Responder::new(
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
                    // Closes the connection before the lines are shown, which can block.
                    drop(client);
                    self.conversation.show(&turn.lines);
                    self.conversation.show_held();
                    return Ok((verdict, turn.covers_account));
                }
                Next::Ask(question) => question,
            };
            self.conversation.show(&turn.lines);
            let answer = responder.answer(&question).inspect_err(|_| {
                // A failure does not matter: the dialog ends with the connection.
                let _ = client.cancel();
            })?;
            turn = client
                .answer(&answer)
                .map_err(|error| self.daemon_failed(&error.into()))?;
            if turn.is_after_failure() {
                self.report_wrong_code();
            }
        }
    }

    fn user(&self) -> Result<String, Failure> {
        self.pam.user().ok_or_else(|| {
            self.log.notice(if self.pam.has_user() {
                messages::LOG_USER_NOT_UTF8
            } else {
                messages::LOG_NO_USER
            });
            Failure::UnknownUser
        })
    }

    fn set_data(&self, data: TransactionData) -> Result<(), Failure> {
        self.pam.set_data(data).map_err(|_| self.not_stored())
    }

    fn not_stored(&self) -> Failure {
        self.log.error(messages::LOG_NOT_STORED);
        Failure::Module
    }

    /// Returns the data of the auth phase, which must be about the same user.
    fn data_of(&self, user: &str) -> Result<TransactionData, Failure> {
        match self.pam.data() {
            None => Ok(TransactionData::new(user)),
            Some(data) if data.user == user => Ok(data),
            Some(_) => {
                self.log.error(messages::LOG_USER_CHANGED);
                Err(Failure::UserChanged)
            }
        }
    }

    /// Returns whether root logs in at a console of this machine, and no other user can have caused it.
    fn is_root_at_console(&self, user: &str) -> bool {
        let is_root = || matches!(User::from_name(user), Ok(Some(user)) if user.uid.is_root());
        // The real uid excludes `su` and similar programs: they run with the resource limits and
        // signals of the caller, who could make the daemon look absent.
        let consoles = Consoles::default().with_those_of_the_kernel();
        self.context.at_console(&consoles) && getuid().is_root() && is_root()
    }

    fn daemon_failed(&self, error: &DaemonError) -> Failure {
        match error {
            DaemonError::UnknownUser => {
                self.log.notice(messages::LOG_UNKNOWN_USER);
                return Failure::UnknownUser;
            }
            DaemonError::Absent(why) | DaemonError::NoAnswer(why) => {
                self.log.error(&messages::log_not_serving(why));
            }
            DaemonError::CutOff { why, .. } => self.log.error(&messages::log_cut_off(why)),
            DaemonError::Unusable(why) => self.log.error(&messages::log_unusable(why)),
        }
        self.conversation.error(messages::NOT_AVAILABLE);
        Failure::Unavailable
    }

    /// Logs a wrong code over SSH for programs that read the log of sshd, such as fail2ban: sshd does
    /// not log a PAM failure that comes with a message.
    fn report_wrong_code(&self) {
        let (user, rhost) = (self.pam.user().unwrap_or_default(), &self.context.rhost);
        if self.context.is_ssh() && !rhost.is_empty() {
            self.log
                .notice_as_program(&messages::log_wrong_code_over_ssh(&user, rhost));
        }
    }

    /// Whether a refusal of this phase ends the program, and with it the screen: login exits after the
    /// account phase, and systemd then hangs the terminal up and clears it. A connection from another host
    /// must not be held: login has no time limit any more.
    fn ends_at_once(&self) -> bool {
        let Context { service, rhost, .. } = &self.context;
        self.context.phase == Phase::Account && service == "login" && rhost.is_empty()
    }

    fn report_refusal(&self) {
        let context = &self.context;
        self.log.notice(&messages::log_authentication_failure(
            getuid().as_raw(),
            geteuid().as_raw(),
            context,
            &self.pam.user().unwrap_or_default(),
        ));
        if context.phase == Phase::Auth {
            self.pam.set_fail_delay(FAIL_DELAY);
        }
    }
}
