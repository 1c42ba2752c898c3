//! The arguments of the module's line in `/etc/pam.d`.
//!
//! An argument that is not understood refuses every login, after all such arguments were named in
//! the log: a mistyped option must not weaken the door unnoticed.

use std::time::Duration;

/// What the line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// `debug`: log how the phase goes.
    pub(crate) debug: bool,
    /// `echo`: show the answer on the screen as it is typed.
    pub(crate) echo: bool,
    /// `timeout=`: how long bus and daemon may take in one phase, the person's time not counted.
    pub(crate) timeout: Duration,
    /// `try_first_pass`, `use_first_pass`.
    pub(crate) first_pass: FirstPass,
    /// `forward_pass`: password and code come in one answer; the password goes to the next module.
    pub(crate) forward_pass: bool,
    /// `enroll=account`: the stack has an account line that can take people through the set-up.
    pub(crate) can_enroll: bool,
    /// `after_publickey`: ask only where ssh has accepted a public key before.
    pub(crate) after_publickey: bool,
    /// `not_required=`: what a login without a second factor is to libpam.
    pub(crate) not_required: NotRequired,
    /// `unreachable=`: who may log in while the daemon is down.
    pub(crate) unreachable: Unreachable,
}

/// What to do with a password that an earlier module asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FirstPass {
    /// Leave it alone.
    Ignore,
    /// Take it for the first answer; ask if that did not do.
    Try,
    /// Take it for the first answer; never ask.
    Only,
}

/// How to present a login that needs no second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotRequired {
    /// As if the line were not there.
    Ignore,
    /// As a success.
    Success,
}

/// Who may log in while the daemon is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreachable {
    /// Nobody.
    Deny,
    /// Root, at the console of the machine.
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
            after_publickey: false,
            not_required: NotRequired::Ignore,
            unreachable: Unreachable::Deny,
        }
    }
}

impl Options {
    /// Reads the arguments.
    ///
    /// # Errors
    /// All arguments that are not understood.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Vec<&str>> {
        let mut options = Self::default();
        let unknown: Vec<&str> = arguments
            .iter()
            .map(String::as_str)
            .filter(|argument| options.take(argument).is_none())
            .collect();
        if unknown.is_empty() {
            Ok(options)
        } else {
            Err(unknown)
        }
    }

    fn take(&mut self, argument: &str) -> Option<()> {
        match argument {
            "debug" => self.debug = true,
            "echo" => self.echo = true,
            "try_first_pass" => self.first_pass = self.first_pass.and(FirstPass::Try)?,
            "use_first_pass" => self.first_pass = self.first_pass.and(FirstPass::Only)?,
            "forward_pass" => self.forward_pass = true,
            "enroll=account" => self.can_enroll = true,
            "after_publickey" => self.after_publickey = true,
            "not_required=ignore" => self.not_required = NotRequired::Ignore,
            "not_required=success" => self.not_required = NotRequired::Success,
            "unreachable=deny" => self.unreachable = Unreachable::Deny,
            "unreachable=allow-root-console" => self.unreachable = Unreachable::AllowRootConsole,
            _ => self.timeout = seconds(argument.strip_prefix("timeout=")?)?,
        }
        Some(())
    }
}

impl FirstPass {
    /// The two options contradict each other: only one of them may stand on the line.
    fn and(self, wanted: Self) -> Option<Self> {
        (self == Self::Ignore || self == wanted).then_some(wanted)
    }
}

/// A whole number of seconds, from one to an hour.
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
    fn every_option_sets_what_it_says_and_nothing_else() {
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
            changed(|o| o.unreachable = Unreachable::AllowRootConsole)
        );
        assert_eq!(
            parse("not_required=ignore unreachable=deny"),
            changed(|_| {})
        );
    }

    #[test]
    fn without_options_the_daemons_absence_denies_and_no_password_is_touched() {
        let options = Options::default();
        assert_eq!(options.unreachable, Unreachable::Deny);
        assert_eq!(options.first_pass, FirstPass::Ignore);
        assert!(!options.forward_pass);
    }

    #[test]
    fn all_unknown_options_are_named_at_once() {
        let line = "debug nullok Echo timeout=5 unreachable=allow echo=";
        let unknown = ["nullok", "Echo", "unreachable=allow", "echo="].map(str::to_owned);
        assert_eq!(parse(line), Err(unknown.to_vec()));
    }

    #[test]
    fn a_time_that_is_none_is_not_understood() {
        for value in [
            "",
            "0",
            "-1",
            "+5",
            "3601",
            "1s",
            "1.5",
            "99999999999999999999",
        ] {
            let argument = format!("timeout={value}");
            assert_eq!(parse(&argument), Err(vec![argument]));
        }
    }

    #[test]
    fn trying_and_using_the_first_password_contradict_each_other() {
        assert_eq!(
            parse("try_first_pass use_first_pass"),
            Err(vec!["use_first_pass".to_owned()])
        );
        assert!(parse("use_first_pass use_first_pass").is_ok());
    }
}
