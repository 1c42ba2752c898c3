//! A machine under one policy, with its users.

use tfa_tests::Machine;

use super::login::{User, log_in};
use super::table::{Login, Outcome, Row, State};
use crate::security_keys;
use crate::users::{PASSWORD, console_on_tty1, record_of, set_up, set_up_and_pause};

/// The address in the manual's policy for networks.
const INSIDE: &str = "10.7.0.2";
/// A user who becomes another user and knows the password.
const OTHER_USER: &str = "neighbour";

/// A machine under one policy.
pub(super) struct Host {
    machine: Machine,
    on: Option<User>,
    paused: Option<User>,
    exempt: Option<User>,
}

impl Host {
    /// Boots a machine, enrolls the users of the rows, and then sets the policy.
    pub(super) fn set(config: &str, rows: &[Row]) -> Self {
        let machine = Machine::boot();
        machine.offer_questions();
        machine.add_address(INSIDE);
        machine.add_user(OTHER_USER, PASSWORD);
        let has_state = |state: State| rows.iter().any(|row| row.user == state);
        let on = has_state(State::On).then(|| {
            add_user(&machine, "on");
            User::new(set_up(&machine, "on", PASSWORD))
        });
        let paused = has_state(State::Paused).then(|| {
            add_user(&machine, "paused");
            User::new(set_up_and_pause(&machine, "paused", PASSWORD))
        });
        let exempt = has_state(State::Exempt).then(|| {
            add_user(&machine, "exempt");
            let owner = set_up(&machine, "exempt", PASSWORD);
            machine.succeed([
                "tfactl", "exempt", "exempt", "--for", "1d", "--reason", "a test",
            ]);
            User::new(owner)
        });
        if rows.iter().any(|row| row.login == Login::HostKey) {
            machine.trust_own_host_key();
        }
        if rows.iter().any(|row| row.login == Login::SecurityKey) {
            security_keys::install(&machine);
        }
        if rows.iter().any(|row| row.login == Login::Console) {
            console_on_tty1(&machine);
        }
        machine.write_file("/etc/tfa/tfad.toml", config);
        machine.succeed(["systemctl", "reload", "tfad"]);
        Self {
            machine,
            on,
            paused,
            exempt,
        }
    }

    pub(super) fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Runs the login of a row. Returns each difference from the row.
    pub(super) fn check(&mut self, number: usize, row: Row) -> Vec<String> {
        let user = self.user(number, row.user);
        let mut wrong = Vec::new();
        if let Some(explained_outcome) = self.explained_outcome(&user, row.login)
            && explained_outcome != explained(row.outcome)
        {
            wrong.push(format!("tfactl explain says {explained_outcome}"));
        }
        match self.log_in(&user, row) {
            Ok(seen) if seen == row.outcome => {}
            Ok(seen) => wrong.push(format!("saw {}", seen.word())),
            Err(odd) => wrong.push(odd),
        }
        let state = match (row.user, row.outcome) {
            (State::On | State::Exempt, _) | (_, Outcome::SetUp) => "enabled",
            (State::Paused, _) => "paused",
            (State::None | State::Staff, _) => "none",
        };
        let is = text_in(&record_of(&self.machine, &user), "state");
        if is != state {
            wrong.push(format!("is {is} afterwards, not {state}"));
        }
        wrong
    }

    /// Each row has a new user without enrollment, because a login may enroll the user, and the
    /// first one starts a grace period.
    fn user(&self, number: usize, state: State) -> String {
        let word = state.word();
        if let State::On | State::Paused | State::Exempt = state {
            return word.to_owned();
        }
        let user = format!("{word}{number}");
        add_user(&self.machine, &user);
        if state == State::Staff {
            self.machine.add_to_group(&user, "staff");
        }
        user
    }

    /// The outcome that `tfactl explain` reports for the login.
    fn explained_outcome(&self, user: &str, login: Login) -> Option<String> {
        let (service, from, method) = match login {
            Login::Ssh => ("sshd", "127.0.0.1", "password"),
            Login::SshInside => ("sshd", INSIDE, "password"),
            Login::Key => ("sshd", "127.0.0.1", "publickey"),
            Login::SecurityKey => ("sshd", "127.0.0.1", "publickey:sk"),
            Login::HostKey => ("sshd", "127.0.0.1", "hostbased"),
            Login::Console => ("login", "local", "password"),
            Login::Su => ("su-l", "session", "password"),
            // It assumes a login that asks for the password, which root's su does not do.
            Login::SuRoot => return None,
        };
        let options = format!("--json --service {service} --from {from} --method {method}");
        let words = ["tfactl", "explain", user].into_iter();
        let said = self.machine.succeed(words.chain(options.split(' ')));
        Some(text_in(&said, "outcome"))
    }

    fn log_in(&mut self, user: &str, row: Row) -> Result<Outcome, String> {
        let user_with_phone = match row.user {
            State::On => self.on.as_mut(),
            State::Paused => self.paused.as_mut(),
            State::Exempt => self.exempt.as_mut(),
            State::None | State::Staff => None,
        };
        let machine = &self.machine;
        let ssh = |options: &[&str]| {
            // With the default log level, so that banners are shown. sshd gives the reason of a
            // refusal in a banner.
            let always = ["-o", "LogLevel=INFO", "-o", "NumberOfPasswordPrompts=1"];
            machine.ssh_with(user, &[&always, options].concat())
        };
        let by_password = "PreferredAuthentications=keyboard-interactive";
        let terminal = match row.login {
            Login::Ssh => ssh(&["-o", by_password]),
            Login::SshInside => ssh(&["-b", INSIDE, "-o", by_password]),
            Login::Key => {
                let key = format!("/root/.ssh/{user}");
                ssh(&["-i", &key, "-o", "PreferredAuthentications=publickey"])
            }
            Login::SecurityKey => {
                let key =
                    security_keys::make_key(machine, &format!("{user}-sk"), "ed25519-sk", &[]);
                let _ = security_keys::authorize(machine, user, &key, "");
                let only = ["-o", "IdentitiesOnly=yes"];
                ssh(&[
                    &["-i", &key, "-o", "PreferredAuthentications=publickey"],
                    &only[..],
                ]
                .concat())
            }
            // The client runs as the user, from this machine.
            Login::HostKey => machine.terminal_as(user, by_host(user)),
            Login::Su => machine.terminal_as(OTHER_USER, ["su", "-", user]),
            Login::SuRoot => machine.terminal(["su", "-", user]),
            Login::Console => return run_on_console(machine, user, user_with_phone),
        };
        log_in(&terminal, user, user_with_phone)
    }
}

/// An SSH client that authenticates by the host key of the machine.
fn by_host(user: &str) -> Vec<String> {
    let options = [
        "ssh",
        "-oStrictHostKeyChecking=no",
        "-oLogLevel=INFO",
        "-oHostbasedAuthentication=yes",
        "-oPreferredAuthentications=hostbased",
    ];
    let host = format!("{user}@localhost");
    options
        .map(str::to_owned)
        .into_iter()
        .chain([host])
        .collect()
}

/// Leaves the console as it was found: waiting for the next login.
fn run_on_console(
    machine: &Machine,
    user: &str,
    user_with_phone: Option<&mut User>,
) -> Result<Outcome, String> {
    let console = machine.console();
    console.expect("host login:");
    console.type_line(user);
    let seen = log_in(console, user, user_with_phone);
    match &seen {
        // `login` asks for another name.
        Ok(Outcome::Refused) => {}
        Ok(_) => console.type_line("exit"),
        Err(_) => {
            machine.succeed(["systemctl", "restart", "console-getty.service"]);
        }
    }
    seen
}

/// Adds a user with a password and an authorized key.
fn add_user(machine: &Machine, user: &str) {
    machine.add_user(user, PASSWORD);
    let _ = machine.authorize_key(user);
}

/// The outcome in the words of `tfactl explain`.
fn explained(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::In | Outcome::Exempt => "nothing",
        other => other.word(),
    }
}

/// A string of a JSON object.
fn text_in(json: &str, name: &str) -> String {
    let (_, rest) = json
        .split_once(&format!("\"{name}\": \""))
        .unwrap_or_else(|| panic!("no {name} in {json}"));
    rest.split('"').next().unwrap_or_default().to_owned()
}
