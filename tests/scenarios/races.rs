//! Many logins at the same moment with one code: one gets in.

use std::time::Duration;

use tfa_tests::Machine;

use crate::bus::{bring_bus, shown};
use crate::faults::add_options;
use crate::locks::gets_in;
use crate::people::{PASSWORD, machine_with_alice_set_up};

/// Concurrent logins over SSH, and concurrent logins with `su`.
const OVER_SSH: usize = 70;
const WITH_SU: usize = 30;

/// The logins, through real programs: sshd and su, each with a PAM transaction of its own. The
/// helper that ssh starts for answers gives the password, and at the question for the code waits
/// for the lock on `gate`; the script that types into su does the same. When all logins wait, the
/// script reads the code and releases the lock. The daemon is stopped until the last answer lies in
/// its sockets, and reads all answers at once. A login that is asked a second time ends.
const RUSH: &str = r#"
    set -e
    over_ssh=$1 with_su=$2 password=$3
    rm -rf /tmp/rush; mkdir -m 777 /tmp/rush; cd /tmp/rush
    mkdir -m 777 told
    mkfifo -m 666 come
    : >gate; chmod 666 gate
    exec 3<>come 4>gate
    flock --exclusive 4

    cat >answer <<'ANSWER'
#!/bin/sh
printf '%s\n' "$1" >>"/tmp/rush/told/$PPID"
case $1 in
    *Password:*) cat /tmp/rush/password ;;
    *used*|*Too*|*Wrong*) exit 1 ;;
    *) echo >/tmp/rush/come; flock --shared /tmp/rush/gate cat /tmp/rush/code ;;
esac
ANSWER
    cat >su-alice <<'SU'
#!/bin/sh
{
    cat /tmp/rush/password
    until grep -q "backup code:" "/tmp/rush/told/su-$1"; do sleep 0.1; done
    echo >/tmp/rush/come
    flock --shared /tmp/rush/gate cat /tmp/rush/code
    echo
} | su alice --command 'echo I am in' 2>"/tmp/rush/told/su-$1"
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
    echo "all have come"
    read -r code
    echo "$code" >code
    systemctl kill --signal=STOP tfad
    exec 4>&-
    until [ "$(perl -MBus -e 'print Bus::unread')" -ge $((over_ssh + with_su)) ]; do sleep 0.1; done
    systemctl kill --signal=CONT tfad
    wait
    echo "$(cat in-* | grep -c 'I am in') got in"
    echo "$(cat told/* err-* | grep -c 'already used') were told"
    echo "the rush is over""#;

/// Runs the logins; `code` is called when all of them wait for it.
fn rush(machine: &Machine, code: impl FnOnce() -> String) {
    bring_bus(machine);
    machine.configure_sshd("10-crowd", "MaxStartups 300\nLogLevel VERBOSE");
    machine.add_user("bob", "tractor");
    // The answers of all logins reach the daemon before the module of any login gives up.
    add_options(machine, "timeout=600");
    // A password hash that is quick to check, because the password is not under test.
    machine
        .command(["chpasswd", "--crypt-method=SHA256", "--sha-rounds=1000"])
        .stdin(format!("alice:{PASSWORD}\n"))
        .succeed();
    let (over_ssh, with_su) = (OVER_SSH.to_string(), WITH_SU.to_string());
    let crowd = machine.terminal(["bash", "-c", RUSH, "bash", &over_ssh, &with_su, PASSWORD]);
    crowd.expect_within("all have come", Duration::from_secs(120));
    crowd.type_line(&code());
    crowd.expect_within("the rush is over", Duration::from_secs(120));
    let told = crowd.transcript();
    let losers = OVER_SSH + WITH_SU - 1;
    assert!(told.contains("1 got in\n"), "{told}");
    assert!(told.contains(&format!("{losers} were told\n")), "{told}");
}

/// How many lines of the log contain these words.
fn times_verified(machine: &Machine, words: &str) -> usize {
    machine.journal("tfad").matches(words).count()
}

#[test]
fn one_of_a_hundred_concurrent_logins_with_one_code_succeeds() {
    let (machine, alice) = machine_with_alice_set_up();
    rush(&machine, || alice.phone.next_unused());
    assert_eq!(times_verified(&machine, "alice: verified by a code"), 1);
    assert_eq!(shown(&machine, "failures"), "0");
    gets_in(&machine, &alice.phone.next_unused());
}

#[test]
fn one_of_a_hundred_concurrent_logins_with_one_backup_code_succeeds() {
    let (machine, alice) = machine_with_alice_set_up();
    rush(&machine, || alice.backup_codes[3].clone());
    assert_eq!(
        times_verified(&machine, "alice: verified by a backup code"),
        1
    );
    assert_eq!(shown(&machine, "failures"), "0");
    assert_eq!(shown(&machine, "backup_codes_left"), "9");
    gets_in(&machine, &alice.backup_codes[4]);
}
