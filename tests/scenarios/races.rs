//! Many concurrent logins with one code, of which one succeeds.

use std::time::Duration;

use tfa_tests::Machine;

use crate::bus::{install_bus_module, shown};
use crate::faults::add_options;
use crate::locks::logs_in;
use crate::users::{PASSWORD, machine_with_alice_set_up};

/// Concurrent logins over SSH, and concurrent logins with `su`.
const OVER_SSH: usize = 70;
const WITH_SU: usize = 30;

/// The logins, through real programs: sshd and su, each with a PAM transaction of its own. The
/// helper that ssh starts for answers enters the password, and at the question for the code waits
/// for the lock on `gate`. The script that types into su does the same. When all logins wait, the
/// script reads the code and releases the lock. The daemon is stopped until its sockets contain the
/// last answer, and then reads all answers at once. A login that is asked a second time ends.
const CONCURRENT_LOGINS: &str = r#"
    set -e
    over_ssh=$1 with_su=$2 password=$3
    rm -rf /tmp/race; mkdir -m 777 /tmp/race; cd /tmp/race
    mkdir -m 777 prompts
    mkfifo -m 666 waiting
    : >gate; chmod 666 gate
    exec 3<>waiting 4>gate
    flock --exclusive 4

    cat >answer <<'ANSWER'
#!/bin/sh
printf '%s\n' "$1" >>"/tmp/race/prompts/$PPID"
case $1 in
    *Password:*) cat /tmp/race/password ;;
    *used*|*Too*|*Wrong*) exit 1 ;;
    *) echo >/tmp/race/waiting; flock --shared /tmp/race/gate cat /tmp/race/code ;;
esac
ANSWER
    cat >su-alice <<'SU'
#!/bin/sh
{
    cat /tmp/race/password
    until grep -q "backup code:" "/tmp/race/prompts/su-$1"; do sleep 0.1; done
    echo >/tmp/race/waiting
    flock --shared /tmp/race/gate cat /tmp/race/code
    echo
} | su alice --command 'echo I am in' 2>"/tmp/race/prompts/su-$1"
SU
    chmod 755 answer su-alice
    echo "$password" >password
    export SSH_ASKPASS=$PWD/answer SSH_ASKPASS_REQUIRE=force
    for one in $(seq "$over_ssh"); do
        setsid ssh -oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null \
            -oKexAlgorithms=curve25519-sha256 -oNumberOfPasswordPrompts=1 \
            -oPreferredAuthentications=keyboard-interactive \
            alice@localhost 'echo I am in' >in-$one 2>err-$one </dev/null 4>&- 3>&- &
    done
    for one in $(seq "$with_su"); do
        setpriv --reuid=bob --regid=bob --init-groups ./su-alice $one \
            >in-su-$one 2>err-su-$one 4>&- 3>&- &
    done
    for one in $(seq $((over_ssh + with_su))); do read -r _ <&3; done
    echo "all logins wait"
    read -r code
    echo "$code" >code
    perl -MBus -e 'Bus::stop_daemon'
    exec 4>&-
    perl -MBus -e "Bus::await_unread($((over_ssh + with_su)))"
    systemctl kill --signal=CONT tfad
    wait
    echo "$(cat in-* | grep -c 'I am in') succeeded"
    echo "$(cat prompts/* err-* | grep -c 'already used') were refused"
    echo "the race has ended""#;

/// Runs the logins. `code` is called when all of them wait for it.
pub(crate) fn run_concurrent_logins(machine: &Machine, code: impl FnOnce() -> String) {
    install_bus_module(machine);
    machine.configure_sshd("10-race", "MaxStartups 300\nLogLevel VERBOSE");
    machine.add_user("bob", "tractor");
    // The answers of all logins reach the daemon before the module of any login gives up.
    add_options(machine, "timeout=600");
    // A password hash that is quick to check, because the password is not under test.
    machine
        .command(["chpasswd", "--crypt-method=SHA256", "--sha-rounds=1000"])
        .stdin(format!("alice:{PASSWORD}\n"))
        .succeed();
    let (over_ssh, with_su) = (OVER_SSH.to_string(), WITH_SU.to_string());
    let terminal = machine.terminal([
        "bash",
        "-c",
        CONCURRENT_LOGINS,
        "bash",
        &over_ssh,
        &with_su,
        PASSWORD,
    ]);
    terminal.expect_within("all logins wait", Duration::from_secs(120));
    terminal.type_line(&code());
    terminal.expect_within("the race has ended", Duration::from_secs(120));
    let output = terminal.transcript();
    let losers = OVER_SSH + WITH_SU - 1;
    assert!(output.contains("1 succeeded\n"), "{output}");
    assert!(
        output.contains(&format!("{losers} were refused\n")),
        "{output}"
    );
}

/// The number of log lines with these words.
pub(crate) fn times_verified(machine: &Machine, words: &str) -> usize {
    machine.journal("tfad").matches(words).count()
}

#[test]
fn one_of_a_hundred_concurrent_logins_with_one_code_succeeds() {
    let (machine, alice) = machine_with_alice_set_up();
    run_concurrent_logins(&machine, || alice.phone.next_unused());
    assert_eq!(times_verified(&machine, "alice: verified by a code"), 1);
    assert_eq!(shown(&machine, "failures"), "0");
    logs_in(&machine, &alice.phone.next_unused());
}

#[test]
fn one_of_a_hundred_concurrent_logins_with_one_backup_code_succeeds() {
    let (machine, alice) = machine_with_alice_set_up();
    run_concurrent_logins(&machine, || alice.backup_codes[3].clone());
    assert_eq!(
        times_verified(&machine, "alice: verified by a backup code"),
        1
    );
    assert_eq!(shown(&machine, "failures"), "0");
    assert_eq!(shown(&machine, "backup_codes_left"), "9");
    logs_in(&machine, &alice.backup_codes[4]);
}
