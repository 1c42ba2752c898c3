//! A machine under one policy, and its people.

use tfa_tests::Machine;

use super::play::{Person, play};
use super::table::{Login, Outcome, Row, State};
use crate::people::{PASSWORD, record_of, screen, set_up, set_up_and_pause};

/// The address that the manual's policy for networks names.
const INSIDE: &str = "10.7.0.2";
/// Whoever becomes somebody else, and knows the password.
const NEIGHBOUR: &str = "neighbour";

/// A machine under one policy.
pub(super) struct Stage {
    machine: Machine,
    on: Option<Person>,
    paused: Option<Person>,
}

impl Stage {
    /// Boots a machine, has everybody who plays in the rows set up what they have, and then
    /// decrees the policy.
    pub(super) fn set(config: &str, rows: &[Row]) -> Self {
        let machine = Machine::boot();
        machine.offer_questions();
        machine.add_address(INSIDE);
        machine.add_user(NEIGHBOUR, PASSWORD);
        let plays = |state: State| rows.iter().any(|row| row.user == state);
        let on = plays(State::On).then(|| {
            add_user(&machine, "on");
            Person::new(set_up(&machine, "on", PASSWORD))
        });
        let paused = plays(State::Paused).then(|| {
            add_user(&machine, "paused");
            Person::new(set_up_and_pause(&machine, "paused", PASSWORD))
        });
        if rows.iter().any(|row| row.login == Login::Console) {
            screen(&machine);
        }
        machine.write_file("/etc/tfa/tfad.toml", config);
        machine.succeed(["systemctl", "reload", "tfad"]);
        Self {
            machine,
            on,
            paused,
        }
    }

    pub(super) fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Plays a row. All that is not as the row says.
    pub(super) fn check(&mut self, number: usize, row: Row) -> Vec<String> {
        let user = self.user(number, row.user);
        let mut wrong = Vec::new();
        if let Some(foreseen) = self.foreseen(&user, row.login)
            && foreseen != explained(row.outcome)
        {
            wrong.push(format!("tfactl explain says {foreseen}"));
        }
        match self.play(&user, row) {
            Ok(seen) if seen == row.outcome => {}
            Ok(seen) => wrong.push(format!("saw {}", seen.word())),
            Err(odd) => wrong.push(odd),
        }
        let state = match (row.user, row.outcome) {
            (State::On, _) | (_, Outcome::SetUp) => "enabled",
            (State::Paused, _) => "paused",
            (State::None | State::Staff, _) => "none",
        };
        let is = text_in(&record_of(&self.machine, &user), "state");
        if is != state {
            wrong.push(format!("is {is} afterwards, not {state}"));
        }
        wrong
    }

    /// Whoever has set up nothing is new in each row: a login may change them, and a grace begins
    /// with the first.
    fn user(&self, number: usize, state: State) -> String {
        let word = state.word();
        if let State::On | State::Paused = state {
            return word.to_owned();
        }
        let user = format!("{word}{number}");
        add_user(&self.machine, &user);
        if state == State::Staff {
            self.machine.add_to_group(&user, "staff");
        }
        user
    }

    /// What `tfactl explain` says will become of the login.
    fn foreseen(&self, user: &str, login: Login) -> Option<String> {
        let (service, from, method) = match login {
            Login::Ssh => ("sshd", "127.0.0.1", "password"),
            Login::SshInside => ("sshd", INSIDE, "password"),
            Login::Key => ("sshd", "127.0.0.1", "publickey"),
            Login::Console => ("login", "local", "password"),
            Login::Su => ("su-l", "session", "password"),
            // It supposes a login that is asked for the password, and root's su is not.
            Login::SuRoot => return None,
        };
        let options = format!("--json --service {service} --from {from} --method {method}");
        let words = ["tfactl", "explain", user].into_iter();
        let said = self.machine.succeed(words.chain(options.split(' ')));
        Some(text_in(&said, "outcome"))
    }

    fn play(&mut self, user: &str, row: Row) -> Result<Outcome, String> {
        let person = match row.user {
            State::On => self.on.as_mut(),
            State::Paused => self.paused.as_mut(),
            State::None | State::Staff => None,
        };
        let machine = &self.machine;
        let ssh = |options: &[&str]| {
            // As people have it: with the banners, in which sshd gives the reason of a refusal.
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
            Login::Su => machine.terminal_as(NEIGHBOUR, ["su", "-", user]),
            Login::SuRoot => machine.terminal(["su", "-", user]),
            Login::Console => return play_on_console(machine, user, person),
        };
        play(&terminal, user, person)
    }
}

/// The console is left as it was found: waiting for the next login.
fn play_on_console(
    machine: &Machine,
    user: &str,
    person: Option<&mut Person>,
) -> Result<Outcome, String> {
    let console = machine.console();
    console.expect("host login:");
    console.type_line(user);
    let seen = play(console, user, person);
    match &seen {
        // `login` asks for another name by itself.
        Ok(Outcome::Refused) => {}
        Ok(_) => console.type_line("exit"),
        Err(_) => {
            machine.succeed(["systemctl", "restart", "console-getty.service"]);
        }
    }
    seen
}

/// Somebody with a password, and a key that lets them in.
fn add_user(machine: &Machine, user: &str) {
    machine.add_user(user, PASSWORD);
    let _ = machine.authorize_key(user);
}

/// The outcome in the words of `tfactl explain`.
fn explained(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::In => "nothing",
        other => other.word(),
    }
}

/// A text of a JSON object.
fn text_in(json: &str, name: &str) -> String {
    let (_, rest) = json
        .split_once(&format!("\"{name}\": \""))
        .unwrap_or_else(|| panic!("no {name} in {json}"));
    rest.split('"').next().unwrap_or_default().to_owned()
}
