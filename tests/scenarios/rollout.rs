//! A roll-out in three phases, written once and before: the administrators, then the staff, then
//! everybody. From there on nothing moves but the daemon's clock.

use std::time::{SystemTime, UNIX_EPOCH};

use tfa_tests::{Machine, Phone, Terminal};

use crate::people::{CODE, Owner, PASSWORD, set_up, set_up_in_login_at};

const DAY: i64 = 24 * 3600;
/// The days on which the phases begin, counted from today, and where their grace ends.
const ADMINS: i64 = 10;
const ADMINS_END: i64 = 17;
const STAFF: i64 = 30;
const STAFF_END: i64 = 44;
const ALL: i64 = 60;
const ALL_END: i64 = 74;

/// Everybody: the name, the group besides their own, and the day on which they come.
const PEOPLE: &[(&str, &str, i64)] = &[
    ("chief", "sudo", 0),
    ("deputy", "sudo", 0),
    ("successor", "sudo", 13),
    ("latecomer", "sudo", 20),
    ("clerk", "staff", 0),
    ("temp", "staff", 0),
    ("trainee", "staff", 50),
    ("reader", "users", 0),
    ("guest", "users", 0),
    ("newcomer", "users", 80),
];
/// Who of them had set it up before it all began.
const PIONEERS: &[&str] = &["chief", "clerk", "reader"];

/// What becomes of a login.
#[derive(Debug, Clone, Copy)]
enum What {
    /// It goes on as ever.
    In,
    /// A code is asked for.
    Code,
    /// The set-up is offered, and that it has time until this day; the user has not got that now.
    Offered(i64),
    /// It is set up in the login.
    SetUp,
}
use What::{Code, In, Offered, SetUp};

/// A minute before a day begins.
const EVE: i64 = -60;
/// A minute after.
const MORNING: i64 = 60;
/// In the middle of it.
const NOON: i64 = DAY / 2;

/// A day, when on it, and what becomes of whose login.
type Chapter = (i64, i64, &'static [(&'static str, What)]);

const STORY: &[Chapter] = &[
    // Nothing has begun: whoever likes.
    (
        1,
        NOON,
        &[
            ("chief", Code),
            ("deputy", In),
            ("clerk", Code),
            ("temp", In),
            ("reader", Code),
            ("guest", In),
        ],
    ),
    (ADMINS, EVE, &[("deputy", In), ("temp", In), ("guest", In)]),
    // The administrators' week.
    (
        ADMINS,
        MORNING,
        &[
            ("chief", Code),
            ("deputy", Offered(ADMINS_END)),
            ("clerk", Code),
            ("temp", In),
            ("guest", In),
        ],
    ),
    // Who comes in the middle of it has no week of their own.
    (
        13,
        NOON,
        &[
            ("successor", Offered(ADMINS_END)),
            ("deputy", Offered(ADMINS_END)),
        ],
    ),
    (ADMINS_END, EVE, &[("deputy", Offered(ADMINS_END))]),
    // It is over.
    (
        ADMINS_END,
        MORNING,
        &[
            ("chief", Code),
            ("deputy", SetUp),
            ("temp", In),
            ("guest", In),
        ],
    ),
    (
        20,
        NOON,
        &[("deputy", Code), ("successor", SetUp), ("latecomer", SetUp)],
    ),
    // The staff's two weeks.
    (STAFF, EVE, &[("temp", In), ("guest", In), ("deputy", Code)]),
    (
        STAFF,
        MORNING,
        &[
            ("clerk", Code),
            ("temp", Offered(STAFF_END)),
            ("guest", In),
            ("reader", Code),
        ],
    ),
    (STAFF_END, EVE, &[("temp", Offered(STAFF_END))]),
    (
        STAFF_END,
        MORNING,
        &[("temp", SetUp), ("clerk", Code), ("guest", In)],
    ),
    (50, NOON, &[("trainee", SetUp), ("temp", Code)]),
    // Everybody.
    (ALL, EVE, &[("guest", In), ("reader", Code)]),
    (
        ALL,
        MORNING,
        &[("guest", Offered(ALL_END)), ("reader", Code)],
    ),
    (ALL_END, EVE, &[("guest", Offered(ALL_END))]),
    (
        ALL_END,
        MORNING,
        &[("guest", SetUp), ("reader", Code), ("chief", Code)],
    ),
    (
        80,
        NOON,
        &[("newcomer", SetUp), ("guest", Code), ("trainee", Code)],
    ),
];

#[test]
fn the_story_over_ssh() {
    Story::begin("sshd").tell(|machine, user| {
        let terminal = machine.ssh(user);
        terminal.expect("Password:");
        Seat::Window(Box::new(terminal))
    });
}

#[test]
fn the_story_at_the_console() {
    let story = Story::begin("login");
    // So many logins in a few seconds that systemd would think the console broken.
    let unit = "/etc/systemd/system/console-getty.service.d/scenario.conf";
    let machine = &story.machine;
    machine.write_file(unit, "[Unit]\nStartLimitIntervalSec=0\n");
    machine.succeed(["systemctl", "daemon-reload"]);
    story.tell(|machine, user| {
        let console = machine.console();
        console.expect("host login:");
        console.type_line(user);
        console.expect("Password:");
        Seat::Console(console)
    });
}

/// Where somebody logs in.
enum Seat<'machine> {
    Window(Box<Terminal>),
    Console(&'machine Terminal),
}

impl Seat<'_> {
    fn terminal(&self) -> &Terminal {
        match self {
            Self::Window(terminal) => terminal,
            Self::Console(terminal) => terminal,
        }
    }
}

/// The machine, its people's phones, and the calendar.
struct Story {
    machine: Machine,
    /// PAM's service of the logins.
    service: &'static str,
    owners: Vec<(&'static str, Owner)>,
    /// Its first second.
    today: i64,
    /// How far the daemon's clock is.
    ahead: i64,
}

impl Story {
    /// The machine as it is before the first day: the policy is written.
    fn begin(service: &'static str) -> Self {
        let machine = Machine::boot();
        machine.offer_questions();
        let story = Self {
            today: seconds_since_1970() / DAY * DAY,
            machine,
            service,
            owners: Vec::new(),
            ahead: 0,
        };
        let drop_in = format!(
            "[policy]\n\
             mode = \"required\"\n\
             since = {all}\n\
             grace = \"14d\"\n\
             \n\
             [[policy.rule]]\n\
             groups = [\"sudo\"]\n\
             mode = \"required\"\n\
             since = {admins}\n\
             grace = \"7d\"\n\
             \n\
             [[policy.rule]]\n\
             groups = [\"staff\"]\n\
             mode = \"required\"\n\
             since = {staff}\n\
             grace = \"14d\"\n",
            all = story.date(ALL, 0, "%F"),
            admins = story.date(ADMINS, 0, "%F"),
            staff = story.date(STAFF, 0, "%F"),
        );
        let machine = &story.machine;
        machine.write_file("/etc/tfa/tfad.toml.d/50-rollout.toml", drop_in);
        machine.succeed(["systemctl", "reload", "tfad"]);
        machine.attach_clock();
        story
    }

    fn tell(mut self, log_in: impl for<'m> Fn(&'m Machine, &str) -> Seat<'m>) {
        self.come(0);
        for user in PIONEERS {
            let owner = set_up(&self.machine, user, PASSWORD);
            self.owners.push((user, owner));
        }
        for (day, time, logins) in STORY {
            for (user, what) in *logins {
                self.foresee(user, *what, *day, *time);
            }
        }
        for (day, time, logins) in STORY {
            self.come(*day);
            self.go_to(*day, *time);
            for (user, what) in *logins {
                println!("day {day} {time:+}: {user}, {what:?}");
                assert_eq!(self.explained(user, &[]), outcome(*what), "{user}");
                let seat = log_in(&self.machine, user);
                let terminal = seat.terminal();
                let before = terminal.transcript().len();
                terminal.type_secret(PASSWORD);
                let owner = self.meet(terminal, user, *what);
                terminal.expect(&format!("{user}@host:~$"));
                let seen = &terminal.transcript()[before..];
                assert!(!matches!(what, In) || !seen.contains("wo-factor"), "{seen}");
                terminal.type_line("exit");
                drop(seat);
                self.owners.extend(owner.map(|owner| (*user, owner)));
            }
        }
    }

    /// Those come who come on that day.
    fn come(&self, day: i64) {
        let now = |(_, _, comes): &&(&str, &str, i64)| *comes == day;
        for (user, group, _) in PEOPLE.iter().filter(now) {
            if self.machine.run(["id", user]).success() {
                continue;
            }
            self.machine.add_user(user, PASSWORD);
            self.machine.add_to_group(user, group);
        }
    }

    /// The clocks are at another moment, and the daemon was restarted meanwhile.
    fn go_to(&mut self, day: i64, time: i64) {
        let ahead = self.moment(day, time) - seconds_since_1970();
        self.ahead = ahead;
        self.machine.succeed(["systemctl", "restart", "tfad"]);
        self.machine.shift_clock(ahead);
        for (_, owner) in &self.owners {
            owner.phone.shift_clock(ahead);
        }
    }

    fn moment(&self, day: i64, time: i64) -> i64 {
        self.today + day * DAY + time
    }

    /// A moment, as the machine writes it.
    fn date(&self, day: i64, time: i64, format: &str) -> String {
        let moment = format!("--date=@{}", self.moment(day, time));
        let date = self
            .machine
            .succeed(["date", &moment, &format!("+{format}")]);
        date.trim().to_owned()
    }

    /// Somebody meets what the story has for them, up to the shell. Who has set up by that, has a
    /// phone.
    fn meet(&self, terminal: &Terminal, user: &str, what: What) -> Option<Owner> {
        match what {
            In => {}
            Code => {
                terminal.expect(CODE);
                terminal.type_secret(&self.phone(user).next_unused());
            }
            Offered(until) => {
                terminal.expect("Two-factor login will be required on");
                let until = self.date(until, 0, "%F %H:%M");
                terminal.expect(&format!("from {until} (in "));
                terminal.expect("Set it up now? yes, or Enter for later:");
                terminal.type_line("");
            }
            SetUp => {
                terminal.expect("Two-factor login is required on host");
                return Some(set_up_in_login_at(terminal, self.ahead));
            }
        }
        None
    }

    fn phone(&self, user: &str) -> &Phone {
        let owner = self.owners.iter().find(|(name, _)| *name == user);
        let (_, owner) = owner.unwrap_or_else(|| panic!("{user} has no phone"));
        &owner.phone
    }

    /// `tfactl explain` says today what will be, of whom it can know today.
    fn foresee(&self, user: &str, what: What, day: i64, time: i64) {
        let is_here = PEOPLE
            .iter()
            .any(|(name, _, comes)| *name == user && *comes == 0);
        let will_set_up = matches!(what, Code) && !PIONEERS.contains(&user);
        if is_here && !will_set_up {
            let at = self.date(day, time, "%FT%T%:z");
            let said = self.explained(user, &["--at", &at]);
            assert_eq!(said, outcome(what), "{user}, {at}");
        }
    }

    /// What `tfactl explain` says of a login.
    fn explained(&self, user: &str, options: &[&str]) -> String {
        let words = [
            "tfactl",
            "explain",
            user,
            "--json",
            "--service",
            self.service,
        ];
        let said = self.machine.succeed([&words, options].concat());
        let (_, rest) = said.split_once("\"outcome\": \"").expect("it says what");
        rest.split('"').next().unwrap_or_default().to_owned()
    }
}

/// In the words of `tfactl explain`.
fn outcome(what: What) -> &'static str {
    match what {
        In => "nothing",
        Code => "code",
        Offered(_) => "offered",
        SetUp => "set-up",
    }
}

fn seconds_since_1970() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}
