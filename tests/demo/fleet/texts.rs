//! The texts of the demo of a fleet.

pub(crate) const OPENING: &str = "\
A demonstration of two-factor login in a fleet.

These are three real Debian machines: v1 keeps the accounts, and users log in on
web1 and web2. They are removed at the end. Booting ...
(The first run downloads Debian, which takes half a minute more.)
";

pub(crate) const BOOTED: &str = "
The machines are ready, and apt has installed the packages tfa and tfa-fleet.
This makes the fleet (in [brackets]: what an administrator types as root):

";

pub(crate) const SET_UP: &str = "\
Each machine has a user alice with the password

    correct horse

Log in with it on web1, type  tfa-enroll  and follow the instructions. web1
keeps no secret: v1 does. The demo acts as alice's phone: it shows the current
code beside each question for one. (You can also scan the QR code with your own
phone.) Leave with Ctrl-D.
";

pub(crate) const LOG_IN: &str = "\
You have not enrolled on web2, and it asks for a code of the same phone. Leave
with Ctrl-D when you are in. The phone shows a new code every 30 seconds.
";

pub(crate) const AGAIN: &str = "\
web2 has accepted a code. Type the same one on web1: it is refused, because a
code is good once in the whole fleet. Then wait for the next one, or press
Ctrl-C.
";

pub(crate) const BY_HAND: &str = "\
The machines run until you leave. Try what you like, for example on v1:

    tfactl host list                  the hosts of the fleet
    tfactl log alice                  where she has logged in
    tfactl host remove web2.example   web2 is refused at once
    systemctl stop tfa-fleet          no verifier: members let no user in
";

pub(crate) const MENU: &str = "\
 1  ssh alice@web1      3  a root shell on v1      5  a root shell on web2
 2  ssh alice@web2      4  a root shell on web1    q  ends the demo";
