//! A roll-out in three phases that were written in advance: administrators, then staff, then all
//! users. During the test only the daemon's clock changes.

use std::time::{SystemTime, UNIX_EPOCH};

use tfa_tests::{Machine, Phone, Terminal};

use crate::users::{CODE, Owner, PASSWORD, set_up, set_up_in_login_at};

const DAY: i64 = 24 * 3600;
/// The days on which the phases begin, counted from today, and on which their grace periods end.
const ADMINS: i64 = 10;
const ADMINS_END: i64 = 17;
const STAFF: i64 = 30;
const STAFF_END: i64 = 44;
const ALL: i64 = 60;
const ALL_END: i64 = 74;

/// All users: the name, the group besides their own, and the day on which the account is created.
const USERS: &[(&str, &str, i64)] = &[
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
/// The users who enroll before the first phase.
const ENROLLED: &[&str] = &["chief", "clerk", "reader"];

/// The outcome of a login.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    /// Without a message or a question.
    Unchanged,
    /// A code is asked for.
    Code,
    /// Enrollment is offered until this day, and declined.
    Offered(i64),
    /// The user enrolls during the login.
    SetUp,
}
use Outcome::{Code, Offered, SetUp, Unchanged};

/// A minute before a day begins.
const BEFORE: i64 = -60;
/// A minute after it.
const AFTER: i64 = 60;
/// Noon of that day.
const NOON: i64 = DAY / 2;

/// A day, the time on it, and the outcome of the login of each user.
type Step = (i64, i64, &'static [(&'static str, Outcome)]);

const SCHEDULE: &[Step] = &[
    // Before the first phase, enrollment is optional.
    (
        1,
        NOON,
        &[
            ("chief", Code),
            ("deputy", Unchanged),
            ("clerk", Code),
            ("temp", Unchanged),
            ("reader", Code),
            ("guest", Unchanged),
        ],
    ),
    (
        ADMINS,
        BEFORE,
        &[
            ("deputy", Unchanged),
            ("temp", Unchanged),
            ("guest", Unchanged),
        ],
    ),
    // The week of the administrators.
    (
        ADMINS,
        AFTER,
        &[
            ("chief", Code),
            ("deputy", Offered(ADMINS_END)),
            ("clerk", Code),
            ("temp", Unchanged),
            ("guest", Unchanged),
        ],
    ),
    // A user who is created during the week has no separate week.
    (
        13,
        NOON,
        &[
            ("successor", Offered(ADMINS_END)),
            ("deputy", Offered(ADMINS_END)),
        ],
    ),
    (ADMINS_END, BEFORE, &[("deputy", Offered(ADMINS_END))]),
    // The week is over.
    (
        ADMINS_END,
        AFTER,
        &[
            ("chief", Code),
            ("deputy", SetUp),
            ("temp", Unchanged),
            ("guest", Unchanged),
        ],
    ),
    (
        20,
        NOON,
        &[("deputy", Code), ("successor", SetUp), ("latecomer", SetUp)],
    ),
    // The two weeks of the staff.
    (
        STAFF,
        BEFORE,
        &[("temp", Unchanged), ("guest", Unchanged), ("deputy", Code)],
    ),
    (
        STAFF,
        AFTER,
        &[
            ("clerk", Code),
            ("temp", Offered(STAFF_END)),
            ("guest", Unchanged),
            ("reader", Code),
        ],
    ),
    (STAFF_END, BEFORE, &[("temp", Offered(STAFF_END))]),
    (
        STAFF_END,
        AFTER,
        &[("temp", SetUp), ("clerk", Code), ("guest", Unchanged)],
    ),
    (50, NOON, &[("trainee", SetUp), ("temp", Code)]),
    // All users.
    (ALL, BEFORE, &[("guest", Unchanged), ("reader", Code)]),
    (ALL, AFTER, &[("guest", Offered(ALL_END)), ("reader", Code)]),
    (ALL_END, BEFORE, &[("guest", Offered(ALL_END))]),
    (
        ALL_END,
        AFTER,
        &[("guest", SetUp), ("reader", Code), ("chief", Code)],
    ),
    (
        80,
        NOON,
        &[("newcomer", SetUp), ("guest", Code), ("trainee", Code)],
    ),
];

#[test]
fn a_rollout_in_phases_over_ssh() {
    Rollout::begin("sshd").run(|machine, user| {
        let terminal = machine.ssh(user);
        terminal.expect("Password:");
        Origin::Window(Box::new(terminal))
    });
}

#[test]
fn a_rollout_in_phases_at_the_console() {
    let rollout = Rollout::begin("login");
    // The many logins within seconds exceed the restart limit of systemd.
    let unit = "/etc/systemd/system/console-getty.service.d/scenario.conf";
    let machine = &rollout.machine;
    machine.write_file(unit, "[Unit]\nStartLimitIntervalSec=0\n");
    machine.succeed(["systemctl", "daemon-reload"]);
    rollout.run(|machine, user| {
        let console = machine.console();
        console.expect("host login:");
        console.type_line(user);
        console.expect("Password:");
        Origin::Console(console)
    });
}

/// Where a user logs in.
enum Origin<'machine> {
    Window(Box<Terminal>),
    Console(&'machine Terminal),
}

impl Origin<'_> {
    fn terminal(&self) -> &Terminal {
        match self {
            Self::Window(terminal) => terminal,
            Self::Console(terminal) => terminal,
        }
    }
}

/// The machine, the phones of its users, and the dates.
struct Rollout {
    machine: Machine,
    /// The PAM service of the logins.
    service: &'static str,
    owners: Vec<(&'static str, Owner)>,
    /// The first second of this day.
    today: i64,
    /// How far the daemon's clock is ahead.
    ahead: i64,
}

impl Rollout {
    /// The machine before the first day, with the policy.
    fn begin(service: &'static str) -> Self {
        let machine = Machine::boot();
        machine.offer_questions();
        let rollout = Self {
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
            all = rollout.date(ALL, 0, "%F"),
            admins = rollout.date(ADMINS, 0, "%F"),
            staff = rollout.date(STAFF, 0, "%F"),
        );
        let machine = &rollout.machine;
        machine.write_file("/etc/tfa/tfad.toml.d/50-rollout.toml", drop_in);
        machine.succeed(["systemctl", "reload", "tfad"]);
        machine.attach_clock();
        rollout
    }

    fn run(mut self, log_in: impl for<'m> Fn(&'m Machine, &str) -> Origin<'m>) {
        self.create_users(0);
        for user in ENROLLED {
            let owner = set_up(&self.machine, user, PASSWORD);
            self.owners.push((user, owner));
        }
        for (day, time, logins) in SCHEDULE {
            for (user, what) in *logins {
                self.expect_explained(user, *what, *day, *time);
            }
        }
        for (day, time, logins) in SCHEDULE {
            self.create_users(*day);
            self.set_time(*day, *time);
            for (user, what) in *logins {
                println!("day {day} {time:+}: {user}, {what:?}");
                assert_eq!(self.explained(user, &[]), outcome(*what), "{user}");
                let login = log_in(&self.machine, user);
                let terminal = login.terminal();
                let before = terminal.transcript().len();
                terminal.type_secret(PASSWORD);
                let owner = self.expect_outcome(terminal, user, *what);
                terminal.expect(&format!("{user}@host:~$"));
                let seen = &terminal.transcript()[before..];
                assert!(
                    !matches!(what, Unchanged) || !seen.contains("wo-factor"),
                    "{seen}"
                );
                terminal.type_line("exit");
                drop(login);
                self.owners.extend(owner.map(|owner| (*user, owner)));
            }
        }
    }

    /// Creates the users whose accounts begin on that day.
    fn create_users(&self, day: i64) {
        let now = |(_, _, comes): &&(&str, &str, i64)| *comes == day;
        for (user, group, _) in USERS.iter().filter(now) {
            if self.machine.run(["id", user]).success() {
                continue;
            }
            self.machine.add_user(user, PASSWORD);
            self.machine.add_to_group(user, group);
        }
    }

    /// Sets the clocks to another time, after a restart of the daemon.
    fn set_time(&mut self, day: i64, time: i64) {
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

    /// A time in a format of `date`.
    fn date(&self, day: i64, time: i64, format: &str) -> String {
        let moment = format!("--date=@{}", self.moment(day, time));
        let date = self
            .machine
            .succeed(["date", &moment, &format!("+{format}")]);
        date.trim().to_owned()
    }

    /// Asserts the outcome of a login, up to the shell. An enrolled user has a phone afterwards.
    fn expect_outcome(&self, terminal: &Terminal, user: &str, what: Outcome) -> Option<Owner> {
        match what {
            Unchanged => {}
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

    /// Asserts that `tfactl explain` predicts this outcome today, if it can be known today.
    fn expect_explained(&self, user: &str, what: Outcome, day: i64, time: i64) {
        let is_here = USERS
            .iter()
            .any(|(name, _, comes)| *name == user && *comes == 0);
        let will_set_up = matches!(what, Code) && !ENROLLED.contains(&user);
        if is_here && !will_set_up {
            let at = self.date(day, time, "%FT%T%:z");
            let said = self.explained(user, &["--at", &at]);
            assert_eq!(said, outcome(what), "{user}, {at}");
        }
    }

    /// The output of `tfactl explain` for a login.
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
        let (_, rest) = said
            .split_once("\"outcome\": \"")
            .expect("it has an outcome");
        rest.split('"').next().unwrap_or_default().to_owned()
    }
}

/// The outcome in the words of `tfactl explain`.
fn outcome(what: Outcome) -> &'static str {
    match what {
        Unchanged => "nothing",
        Code => "code",
        Offered(_) => "offered",
        SetUp => "set-up",
    }
}

fn seconds_since_1970() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}
