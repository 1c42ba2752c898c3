//! The arguments of the module's line in `/etc/pam.d`.
//!
//! An unknown argument refuses every login, and is logged: a mistyped option must not weaken the
//! login unnoticed.

use std::time::Duration;

/// The options of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// `debug`: log the result of each phase.
    pub(crate) debug: bool,
    /// `echo`: show the code while it is typed.
    pub(crate) echo: bool,
    /// `timeout=`: how long the bus and the daemon may take in one phase. The time of the user is not
    /// counted.
    pub(crate) timeout: Duration,
    /// `try_first_pass`, `use_first_pass`.
    pub(crate) first_pass: FirstPass,
    /// `forward_pass`: ask for password and code in one answer, and pass the password to the next
    /// module.
    pub(crate) forward_pass: bool,
    /// `enroll=account`: the stack has an account line that can enroll a user.
    pub(crate) can_enroll: bool,
    /// `session=gate`: the stack has a session line that can refuse a login.
    pub(crate) session_follows: bool,
    /// `after_publickey`: ask only if sshd has accepted a public key before.
    pub(crate) after_publickey: bool,
    /// `not_required=`: the result if no second factor is required.
    pub(crate) not_required: NotRequired,
    /// `unreachable=`: what happens while the daemon is absent. If it is not set, every login is refused.
    pub(crate) unreachable: Option<Unreachable>,
}

/// Whether the password of an earlier module is used as the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FirstPass {
    /// Never.
    Ignore,
    /// `try_first_pass`: it is the first answer.
    Try,
    /// `use_first_pass`: it is the only answer; never ask.
    Only,
}

/// The result of a login that requires no second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotRequired {
    /// `PAM_IGNORE`.
    Ignore,
    /// `PAM_SUCCESS`.
    Success,
}

/// What happens while the daemon is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreachable {
    /// Every login is refused.
    Deny,
    /// Root can log in at the console of this machine.
    AllowRootConsole,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            debug: false,
            echo: false,
            timeout: Duration::from_secs(15),
            first_pass: FirstPass::Ignore,
            forward_pass: false,
            can_enroll: false,
            session_follows: false,
            after_publickey: false,
            not_required: NotRequired::Ignore,
            unreachable: None,
        }
    }
}

impl Options {
    /// Parses the arguments.
    ///
    /// # Errors
    /// All unknown arguments.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Vec<&str>> {
        let mut options = Self::default();
        let unknown: Vec<&str> = arguments
            .iter()
            .map(String::as_str)
            .filter(|argument| options.set(argument).is_none())
            .collect();
        if unknown.is_empty() {
            Ok(options)
        } else {
            Err(unknown)
        }
    }

    fn set(&mut self, argument: &str) -> Option<()> {
        match argument {
            "debug" => self.debug = true,
            "echo" => self.echo = true,
            "try_first_pass" => self.first_pass = self.first_pass.and(FirstPass::Try)?,
            "use_first_pass" => self.first_pass = self.first_pass.and(FirstPass::Only)?,
            "forward_pass" => self.forward_pass = true,
            "enroll=account" => self.can_enroll = true,
            "session=gate" => self.session_follows = true,
            "after_publickey" => self.after_publickey = true,
            "not_required=ignore" => self.not_required = NotRequired::Ignore,
            "not_required=success" => self.not_required = NotRequired::Success,
            "unreachable=deny" => self.unreachable = Some(Unreachable::Deny),
            "unreachable=allow-root-console" => {
                self.unreachable = Some(Unreachable::AllowRootConsole);
            }
            _ => self.timeout = seconds(argument.strip_prefix("timeout=")?)?,
        }
        Some(())
    }
}

impl FirstPass {
    /// `try_first_pass` and `use_first_pass` exclude each other.
    fn and(self, wanted: Self) -> Option<Self> {
        (self == Self::Ignore || self == wanted).then_some(wanted)
    }
}

/// Parses a number of seconds from 1 to 3600.
fn seconds(text: &str) -> Option<Duration> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let seconds = text.parse().ok().filter(|_| digits)?;
    (1..=3600)
        .contains(&seconds)
        .then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, Vec<String>> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let owned = |unknown: Vec<&str>| unknown.into_iter().map(str::to_owned).collect();
        Options::parse(&arguments).map_err(owned)
    }

    fn changed(change: impl FnOnce(&mut Options)) -> Result<Options, Vec<String>> {
        let mut options = Options::default();
        change(&mut options);
        Ok(options)
    }

    #[test]
    fn every_option_sets_its_own_field() {
        assert_eq!(parse(""), changed(|_| {}));
        assert_eq!(parse("debug"), changed(|o| o.debug = true));
        assert_eq!(parse("echo"), changed(|o| o.echo = true));
        assert_eq!(
            parse("timeout=3"),
            changed(|o| o.timeout = Duration::from_secs(3))
        );
        assert_eq!(
            parse("try_first_pass"),
            changed(|o| o.first_pass = FirstPass::Try)
        );
        assert_eq!(
            parse("use_first_pass"),
            changed(|o| o.first_pass = FirstPass::Only)
        );
        assert_eq!(parse("forward_pass"), changed(|o| o.forward_pass = true));
        assert_eq!(parse("enroll=account"), changed(|o| o.can_enroll = true));
        assert_eq!(
            parse("after_publickey"),
            changed(|o| o.after_publickey = true)
        );
        assert_eq!(
            parse("not_required=success"),
            changed(|o| o.not_required = NotRequired::Success)
        );
        assert_eq!(
            parse("unreachable=allow-root-console"),
            changed(|o| o.unreachable = Some(Unreachable::AllowRootConsole))
        );
        assert_eq!(
            parse("not_required=ignore unreachable=deny"),
            changed(|o| o.unreachable = Some(Unreachable::Deny))
        );
    }

    #[test]
    fn the_defaults_deny_without_the_daemon_and_use_no_password() {
        let options = Options::default();
        assert_eq!(options.unreachable, None);
        assert_eq!(options.first_pass, FirstPass::Ignore);
        assert!(!options.forward_pass);
    }

    /// The file is that of the test of `tfactl doctor` too.
    #[test]
    fn all_rejected_options_are_returned() {
        let file = include_str!("../../tests/pam-options");
        for line in file.lines().filter(|line| !line.starts_with('#')) {
            let (options, expected) = line.split_once("->").unwrap();
            let expected: Vec<String> = expected.split_whitespace().map(str::to_owned).collect();
            assert_eq!(parse(options).err().unwrap_or_default(), expected, "{line}");
        }
    }
}
