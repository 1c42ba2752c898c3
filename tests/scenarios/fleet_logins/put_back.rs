//! Earlier documents that somebody puts back into etcd: of a host that was removed, and an older policy.

use tfa_tests::Machine;

use super::machines::{ETCDCTL, two_verifiers_and_a_member};
use super::{REFUSED, SHELL, after_password, is_served, logs_in};
use crate::users::{PASSWORD, console_on_tty1, enter_password, set_up};

const HOST: &str = "/tfa/d/host/web1.test";
const POLICY: &str = "/tfa/d/policy/";

/// Copies the value of a key to a file.
fn copy(etcd: &Machine, key: &str, file: &str) {
    let script = format!(
        "{ETCDCTL} get {key} -w json | sed -n 's/.*\"value\":\"\\([^\"]*\\)\".*/\\1/p' | base64 -d >{file} && \
         test -s {file}"
    );
    etcd.succeed(["sh", "-c", &script]);
}

/// Puts a copy back. Verifiers look at the policy where the other key has changed.
fn put_back(etcd: &Machine, key: &str, file: &str) {
    let script = format!("{ETCDCTL} put {key} <{file} && {ETCDCTL} put /tfa/policy changed");
    etcd.succeed(["sh", "-c", &script]);
}

/// Waits until a unit has logged a text since its last start, and returns the line.
fn says(machine: &Machine, unit: &str, text: &str) -> String {
    const WAIT: &str = "until journalctl -o cat _SYSTEMD_INVOCATION_ID=$(systemctl show -p InvocationID --value \"$1\") \
         | grep -m 1 -F -- \"$2\"; do sleep 0.1; done";
    let found = machine.run(["timeout", "30", "sh", "-c", WAIT, "sh", unit, text]);
    assert!(found.success(), "{text}: {}", machine.journal(unit));
    found.text()
}

/// Has one verifier alone refuse a login on the member.
fn is_refused_by(asked: (&Machine, &str), other: &Machine, member: &Machine, why: &str) {
    let (asked, name) = asked;
    other.succeed(["systemctl", "stop", "tfa-fleet"]);
    member.succeed(["systemctl", "restart", "tfa-fleet"]);
    says(member, "tfa-fleet", &format!("connected to {name}"));
    after_password(member).expect(REFUSED);
    let line = says(asked, "tfad", why);
    assert!(line.contains("host web1.test: refused a call"), "{line}");
    other.succeed(["systemctl", "start", "tfa-fleet"]);
    says(other, "tfa-fleet", "ready");
}

/// Starts the daemons again: what they have seen of removals is on the disk, tfad logs a refusal once a minute, and
/// tfa-fleet refuses a key for some seconds without a call.
fn restart(verifiers: &[Machine; 2]) {
    for verifier in verifiers {
        verifier.succeed(["systemctl", "restart", "tfa-fleet", "tfad"]);
        is_served(verifier);
    }
}

/// A login on the member, which is connected to both verifiers.
fn logs_in_again(member: &Machine, code: &str) {
    member.succeed(["systemctl", "restart", "tfa-fleet"]);
    for name in ["v1.test", "v2.test"] {
        says(member, "tfa-fleet", &format!("connected to {name}"));
    }
    logs_in(member, code);
}

#[test]
fn removed_host_that_is_put_back_into_etcd_is_refused_by_each_verifier() {
    let (verifiers, member) = two_verifiers_and_a_member();
    let [v1, v2] = &verifiers;
    let alice = set_up(v1, "alice", PASSWORD);
    v1.succeed(["tfactl", "host", "remove", "web1.test"]);
    // With certificates of the organisation this makes a document that admits the host.
    v1.succeed(["tfactl", "host", "readmit", "web1.test"]);
    logs_in_again(&member, &alice.phone.next_unused());
    copy(v2, HOST, "/root/before");
    v1.succeed(["tfactl", "host", "remove", "web1.test"]);
    let refuse = |why: &str| {
        is_refused_by((v2, "v2.test"), v1, &member, why);
        is_refused_by((v1, "v1.test"), v2, &member, why);
    };
    refuse("because it was removed");

    let delete = format!("{ETCDCTL} del {HOST}");
    for is_deleted in [false, true] {
        match is_deleted {
            true => drop(v2.succeed(["sh", "-c", &delete])),
            false => put_back(v2, HOST, "/root/before"),
        }
        restart(&verifiers);
        refuse("If etcd was not restored, look who can write to it");
    }

    // An administrator alone brings it back.
    v2.succeed(["tfactl", "host", "readmit", "web1.test"]);
    restart(&verifiers);
    logs_in_again(&member, &alice.phone.next_unused());
}

const EXEMPT: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\nafter_grace = \"deny\"\n\
     [[policy.rule]]\nusers = [\"root\"]\norigins = [\"local\"]\nmode = \"off\"\n";
const STRICT: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\nafter_grace = \"deny\"\n";
const TOO_LATE: &str = "the time to set it up is over";
const NOT_AVAILABLE: &str = "Two-factor login is not available right now";

/// Publishes a policy on a verifier, and copies its document.
fn publish(verifier: &Machine, etcd: &Machine, policy: &str, file: &str) {
    verifier.write_file("/root/fleet.toml", policy);
    let publish = ["tfactl", "policy", "publish", "/root/fleet.toml", "--yes"];
    verifier.succeed(publish);
    copy(etcd, POLICY, file);
}

/// A login of root at the console gets this far.
fn root_at_console(verifier: &Machine, expected: &str) {
    let console = verifier.console();
    enter_password(console, "root");
    console.expect(expected);
    if expected == ROOT_SHELL {
        console.type_line("exit");
    }
}

const ROOT_SHELL: &str = "root@host:~#";

#[test]
fn under_an_older_policy_the_newest_one_rules_roots_console() {
    let ([v1, v2], _member) = two_verifiers_and_a_member();
    v1.set_password("root", PASSWORD);
    console_on_tty1(&v1);
    publish(&v1, &v2, EXEMPT, "/root/exempt");
    root_at_console(&v1, ROOT_SHELL);
    publish(&v1, &v2, STRICT, "/root/strict");
    root_at_console(&v1, TOO_LATE);

    // The older policy exempts root, and the newest one does not.
    put_back(&v2, POLICY, "/root/exempt");
    root_at_console(&v1, NOT_AVAILABLE);
    after_password(&v1).expect(NOT_AVAILABLE);
    let older = "the published policy is older than one that was in force here";
    v1.expect_in_journal("tfad", older);

    // To publish again is the way back. Then the newest one exempts root, and no other login goes on.
    publish(&v1, &v2, EXEMPT, "/root/exempt");
    root_at_console(&v1, ROOT_SHELL);
    after_password(&v1).expect(TOO_LATE);
    put_back(&v2, POLICY, "/root/strict");
    root_at_console(&v1, ROOT_SHELL);
    after_password(&v1).expect(NOT_AVAILABLE);
    // After a restart no policy is known that exempts root.
    v1.succeed(["systemctl", "restart", "tfad"]);
    root_at_console(&v1, NOT_AVAILABLE);

    v1.succeed(["tfactl", "policy", "unpublish", "--yes"]);
    after_password(&v1).expect(SHELL);
    root_at_console(&v1, ROOT_SHELL);
}
