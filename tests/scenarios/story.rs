//! The story of alice, who has a phone, a token, a security key and two computers, and loses one after
//! the other. Each chapter is what the people do, and what they see.

use std::cell::Cell;

use tfa_tests::{Machine, Phone, Terminal};

use crate::authenticators::{RFC_4226_KEY, add_phone_at, add_token};
use crate::devices::{
    DAY, METHODS, another_key, fingerprint, is_asked, is_not_asked, remember_with, ssh_with_key,
    with_password,
};
use crate::security_keys;
use crate::users::{
    CODE, Owner, PASSWORD, authenticate, machine_with_alice_set_up, set_policy, set_up,
    set_up_in_login_at, ssh_to_code_prompt, uri_in,
};

const SHELL: &str = "alice@host:~$";
const CAROLS_SHELL: &str = "carol@host:~$";
/// Where a person who knows the password of alice tries to log in.
const ELSEWHERE: &str = "198.51.100.66";
const POLICY: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\n[remember]\ndays = 30\n";

/// A machine with its users, and what they carry.
struct Story {
    machine: Machine,
    alice: Owner,
    /// The administrator at the help desk, who is not root.
    carol: Owner,
    token: Token,
    /// The SSH keys of alice's two computers, which are behind one address.
    laptop: String,
    desktop: String,
    /// The SSH key in alice's security key.
    security_key: String,
    /// How many seconds the clocks are ahead.
    ahead: Cell<i64>,
}

#[test]
fn a_user_with_two_computers_loses_the_phone_and_later_everything() {
    let story = Story::begin();
    story.alice_logs_in_with_each_authenticator();
    story.a_stranger_tries_her_password();
    story.the_help_desk_removes_the_lost_phone();
    story.alice_learns_of_it_once_and_the_lost_phone_is_worth_nothing();
    let phone = story.alice_enrolls_another_phone_and_moves_to_a_third();
    story.the_help_desk_resets_all_that_was_stolen();
    story.alice_begins_again(&phone);
}

impl Story {
    /// Alice has enrolled a phone. Root gives her a token, and she adds her security key.
    fn begin() -> Self {
        let (machine, alice) = machine_with_alice_set_up();
        machine.write_file("/etc/sudoers.d/alice", "alice ALL = (root) ALL\n");
        machine.add_user("carol", PASSWORD);
        machine.add_to_group("carol", "sudo");
        let carol = set_up(&machine, "carol", PASSWORD);

        let output = add_token(&machine, "token", RFC_4226_KEY, &[]);
        assert!(output.success(), "{output}");
        security_keys::install(&machine);
        let (security_key, public) = security_keys::new_key(&machine, "blue", "ed25519-sk");
        security_keys::add(&machine, &public, "blue", &alice.backup_codes[0]);

        machine.configure_sshd("10-methods", METHODS);
        let laptop = machine.authorize_key("alice");
        let desktop = another_key(&machine);
        set_policy(&machine, POLICY);
        Self {
            machine,
            alice,
            carol,
            token: Token::new(),
            laptop,
            desktop,
            security_key,
            ahead: Cell::new(0),
        }
    }

    /// The log says which authenticator it was, and each computer is a device of its own.
    fn alice_logs_in_with_each_authenticator(&self) {
        let laptop = self.ssh(&self.laptop);
        remember_with(&laptop, &self.alice.phone.next_unused());
        let told = told(&laptop);
        assert!(told.contains("An administrator added authenticator \"token\" on "));
        assert!(told.contains("Authenticator \"blue\" was added on "));
        self.logs("alice: verified by a code of phone (service sshd, from 192.0.2.7");

        // The token.
        remember_with(&self.ssh(&self.desktop), &self.token.press());
        self.logs("alice: verified by a code of token (service sshd, from 192.0.2.7");
        for (number, key) in [(1, &self.laptop), (2, &self.desktop)] {
            let mark = fingerprint(&self.machine, key);
            is_not_asked(&self.ssh(key));
            self.logs(&format!(
                "alice: not asked: remembered device {number}, {mark} (service sshd, from 192.0.2.7"
            ));
        }

        // The security key, and then the phone for sudo in that session.
        let terminal = self.ssh(&self.security_key);
        is_not_asked(&terminal);
        self.logs("alice: verified by the security key blue (service sshd, from 192.0.2.7");
        terminal.type_line("sudo id -un");
        terminal.expect("[sudo] password for alice:");
        terminal.type_secret(PASSWORD);
        terminal.expect(CODE);
        terminal.type_secret(&self.alice.phone.next_unused());
        terminal.expect("\nroot");
        self.logs("alice: verified by a code of phone (service sudo, ");
    }

    /// Alice has lost her phone. Wrong codes from elsewhere do not lock her computers out.
    fn a_stranger_tries_her_password(&self) {
        self.on_day(3);
        let stranger = self.ssh_from(ELSEWHERE);
        stranger.expect(CODE);
        stranger.type_secret(&self.alice.backup_codes[0]);
        stranger.expect("This code was already used.");
        for _ in 0..2 {
            stranger.expect(CODE);
            stranger.type_secret(&self.alice.phone.wrong_code());
        }
        stranger.expect("Password:");
        is_not_asked(&self.ssh(&self.laptop));
    }

    /// Carol looks why the attempts failed, and removes the phone.
    fn the_help_desk_removes_the_lost_phone(&self) {
        let desk = self.help_desk(&self.carol.phone.next_unused());
        self.as_administrator(&desk, "tfactl show alice", &self.carol.phone.next_unused());
        desk.expect("Authenticator: phone (time-based, last used ");
        desk.expect("Failed 2 times: the last ");
        desk.expect(&format!("sshd, from {ELSEWHERE}: wrong code\n"));
        desk.expect(&format!(
            "sshd, from {ELSEWHERE}: a code that was already used\n"
        ));
        desk.expect(CAROLS_SHELL);
        let remove = "tfactl authenticator remove alice phone";
        self.as_administrator(&desk, remove, &self.carol.backup_codes[0]);
        desk.expect(CAROLS_SHELL);
        let uid = self.machine.succeed(["id", "-u", "carol"]);
        self.logs(&format!(
            "alice: an administrator removed an authenticator: phone (by uid {})",
            uid.trim()
        ));
    }

    fn alice_learns_of_it_once_and_the_lost_phone_is_worth_nothing(&self) {
        // Both computers are asked again, and the phone is no answer.
        is_asked(&self.ssh(&self.desktop));
        let laptop = self.ssh(&self.laptop);
        laptop.expect(CODE);
        laptop.type_secret(&self.alice.phone.next_unused());
        laptop.expect("Wrong code.");
        laptop.expect(CODE);
        laptop.type_secret(&self.token.press());
        laptop.expect("Remember this device");
        laptop.type_line("");
        laptop.expect(SHELL);
        let told = told(&laptop);
        assert!(told.contains("An administrator removed authenticator \"phone\" on "));
        assert!(told.contains("2 wrong codes since your last login, the last on "));
        assert!(told.contains("A used code was entered again, on "));
        assert!(told.contains(&format!("from {ELSEWHERE}.")));

        // She has logged in with nothing that is older than the changes: each key that needs no code tells them once
        // more (ADR 0106).
        self.on_day(4);
        let told = self.told_to_the_security_key();
        assert!(told.contains("removed authenticator \"phone\""), "{told}");
        assert!(!told.contains("wrong code"), "{told}");
        assert!(!told.contains("used code"), "{told}");
        self.on_day(5);
        let told = self.told_to_the_security_key();
        assert!(
            !told.contains("removed") && !told.contains("code"),
            "{told}"
        );
    }

    fn told_to_the_security_key(&self) -> String {
        let terminal = self.ssh(&self.security_key);
        is_not_asked(&terminal);
        told(&terminal)
    }

    /// A new phone beside the token, and then one in its place. Returns the last one.
    fn alice_enrolls_another_phone_and_moves_to_a_third(&self) -> Phone {
        let laptop = self.ssh(&self.laptop);
        remember_with(&laptop, &self.token.press());
        let second = add_phone_at(&laptop, "second", &self.token.press(), self.ahead.get());
        is_not_asked(&self.ssh(&self.laptop));

        laptop.type_line("tfa-enroll move second --name third --qr none");
        authenticate(&laptop, &second.next_unused());
        laptop.expect("Code from your phone:");
        let third = Phone::from_uri(&uri_in(&laptop.transcript()));
        third.shift_clock(self.ahead.get());
        laptop.type_line(&third.next_unused());
        laptop.expect("The new phone is active.");
        self.logs("is active: third, in place of second (by uid 1000)");

        // Again the computer is asked, and the phone before is no answer.
        let laptop = self.ssh(&self.laptop);
        laptop.expect(CODE);
        laptop.type_secret(&second.code_not_of(&third));
        laptop.expect("Wrong code.");
        laptop.expect(CODE);
        laptop.type_secret(&third.next_unused());
        laptop.expect("Remember this device");
        laptop.type_line("yes");
        laptop.expect(SHELL);
        let told = told(&laptop);
        assert!(told.contains("Authenticator \"second\" was replaced by \"third\" on "));
        third
    }

    /// Carol has made sure that it is alice who calls.
    fn the_help_desk_resets_all_that_was_stolen(&self) {
        self.on_day(5);
        let desk = self.help_desk(&self.carol.phone.next_unused());
        let reset = "tfactl reset alice --yes";
        self.as_administrator(&desk, reset, &self.carol.phone.next_unused());
        desk.expect("Two-factor login of alice was reset.");
    }

    /// The next login enrolls. What was stolen is not accepted.
    fn alice_begins_again(&self, stolen: &Phone) {
        let laptop = self.ssh(&self.laptop);
        let new = set_up_in_login_at(&laptop, self.ahead.get());
        stolen.shift_clock(self.ahead.get());
        laptop.expect(SHELL);
        for key in [&self.security_key, &self.desktop, &self.laptop] {
            is_asked(&self.ssh(key));
        }
        let thief = self.ssh_from(ELSEWHERE);
        for code in [
            stolen.code_not_of(&new.phone),
            self.token.press(),
            self.alice.backup_codes[1].clone(),
        ] {
            thief.expect(CODE);
            thief.type_secret(&code);
        }
        thief.expect("Password:");
        let laptop = self.ssh(&self.laptop);
        remember_with(&laptop, &new.backup_codes[0]);
        let told = told(&laptop);
        assert!(told.contains("An administrator reset two-factor login on "));
        assert!(
            told.contains("3 wrong codes since your last login"),
            "{told}"
        );
    }

    /// A login of alice with a key, from home and up to the password.
    fn ssh(&self, key: &str) -> Terminal {
        ssh_with_key(&self.machine, key)
    }

    /// The same without a key, from an address.
    fn ssh_from(&self, address: &str) -> Terminal {
        with_password(self.machine.ssh_from(address, "alice"))
    }

    /// A login of carol, who does what she can without being root.
    fn help_desk(&self, code: &str) -> Terminal {
        let desk = ssh_to_code_prompt(&self.machine, "carol");
        desk.type_secret(code);
        desk.expect(CAROLS_SHELL);
        desk
    }

    /// Runs a command, for which polkit asks carol for the password and a code.
    fn as_administrator(&self, desk: &Terminal, command: &str, code: &str) {
        desk.type_line(command);
        desk.expect("Authenticating as: carol");
        desk.expect("Password:");
        desk.type_secret(PASSWORD);
        desk.expect(CODE);
        desk.type_secret(code);
    }

    #[track_caller]
    fn logs(&self, line: &str) {
        self.machine.expect_in_journal("tfad", line);
    }

    /// Puts all clocks ahead.
    fn on_day(&self, day: i64) {
        self.ahead.set(day * DAY);
        self.machine.shift_clock(day * DAY);
        for owner in [&self.alice, &self.carol] {
            owner.phone.shift_clock(day * DAY);
        }
    }
}

/// A token, whose counter advances with each press of its button.
struct Token {
    key: Phone,
    presses: Cell<u64>,
}

impl Token {
    fn new() -> Self {
        let uri = format!("otpauth://hotp/token?secret={RFC_4226_KEY}");
        Self {
            key: Phone::from_uri(&uri),
            presses: Cell::new(0),
        }
    }

    fn press(&self) -> String {
        let press = self.presses.get();
        self.presses.set(press + 1);
        self.key.code_of_counter(press)
    }
}

/// What a terminal has shown, in one line.
fn told(terminal: &Terminal) -> String {
    let transcript = terminal.transcript();
    transcript.split_whitespace().collect::<Vec<_>>().join(" ")
}
