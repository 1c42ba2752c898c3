//! What the PAM files say is kept by the daemon while they do not change.

use crate::devices::{MONTH, is_asked, is_not_asked, machine_under, remember, ssh_with_key};

const STACK: &str = "/etc/pam.d/common-auth";
/// A stack that goes on after a wrong password: a remembered device replaces no code there.
const GOES_ON: &str = "auth required pam_unix.so\nauth required pam_tfa.so enroll=account\n";

#[test]
fn changed_stack_counts_from_the_next_login_on() {
    let (machine, alice, key) = machine_under(MONTH);
    remember(&machine, &alice, &key);
    let before = machine.read_file(STACK);
    for _ in 0..2 {
        is_not_asked(&ssh_with_key(&machine, &key));
    }
    machine.write_file(STACK, GOES_ON);
    is_asked(&ssh_with_key(&machine, &key));
    machine.write_file(STACK, &*before);
    is_not_asked(&ssh_with_key(&machine, &key));
    // In an included file that was missing, and in place of the file of the service.
    let include = "@include site-auth\n";
    machine.write_file("/etc/pam.d/site-auth", GOES_ON);
    let service = machine.read_file("/etc/pam.d/sshd");
    machine.write_file(
        "/etc/pam.d/new",
        service.replace("@include common-auth\n", include),
    );
    machine.succeed(["mv", "/etc/pam.d/new", "/etc/pam.d/sshd"]);
    is_asked(&ssh_with_key(&machine, &key));
    machine.write_file("/etc/pam.d/site-auth", before);
    is_not_asked(&ssh_with_key(&machine, &key));
}
