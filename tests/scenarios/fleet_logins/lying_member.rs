//! Root on a member, which calls a verifier with the certificate of that host and tells what it likes. SECURITY.md says
//! what that reaches.

use tfa_tests::Machine;

use super::grpc::{Message, Received, call};
use super::machines::Fleet;
use super::{SHELL, after_password};
use crate::users::{CODE, Owner, PASSWORD, record_of, set_policy, set_up, ssh_to_code_prompt};

// Numbers of fleet.proto.
const DENIED: u64 = 1;
const NOT_REQUIRED: u64 = 6;
const BY_TOTP: u64 = 8;
const BY_BACKUP_CODE: u64 = 11;
const NO_SUCH_DIALOG: u64 = 1;
const INVALID_ARGUMENT: u64 = 4;
const UID_CHANGED: u64 = 8;
const BELONGS: [u8; 2] = [1, 2];

/// What a member tells of a login.
#[derive(Clone)]
struct Told<'a> {
    name: &'a str,
    uid: u32,
    rhost: &'a str,
    tty: &'a str,
    /// A further value of the context.
    more: Option<(&'a str, &'a str)>,
    at_console: bool,
    /// Whether the user belongs to each group that is asked about.
    in_groups: bool,
}

/// alice over SSH, as it is.
const TRUTH: Told<'static> = Told {
    name: "alice",
    uid: 1000,
    rhost: "192.0.2.7",
    tty: "ssh",
    more: None,
    at_console: false,
    in_groups: false,
};

/// What a verifier replies.
#[derive(Debug, PartialEq, Eq)]
enum Reply {
    /// A question, of this dialog.
    Asked(u32),
    /// The verdict.
    Ended(u64),
    /// An error.
    Refused(u64),
}

/// A member with a certificate, and the address of the verifier there.
struct Member<'a>(&'a Machine, &'a str);

impl Member<'_> {
    fn call(&self, method: &str, request: &Message) -> Received {
        let replied = call(self.0, self.1, method, request);
        replied.unwrap_or_else(|status| panic!("{method}: the status {status}"))
    }

    /// Begins a login, and tells what is asked for. Returns the lines that are shown, too.
    fn begin_and_read(&self, attempt: u8, told: &Told<'_>) -> (Reply, String) {
        let mut subject = None;
        loop {
            let request = begin(attempt, told, subject.as_ref());
            let reply = self.call("Begin", &request);
            match reply.message(2) {
                Some(needed) => subject = Some(answer_to(&needed, told)),
                None => return read(&reply, 3),
            }
        }
    }

    fn begin(&self, attempt: u8, told: &Told<'_>) -> Reply {
        self.begin_and_read(attempt, told).0
    }

    /// Answers the question of a dialog.
    fn answer(&self, attempt: u8, dialog: u32, number: u32, typed: &str) -> (Reply, String) {
        let request = Message::default()
            .bytes(1, &[attempt; 16])
            .number(2, dialog)
            .number(3, number)
            .text(4, typed)
            .number(5, 5000);
        read(&self.call("Answer", &request), 2)
    }

    /// Begins a login that is asked, and gives an answer.
    #[track_caller]
    fn logs_in_with(&self, attempt: u8, told: &Told<'_>, typed: &str) -> (Reply, String) {
        match self.begin(attempt, told) {
            Reply::Asked(dialog) => self.answer(attempt, dialog, 1, typed),
            other => panic!("{other:?}"),
        }
    }

    /// Makes a call of a user. Returns the result, or the name and the text of the error.
    fn account(
        &self,
        (name, uid): (&str, u32),
        method: &str,
        arguments: &[u8],
    ) -> Result<Vec<u8>, (String, String)> {
        let request = Message::default()
            .message(1, &user(name, uid))
            .text(2, method)
            .bytes(3, arguments)
            .number(6, 5000);
        let reply = self.call("Account", &request);
        match reply.message(3) {
            Some(refused) => Err((refused.text(1), refused.text(2))),
            None => Ok(reply.bytes(1).expect("a result")),
        }
    }
}

fn user(name: &str, uid: u32) -> Message {
    Message::default().text(1, name).number(2, uid)
}

fn begin(attempt: u8, told: &Told<'_>, subject: Option<&Message>) -> Message {
    let entry = |key: &str| Message::default().text(1, key);
    let text = |key: &str, value: &str| entry(key).text(2, value);
    let mut request = Message::default()
        .bytes(1, &[attempt; 16])
        .message(2, &user(told.name, told.uid))
        .message(3, &text("phase", "auth"))
        .message(3, &text("service", "sshd"))
        .message(3, &text("tty", told.tty))
        .message(3, &entry("password-given").flag(3, true))
        .number(4, 0)
        .number(6, 5000);
    if !told.rhost.is_empty() {
        request = request.message(3, &text("rhost", told.rhost));
    }
    if let Some((key, value)) = told.more {
        request = request.message(3, &text(key, value));
    }
    let mut facts = Message::default().flag(1, told.at_console);
    if let Some(subject) = subject {
        facts = facts.message(2, subject);
    }
    let facts = facts.flag(3, false).flag(4, false);
    request.message(5, &facts)
}

/// What the name service of the member says, as far as the member is to be believed.
fn answer_to(needed: &Received, told: &Told<'_>) -> Message {
    let question = needed.bytes(2).expect("only the user is asked about");
    let groups = needed
        .message(2)
        .map_or(0, |question| question.messages(2).count());
    let belongs = vec![BELONGS[usize::from(told.in_groups)]; groups];
    let identity = Message::default().text(1, told.name).bytes(2, &belongs);
    Message::default().bytes(1, &question).message(2, &identity)
}

fn read(reply: &Received, refused: u8) -> (Reply, String) {
    if let Some(refused) = reply.message(refused) {
        return (Reply::Refused(refused.number(1)), refused.text(2));
    }
    let begun = reply.message(1).expect("a turn");
    let turn = begun.message(2).expect("a turn");
    let lines: Vec<String> = turn.messages(1).map(|line| line.text(2)).collect();
    let next = match turn.message(2) {
        Some(_) => Reply::Asked(begun.number(1).try_into().unwrap()),
        None => Reply::Ended(turn.number(3)),
    };
    (next, lines.join("\n"))
}

/// A string as D-Bus marshals it.
fn marshalled(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap();
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes.push(0);
    bytes
}

/// A fleet in which alice has enrolled, and whose members have a client.
fn fleet_with_alice() -> (Fleet, Owner) {
    let fleet = Fleet::boot_with(&["openssl", "curl"]);
    let alice = set_up(&fleet.verifier, "alice", PASSWORD);
    let uid = fleet.verifier.succeed(["id", "-u", "alice"]);
    assert_eq!(uid.trim(), TRUTH.uid.to_string());
    (fleet, alice)
}

fn members(fleet: &Fleet) -> [Member<'_>; 2] {
    let [web1, web2] = &fleet.members;
    [Member(web1, "10.9.1.1"), Member(web2, "10.9.2.1")]
}

#[test]
fn lying_member_speaks_for_no_other_host() {
    let (fleet, alice) = fleet_with_alice();
    let ([web1, web2], verifier) = (members(&fleet), &fleet.verifier);
    // The truth lets the owner in.
    let (reply, _) = web1.logs_in_with(1, &TRUTH, &alice.phone.next_unused());
    assert_eq!(reply, Reply::Ended(BY_TOTP));
    let line = verifier.expect_in_journal("tfad", "alice: verified by a code of");
    let origin = "(on web1.test, service sshd, from 192.0.2.7";
    assert!(line.contains(origin), "{line}");

    // The dialog of another member is none of it, with the same attempt and a right code.
    let Reply::Asked(dialog) = web2.begin(2, &TRUTH) else {
        panic!("not asked");
    };
    let code = alice.phone.next_unused();
    let (reply, _) = web1.answer(2, dialog, 1, &code);
    assert_eq!(reply, Reply::Refused(NO_SUCH_DIALOG));
    let cancel = Message::default().bytes(1, &[2; 16]).number(2, dialog);
    let _ = call(web1.0, web1.1, "Cancel", &cancel);
    let (reply, _) = web2.answer(2, dialog, 1, &code);
    assert_eq!(reply, Reply::Ended(BY_TOTP));
    // Nor does its attempt know the code.
    let (reply, _) = web1.logs_in_with(2, &TRUTH, &code);
    assert!(matches!(reply, Reply::Asked(_)), "{reply:?}");

    let for_web2 =
        "[policy]\nmode = \"required\"\n[[policy.rule]]\nhosts = [\"web2.test\"]\nmode = \"off\"\n";
    set_policy(verifier, for_web2);
    assert_eq!(web2.begin(3, &TRUTH), Reply::Ended(NOT_REQUIRED));
    assert!(matches!(web1.begin(3, &TRUTH), Reply::Asked(_)));
    for key in ["host", "hostname", "member", "Host"] {
        let told = Told {
            more: Some((key, "web2.test")),
            ..TRUTH
        };
        let reply = web1.begin(4, &told);
        assert_eq!(reply, Reply::Refused(INVALID_ARGUMENT), "{key}");
    }

    // Who is root, who has a uid, and what is a name.
    for (name, uid, error) in [
        ("root", 1000, INVALID_ARGUMENT),
        ("alice", 0, INVALID_ARGUMENT),
        ("alice\nbob: verified", 1000, INVALID_ARGUMENT),
        ("alice", 4711, UID_CHANGED),
        ("bob", 1000, UID_CHANGED),
    ] {
        let told = Told { name, uid, ..TRUTH };
        assert_eq!(web1.begin(5, &told), Reply::Refused(error), "{name} {uid}");
    }

    // What is compared is counted, wherever the member says that the login comes from.
    let mut dialog = match web1.begin(6, &TRUTH) {
        Reply::Asked(dialog) => dialog,
        other => panic!("{other:?}"),
    };
    for number in 1..=3 {
        let (reply, _) = web1.answer(6, dialog, number, &alice.phone.wrong_code());
        match reply {
            Reply::Asked(next) => dialog = next,
            end => assert_eq!((end, number), (Reply::Ended(DENIED), 3)),
        }
    }
    verifier.expect_in_journal("tfad", "alice: denied: no right code (on web1.test");
    let shown = verifier.succeed(["tfactl", "show", "alice"]);
    assert!(shown.contains("wrong code"), "{shown}");
}

#[test]
fn lies_of_a_member_about_itself_count_for_its_own_logins() {
    let (fleet, alice) = fleet_with_alice();
    let ([web1, _], verifier) = (members(&fleet), &fleet.verifier);
    let policy = "[policy]\nmode = \"required\"\n\
         [[policy.rule]]\ngroups = [\"exempt\"]\nmode = \"off\"\n\
         [[policy.rule]]\norigins = [\"local\"]\nmode = \"off\"\n";
    verifier.succeed(["groupadd", "exempt"]);
    set_policy(verifier, policy);
    let before = record_of(verifier, "alice");
    assert!(matches!(web1.begin(1, &TRUTH), Reply::Asked(_)));
    let in_group = Told {
        in_groups: true,
        ..TRUTH
    };
    let at_console = Told {
        rhost: "",
        tty: "tty1",
        at_console: true,
        ..TRUTH
    };
    for (attempt, told) in [(2, in_group), (3, at_console)] {
        let reply = web1.begin(attempt, &told);
        assert_eq!(reply, Reply::Ended(NOT_REQUIRED), "{attempt}");
    }
    // The log names the rule and the host.
    let line = verifier.expect_in_journal("tfad", "(on web1.test, service sshd, from tty1");
    assert!(line.contains("tfad.toml"), "{line}");
    // A console there is no remote login: an address beside it makes it none.
    let both = Told {
        at_console: true,
        ..TRUTH
    };
    let reply = web1.begin(4, &both);
    assert!(matches!(reply, Reply::Asked(_)), "{reply:?}");

    // Nothing of it holds elsewhere, and nothing of it is in the record.
    assert_eq!(record_of(verifier, "alice"), before);
    for machine in [&fleet.members[1], verifier] {
        let terminal = ssh_to_code_prompt(machine, "alice");
        terminal.type_secret(&alice.phone.next_unused());
        terminal.expect(SHELL);
    }
}

#[test]
fn member_with_a_code_changes_an_enrollment_only_where_the_policy_says_so() {
    let (fleet, alice) = fleet_with_alice();
    let ([web1, _], verifier) = (members(&fleet), &fleet.verifier);
    let of_alice = ("alice", TRUTH.uid);
    let before = record_of(verifier, "alice");
    let code = alice.phone.next_unused();
    for method in ["NewBackupCodes", "Pause", "Remove"] {
        let refused = web1.account(of_alice, method, &marshalled(&code));
        let (_, text) = refused.unwrap_err();
        assert!(text.contains("cannot be changed on web1.test"), "{text}");
    }
    verifier.expect_in_journal("tfad", "cannot be changed on web1.test");
    assert_eq!(record_of(verifier, "alice"), before);

    set_policy(
        verifier,
        "[policy]\nmode = \"optional\"\nchanges_on = [\"web1.test\"]\n",
    );
    // root changes nothing on any member.
    for method in ["Setup", "NewBackupCodes"] {
        let refused = web1.account(("root", 0), method, &marshalled("phone"));
        let (_, text) = refused.unwrap_err();
        assert!(text.contains("verifier"), "{text}");
    }
    let record = record_of(verifier, "root");
    assert!(record.contains("\"state\": \"none\""), "{record}");

    // One code that was typed there is enough for new backup codes, which no refusal before has used.
    let codes = web1.account(of_alice, "NewBackupCodes", &marshalled(&code));
    let codes = String::from_utf8_lossy(&codes.unwrap()).into_owned();
    let codes = crate::users::backup_codes_in(&codes.replace(|c: char| c.is_control(), " "));
    assert_eq!(codes.len(), 10);
    let made = "New backup codes were created";
    // The logins with them show the notice, and do not use it up.
    for attempt in [1, 2] {
        let typed = &codes[usize::from(attempt)];
        let (reply, lines) = web1.logs_in_with(attempt, &TRUTH, typed);
        assert_eq!(reply, Reply::Ended(BY_BACKUP_CODE));
        let text = lines.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(made), "{lines}");
    }
    // Later than a repetition.
    verifier.shift_clock(600);
    alice.phone.shift_clock(600);
    let terminal = after_password(&fleet.members[1]);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(made);
    terminal.expect(SHELL);
}
