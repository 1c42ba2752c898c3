//! Members that reach no verifier: what their policy lets in.

use tfa_tests::{Machine, Terminal};

use super::machines::Fleet;
use super::{REFUSED, SHELL, after_password, is_served, logs_in};
use crate::users::{
    PASSWORD, authenticate, backup_codes_in, console_on_tty1, enter_password, set_policy, set_up,
    ssh_to_code_prompt,
};

const BOUND: &str = "[policy]\nmode = \"optional\"\noffline = \"bound-codes\"\n";
const BOUND_CODE: &str = "Bound code:";
const VERIFIER_OF_WEB1: &str = "10.9.1.1/32";

/// Takes the route to the verifier away, with the connections over it, or gives it back.
fn cut(web1: &Machine, is_cut: bool) {
    let change = if is_cut { "add" } else { "del" };
    web1.succeed(["ip", "route", change, "unreachable", VERIFIER_OF_WEB1]);
    web1.succeed(["systemctl", "restart", "tfa-fleet"]);
}

/// A login over SSH that is asked for a bound code.
#[track_caller]
fn to_bound_code(machine: &Machine) -> Terminal {
    let terminal = after_password(machine);
    terminal.expect("No verifier can be reached.");
    terminal.expect(BOUND_CODE);
    terminal
}

#[test]
fn bound_code_lets_in_once_on_its_host_and_is_reported() {
    let Fleet {
        verifier,
        members: [mut web1, web2],
    } = Fleet::boot();
    let alice = set_up(&verifier, "alice", PASSWORD);
    for machine in [&verifier, &web1, &web2] {
        set_policy(machine, BOUND);
    }
    let terminal = ssh_to_code_prompt(&web1, "alice");
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(SHELL);
    terminal.type_line("tfa-enroll codes --bound");
    authenticate(&terminal, &alice.phone.next_unused());
    terminal.expect("Press Enter when you have saved them:");
    let shown = terminal.transcript();
    let (_, shown) = shown.split_once("valid on this host alone").unwrap();
    let codes = backup_codes_in(shown);
    assert_eq!(codes.len(), 10);
    terminal.send(b"\r");
    terminal.expect(SHELL);
    verifier.expect_in_journal("tfad", "codes that are bound to web1.test were made");

    // A verifier accepts none of them.
    let login = ssh_to_code_prompt(&web2, "alice");
    login.type_secret(&codes[0]);
    login.expect("Wrong code.");

    cut(&web1, true);
    let login = to_bound_code(&web1);
    login.type_secret(&alice.phone.next_unused());
    login.expect("Not a bound code.");
    login.expect(BOUND_CODE);
    login.type_secret(&codes[0]);
    login.expect("9 codes left");
    login.expect(SHELL);

    web1.power_cut();
    is_served(&web1);
    let login = to_bound_code(&web1);
    login.type_secret(&codes[0]);
    login.expect("This code was already used.");
    login.expect(BOUND_CODE);
    login.type_secret(&codes[1]);
    login.expect(SHELL);
    // The power cut has cut the cable too.
    verifier.connect("10.9.1.1", &web1, "10.9.1.2");

    verifier.succeed(["systemctl", "stop", "tfa-fleet"]);
    let login = after_password(&web2);
    login.expect("you have no code that is bound to");
    verifier.succeed(["systemctl", "start", "tfa-fleet"]);
    let line = verifier.expect_in_journal("tfad", "alice: logged in with a bound code on");
    assert!(line.contains("(on web1.test, service sshd"), "{line}");

    web2.expect_in_journal("tfa-fleet", "connected to v1.test");
    let login = ssh_to_code_prompt(&web2, "alice");
    login.type_secret(&alice.phone.next_unused());
    login.expect("A bound code was used on web1.test on");
    login.expect(SHELL);
}

#[test]
fn cut_member_lets_in_root_at_the_console_if_its_policy_says_so() {
    let Fleet {
        verifier,
        members: [web1, _web2],
    } = Fleet::boot();
    let alice = set_up(&verifier, "alice", PASSWORD);
    logs_in(&web1, &alice.phone.next_unused());
    web1.set_password("root", PASSWORD);
    cut(&web1, true);
    let console = console_on_tty1(&web1);
    enter_password(console, "root");
    console.expect(REFUSED);

    set_policy(
        &web1,
        "[policy]\nmode = \"optional\"\noffline = \"console\"\n",
    );
    let terminal = after_password(&web1);
    terminal.expect(REFUSED);
    enter_password(console, "root");
    console.expect("root@host:~#");
    let text = web1.expect_in_journal("login", "WITHOUT a second factor");
    assert!(text.contains("by offline = \"console\""), "{text}");
    console.type_line("exit");

    cut(&web1, false);
    web1.expect_in_journal("tfa-fleet", "connected to v1.test");
    logs_in(&web1, &alice.phone.next_unused());
}

/// The name of the verifier has an address of a family that the member does not use.
#[test]
fn member_without_ipv6_is_cut_off_from_a_verifier_with_both_addresses() {
    let Fleet {
        verifier: _verifier,
        members: [web1, _web2],
    } = Fleet::boot();
    web1.set_password("root", PASSWORD);
    let off = "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6";
    web1.succeed(["sh", "-c", off]);
    let both = "printf '2001:db8::1 v1.test\\n10.9.1.1 v1.test\\n' >>/etc/hosts";
    web1.succeed(["sh", "-c", both]);
    web1.succeed(["sed", "-i", "/^addresses/d", "/etc/tfa/tfa-fleet.toml"]);
    set_policy(
        &web1,
        "[policy]\nmode = \"optional\"\noffline = \"console\"\n",
    );
    cut(&web1, true);
    web1.expect_in_journal("tfa-fleet", "cannot connect to v1.test");
    let console = console_on_tty1(&web1);
    enter_password(console, "root");
    console.expect("root@host:~#");
    web1.expect_in_journal("login", "WITHOUT a second factor");
}
