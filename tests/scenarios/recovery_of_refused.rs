//! The recovery code of the host, for an administrator who is refused without it.

use tfa_tests::Machine;

use crate::known_places::explained;
use crate::recovery::{NOW_VOID, OFFER, create, entries, is_valid, replace_phone};
use crate::users::{
    PASSWORD, console_on_tty1, enter_password, machine_with_alice, machine_with_alice_set_up,
    record_of, set_policy,
};

/// The console is cleared after a refusal.
const READ: &str = "Press Enter to continue:";
/// The time to enroll is over.
const LATE: &str =
    "[policy]\nmode = \"required\"\nsince = 2020-01-01\ngrace = \"1d\"\nafter_grace = \"deny\"\n";
const BY_INVITATION: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\ninvitation = true\n";
const TOO_LATE: &str = "the time to set it up is over";
const NOT_INVITED: &str = "You need an invitation code";
const QUESTION: &str = "Recovery code of this host:";
const NO_RECOVERY_CODE: &str =
    "Not a recovery code. Enter the 16 characters of the recovery code of this host.";

fn of_login(machine: &Machine, key: &str) -> String {
    explained(machine, key, &["--service", "login"])
}

#[test]
fn an_administrator_who_never_enrolled_in_time_gets_in_at_the_console() {
    let machine = machine_with_alice();
    machine.add_to_group("alice", "sudo");
    machine.add_user("bob", PASSWORD);
    set_policy(&machine, LATE);
    let console = console_on_tty1(&machine);
    // Without a recovery code the login is refused as before.
    enter_password(console, "alice");
    console.expect(TOO_LATE);
    assert_eq!(of_login(&machine, "recovery_code"), "false");

    let code = create(&machine, &[]);
    // Nor do others, and other places, get a question.
    enter_password(console, "bob");
    console.expect(TOO_LATE);
    let terminal = machine.ssh_with("alice", &["-o", "LogLevel=INFO"]);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(TOO_LATE);
    assert!(!terminal.transcript().contains(QUESTION));
    assert_eq!(explained(&machine, "recovery_code", &[]), "false");
    assert_eq!(of_login(&machine, "outcome"), "refused");
    assert_eq!(of_login(&machine, "reason"), "too-late");
    assert_eq!(of_login(&machine, "recovery_code"), "true");

    // Nothing is typed, and the refusal is logged.
    let denied = |user| {
        let entries = entries(&machine, "denied");
        let field = format!("\"TFA_USER\":\"{user}\"");
        entries.lines().filter(|line| line.contains(&field)).count()
    };
    let before = denied("alice");
    enter_password(console, "alice");
    assert!(!console.transcript().contains(QUESTION));
    console.expect(TOO_LATE);
    console.expect(QUESTION);
    console.type_secret("");
    enter_password(console, "alice");
    console.expect(TOO_LATE);
    assert!(denied("alice") > before);
    let record = record_of(&machine, "alice");
    assert!(record.contains("\"console_failures\": 0"), "{record}");

    console.expect(QUESTION);
    console.type_secret("123456");
    console.expect(NO_RECOVERY_CODE);
    console.expect(QUESTION);
    console.type_secret("ABCD-EFGH-JKMN-PQRS");
    console.expect("Wrong code.");
    let record = record_of(&machine, "alice");
    assert!(record.contains("\"console_failures\": 1"), "{record}");
    is_valid(&machine);
    console.expect(QUESTION);
    console.type_secret(&code);
    console.expect(NOW_VOID);
    replace_phone(console);
    console.type_line("exit");
    let record = record_of(&machine, "alice");
    assert!(record.contains("\"state\": \"enabled\""), "{record}");
    let journal = machine.whole_journal();
    let secret = code.replace('-', "");
    assert!(!journal.contains(&code) && !journal.contains(&secret));
}

#[test]
fn root_without_an_invitation_gets_in_at_the_console_once() {
    let machine = machine_with_alice();
    machine.set_password("root", PASSWORD);
    set_policy(&machine, BY_INVITATION);
    let code = create(&machine, &[]);
    let console = console_on_tty1(&machine);
    enter_password(console, "root");
    console.expect(NOT_INVITED);
    console.expect(QUESTION);
    console.type_secret(&code);
    console.expect(NOW_VOID);
    console.expect(OFFER);
    console.type_line("");
    console.expect("root@host:~#");
    console.type_line("exit");
    // It is void: the next login is refused without a question.
    let before = console.transcript().matches(QUESTION).count();
    enter_password(console, "root");
    console.expect(READ);
    console.type_line("");
    // A file that cannot be read is as none, and is reported.
    machine.write_file("/var/lib/tfa/recovery", "damaged");
    enter_password(console, "root");
    console.expect(READ);
    assert_eq!(console.transcript().matches(QUESTION).count(), before);
    machine.expect_in_journal("tfad", "holds no recovery code of a format known here");
}

#[test]
fn an_administrator_without_an_accepted_factor_is_asked_for_it() {
    const NO_FACTOR: &str = "This login accepts none of your second factors.";
    const DENIED: &str = "alice: denied: this login can use no second factor that the rule accepts";
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_to_group("alice", "sudo");
    set_policy(
        &machine,
        "[policy]\nmode = \"optional\"\n[[policy.rule]]\nservices = [\"login\"]\n\
         mode = \"required\"\nfactors = [\"security-key\"]\n",
    );
    let console = console_on_tty1(&machine);
    // A host without a recovery code does not ask for it.
    enter_password(console, "alice");
    machine.expect_in_journal("tfad", DENIED);
    let code = create(&machine, &[]);
    assert_eq!(of_login(&machine, "reason"), "factor-not-accepted");
    assert_eq!(of_login(&machine, "recovery_code"), "true");
    enter_password(console, "alice");
    assert!(!console.transcript().contains(QUESTION));
    console.expect(NO_FACTOR);
    console.expect(QUESTION);
    console.type_secret(&alice.backup_codes[0]);
    console.expect(NO_RECOVERY_CODE);
    console.expect(QUESTION);
    console.type_secret(&code);
    console.expect(NOW_VOID);
    let said = console.transcript();
    assert!(!said.contains("Backup code:") && !said.contains("Verification code"));
    let denied = entries(&machine, "denied");
    assert_eq!(denied.lines().count(), 2, "{denied}");
}
