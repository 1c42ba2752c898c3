//! Enrollment during a login: each way through it, and each way to end it.

use proptest::prelude::*;
use tfa_core::{
    Account, AfterGrace, Answered, BackupSet, Begun, CONFIRM_TIMEOUT, Credential, Dialog, Drift,
    Enroll, Exemption, Factor, Input, Judgement, LockState, MAX_CONFIRM_TRIES, Message, Mode, Next,
    Picture, Policy, Requirement, RuleEffect, State, ThrottleScope, Time, Turn, Verdict,
};

use crate::cases;
use crate::host::{DAY, effect, login, policy_of, required};
use crate::invitation::{invitation, other_invitation, other_printed, printed};
use crate::owner::{CODE, UID, WRONG};
use crate::phone::{NOON, Phone, after};
use crate::sheet;

const NEW_CODE: Next = Next::AskNewCode { digits: 6 };
/// The most answers a dialog takes: 40, and one that confirms the backup codes.
const ANSWERS: usize = 41;

/// A login with enrollment: the account, the policy of the host, and the user's phone.
struct Login {
    policy: Policy,
    account: Account,
    phone: Phone,
    scope: ThrottleScope,
    now: Time,
    turn: Turn,
    dialog: Option<Enroll>,
}

/// The settings of a login.
#[derive(Clone)]
struct Setting {
    /// The days of grace; 0 requires enrollment at once.
    days: u64,
    after_grace: AfterGrace,
    picture: Picture,
    by_invitation: bool,
    account: Account,
    scope: ThrottleScope,
}

impl Setting {
    /// Enrollment is required at once, and a QR code is shown.
    fn new() -> Self {
        Self {
            days: 0,
            after_grace: AfterGrace::Enroll,
            picture: Picture::First,
            by_invitation: false,
            account: Account::new(UID),
            scope: ThrottleScope::UNKNOWN,
        }
    }

    fn in_grace(self) -> Self {
        Self { days: 7, ..self }
    }

    fn picture(self, picture: Picture) -> Self {
        Self { picture, ..self }
    }

    fn invited(mut self) -> Self {
        self.by_invitation = true;
        self.invited_but_not_required()
    }

    /// Invited under a policy that requires no invitation.
    fn invited_but_not_required(mut self) -> Self {
        self.account.invite(invitation(NOON));
        self
    }

    /// The policy denies logins after the grace period, except for invited users.
    fn deny_after_grace(self) -> Self {
        Self {
            after_grace: AfterGrace::Deny,
            ..self
        }
    }

    fn at(self, scope: ThrottleScope) -> Self {
        Self { scope, ..self }
    }

    fn begin(self) -> Login {
        let phone = Phone::usual(1);
        let policy = policy_of(RuleEffect {
            after_grace: self.after_grace,
            ..required(self.days)
        });
        let decision = policy.decide(&login(), Some(&self.account), NOON);
        let until = match decision.requirement {
            Requirement::Grace(until) => Some(until),
            Requirement::SetUp => None,
            other => panic!("no enrollment under {other:?}"),
        };
        let begun = Enroll::begin(
            Some(&self.account),
            phone.authenticator(),
            until,
            self.by_invitation,
            self.picture,
            self.scope,
            NOON,
        );
        let mut account = self.account;
        if decision.records_first_login {
            account.require(NOON);
        }
        Login {
            policy,
            account,
            phone,
            scope: self.scope,
            now: NOON,
            turn: begun.turn,
            dialog: enroll(begun.dialog),
        }
    }
}

fn enroll(dialog: Option<Dialog>) -> Option<Enroll> {
    dialog.map(|dialog| match dialog {
        Dialog::Enroll(enroll) => *enroll,
        Dialog::AskCode(_) | Dialog::AskRecoveryCode(_) | Dialog::AskRemember(_) => {
            panic!("no code is asked for")
        }
    })
}

impl Login {
    fn requirement(&self) -> Requirement {
        self.policy
            .decide(&login(), Some(&self.account), self.now)
            .requirement
    }

    /// Types an answer. Backup codes are drawn when the dialog needs them.
    fn types(&mut self, typed: &str) -> Turn {
        let dialog = self.dialog.take().unwrap();
        let (requirement, set) = (self.requirement(), sheet::FIRST.set());
        let before = self.account.encode();
        let answer = |dialog: Enroll, account: &mut Account, drawn| {
            dialog.answer(requirement, account, typed, drawn, self.now)
        };
        let mut answered = answer(dialog.clone(), &mut self.account, None);
        if let Answered::DrawCodes = answered {
            assert_eq!(
                *self.account.encode(),
                *before,
                "no partial enrollment is stored"
            );
            answered = answer(dialog, &mut self.account, Some(&set));
        }
        match answered {
            Answered::Turn(turn, dialog) => {
                assert_eq!(dialog.is_none(), matches!(turn.next, Next::End(_)));
                self.dialog = enroll(dialog);
                self.turn = turn.clone();
                turn
            }
            Answered::Rehash => panic!("nothing is to be hashed"),
            Answered::DrawCodes => panic!("they were drawn"),
        }
    }

    fn types_all(mut self, typed: &[&str]) -> Self {
        for typed in typed {
            self.types(typed);
        }
        self
    }

    /// Types the code that the phone shows `steps` time steps from now.
    fn types_code(&mut self, steps: i64) -> Turn {
        let code = self.shows(steps);
        self.types(&code)
    }

    fn shows(&self, steps: i64) -> String {
        self.phone.shows(after(self.now, 30 * steps))
    }

    fn wait(&mut self, seconds: i64) {
        self.now = after(self.now, seconds);
    }

    fn failures(&self) -> u32 {
        self.account.throttle().counter(self.scope).failures()
    }
}

fn asks(next: Next) -> Turn {
    Turn {
        says: None,
        report: None,
        next,
    }
}

fn again(says: Message, next: Next) -> Turn {
    Turn {
        says: Some(says),
        report: None,
        next,
    }
}

fn end(says: Message, verdict: Verdict) -> Turn {
    again(says, Next::End(verdict))
}

fn until() -> Time {
    after(NOON, 7 * DAY)
}

// The regular course.

#[test]
fn enrollment_shows_qr_code_key_and_backup_codes_then_succeeds() {
    let mut login = Setting::new().begin();
    assert_eq!(login.turn, asks(Next::AskToBegin(None)));
    assert_eq!(login.types("y"), asks(Next::ShowPicture));
    assert_eq!(login.types(""), asks(NEW_CODE));
    assert_eq!(login.types_code(0), asks(Next::ShowBackupCodes));
    assert_eq!(login.account.state(), State::Enabled);
    assert_eq!(login.account.backup_codes_left(), BackupSet::SIZE);
    assert_eq!(login.account.last_login(), Some(NOON));
    assert_eq!(login.types(""), asks(Next::End(Verdict::Enrolled)));
    let key = Phone::usual(1)
        .authenticator()
        .secret()
        .unwrap()
        .to_base32();
    assert_eq!(
        *login.account.authenticators()[0]
            .secret()
            .unwrap()
            .to_base32(),
        *key
    );
}

#[test]
fn required_enrollment_starts_with_enter_optional_one_with_yes_only() {
    for (typed, must, need_not) in [
        ("", true, false),
        ("y", true, true),
        ("Yes", true, true),
        (" YES \n", true, true),
        ("qr", true, true),
        ("Password1", false, false),
        ("123456", false, false),
        ("yeah", false, false),
    ] {
        let begins = |mut login: Login| login.types(typed) == asks(Next::ShowPicture);
        assert_eq!(begins(Setting::new().begin()), must, "{typed:?}");
        let mut in_grace = Setting::new().in_grace().begin();
        assert_eq!(in_grace.turn, asks(Next::AskToBegin(Some(until()))));
        let expected = if need_not {
            asks(Next::ShowPicture)
        } else {
            left(true)
        };
        assert_eq!(in_grace.types(typed), expected, "{typed:?} in grace");
    }
    let mut login = Setting::new().begin();
    assert_eq!(
        login.types("what?"),
        asks(Next::AskToBegin(None)),
        "the question is repeated"
    );
}

#[test]
fn the_key_page_names_the_number_of_digits() {
    let phone = Phone::unusual(1, tfa_core::Algorithm::Sha256, 8, 60);
    let key = phone.authenticator();
    let begun = Enroll::begin(
        None,
        key,
        None,
        false,
        Picture::None,
        ThrottleScope::Console,
        NOON,
    );
    let dialog = enroll(begun.dialog).unwrap();
    assert_eq!(dialog.scope(), ThrottleScope::Console);
    assert_eq!(dialog.authenticator().format().unwrap().digits(), 8);
    let mut account = Account::new(UID);
    match dialog.answer(Requirement::SetUp, &mut account, "y", None, NOON) {
        Answered::Turn(turn, _) => assert_eq!(turn, asks(Next::AskNewCode { digits: 8 })),
        _ => panic!("the key is to be shown"),
    }
}

#[test]
fn the_qr_code_is_shown_as_configured_and_can_be_repeated() {
    let mut first = Setting::new().begin().types_all(&["y", ""]);
    assert_eq!(first.types("qr"), asks(Next::ShowPicture));
    assert_eq!(first.types("qr"), asks(NEW_CODE));
    assert_eq!(first.types(" QR "), asks(Next::ShowPicture));
    assert_eq!(first.types("y"), asks(NEW_CODE));

    let on_wish = || Setting::new().picture(Picture::OnWish).begin();
    assert_eq!(on_wish().types("y"), asks(NEW_CODE));
    assert_eq!(on_wish().types("qr"), asks(Next::ShowPicture));
    let mut later = on_wish().types_all(&["y"]);
    assert_eq!(later.types("qr"), asks(Next::ShowPicture));

    let mut none = Setting::new().picture(Picture::None).begin();
    assert_eq!(none.types("qr"), asks(NEW_CODE));
    assert_eq!(none.types("qr"), again(Message::NotACode, NEW_CODE));
}

#[test]
fn a_code_typed_at_the_qr_code_confirms_enrollment() {
    let mut login = Setting::new().begin().types_all(&["y"]);
    let wrong = again(Message::WrongNewCode(None), NEW_CODE);
    assert_eq!(login.clone_for("y").types(WRONG), wrong);
    assert_eq!(login.types_code(0), asks(Next::ShowBackupCodes));
}

impl Login {
    /// The same login from the start, after this answer.
    fn clone_for(&self, typed: &str) -> Self {
        Setting::new().at(self.scope).begin().types_all(&[typed])
    }
}

// The code that confirms enrollment.

#[test]
fn first_code_and_earlier_steps_are_used_the_next_is_not() {
    let mut login = Setting::new().begin().types_all(&["y", ""]);
    login.types_code(0);
    for (steps, expected) in [
        (-1, Judgement::AlreadyUsed),
        (0, Judgement::AlreadyUsed),
        (1, Judgement::Accepted(CODE)),
    ] {
        let code = login.phone.code(after(NOON, 30 * steps));
        let judgement = login.account.judge(&code, ThrottleScope::Console, NOON);
        assert_eq!(judgement, expected, "{steps}");
    }
}

#[test]
fn the_backup_codes_of_an_enrollment_are_accepted() {
    let mut login = Setting::new().begin().types_all(&["y", ""]);
    login.types_code(0);
    let judgement = login
        .account
        .judge(&sheet::FIRST.code(4), ThrottleScope::UNKNOWN, NOON);
    assert_eq!(judgement, Judgement::Accepted(Factor::BackupCode));
}

#[test]
fn wrong_codes_can_be_repeated_up_to_the_limit() {
    for setting in [Setting::new(), Setting::new().in_grace()] {
        let in_grace = setting.days > 0;
        let mut login = setting.begin().types_all(&["y", ""]);
        let before = login.account.encode();
        let wrong = again(Message::WrongNewCode(None), NEW_CODE);
        for _ in 1..MAX_CONFIRM_TRIES {
            assert_eq!(login.types(WRONG), wrong);
        }
        let verdict = without(in_grace);
        assert_eq!(login.types(WRONG), end(Message::PendingWithdrawn, verdict));
        // None of them was counted as a login attempt.
        assert_eq!(*login.account.encode(), *before);
    }
}

#[test]
fn a_right_code_after_nine_wrong_ones_confirms_enrollment() {
    let mut login = Setting::new().begin().types_all(&["y", ""]);
    for _ in 1..MAX_CONFIRM_TRIES {
        login.types(WRONG);
    }
    assert_eq!(login.types_code(0), asks(Next::ShowBackupCodes));
}

#[test]
fn malformed_input_is_reported_and_withdraws_nothing() {
    let mut login = Setting::new().begin().types_all(&["y", ""]);
    for typed in [
        "",
        "y",
        "hello",
        "1234567",
        &sheet::FIRST.printed(0),
        "\u{0}",
    ] {
        for _ in 0..5 {
            assert_eq!(
                login.types(typed),
                again(Message::NotACode, NEW_CODE),
                "{typed}"
            );
        }
    }
    assert_eq!(login.types_code(0), asks(Next::ShowBackupCodes));
}

#[test]
fn a_drift_of_up_to_two_hours_is_reported() {
    for (steps, hint) in [
        (2, Some(60)),
        (-2, Some(-60)),
        (240, Some(7200)),
        (-240, Some(-7200)),
        (241, None),
        (-241, None),
    ] {
        let mut login = Setting::new().begin().types_all(&["y", ""]);
        let drift = hint.map(|seconds| Drift { seconds });
        let says = Message::WrongNewCode(drift);
        assert_eq!(login.types_code(steps), again(says, NEW_CODE), "{steps}");
    }
}

#[test]
fn code_of_a_drift_hint_never_confirms_enrollment() {
    let mut login = Setting::new().begin().types_all(&["y", ""]);
    let code = login.shows(10);
    login.types(&code);
    login.wait(300);
    assert_eq!(login.types(&code), again(Message::AlreadyUsed, NEW_CODE));
    assert_eq!(login.types_code(1), asks(Next::ShowBackupCodes));
    let given_away = login.phone.code(login.now);
    let judgement = login
        .account
        .judge(&given_away, ThrottleScope::UNKNOWN, login.now);
    assert_eq!(
        judgement,
        Judgement::AlreadyUsed,
        "it is not accepted at a login either"
    );
}

#[test]
fn a_pending_key_expires_after_an_hour() {
    let lifetime = i64::try_from(CONFIRM_TIMEOUT.as_secs()).unwrap();
    for (seconds, waits) in [
        (lifetime, true),
        (lifetime + 1, false),
        (-lifetime, true),
        (-lifetime - 1, false),
    ] {
        let mut login = Setting::new().begin().types_all(&["y", ""]);
        login.wait(seconds);
        let expected = if waits {
            asks(Next::ShowBackupCodes)
        } else {
            end(Message::PendingWithdrawn, Verdict::NotSetUp)
        };
        assert_eq!(login.types_code(0), expected, "{seconds}");
    }
}

// Enrollments that end early.

/// The verdict without an enrollment.
fn without(in_grace: bool) -> Verdict {
    if in_grace {
        Verdict::InGrace(until())
    } else {
        Verdict::NotSetUp
    }
}

/// The last turn of a dialog that has shown no key.
fn left(in_grace: bool) -> Turn {
    Turn {
        says: (!in_grace).then_some(Message::NotBegun),
        report: None,
        next: Next::End(without(in_grace)),
    }
}

#[test]
fn giving_up_changes_nothing_and_the_grace_period_still_applies() {
    for in_grace in [false, true] {
        for no in ["n", "no", "q", "Quit", " CANCEL\r\n"] {
            let word = printed();
            let way = ["y", &word, "", WRONG];
            for answers in 0..=way.len() {
                let mut setting = Setting::new().invited();
                if in_grace {
                    setting = setting.in_grace();
                }
                let mut login = setting.begin().types_all(&way[..answers]);
                let before = login.account.encode();
                let expected = if answers < 2 {
                    left(in_grace)
                } else {
                    end(Message::NotSetUp, without(in_grace))
                };
                assert_eq!(login.types(no), expected, "{no:?} after {answers}");
                assert_eq!(*login.account.encode(), *before);
                assert_eq!(login.account.state(), State::None);
            }
        }
    }
}

#[test]
fn empty_answer_gives_up_in_grace_and_at_the_invitation_prompt() {
    let mut login = Setting::new().in_grace().begin();
    assert_eq!(login.types(""), left(true));
    for setting in [
        Setting::new().invited(),
        Setting::new().invited().in_grace(),
    ] {
        let in_grace = setting.days > 0;
        let mut login = setting.begin().types_all(&["y"]);
        assert_eq!(login.types(""), left(in_grace));
    }
}

#[test]
fn the_reported_grace_is_the_one_at_the_end_of_the_dialog() {
    let mut login = Setting::new().in_grace().begin();
    assert_eq!(login.turn, asks(Next::AskToBegin(Some(until()))));
    login.policy = policy_of(required(2));
    let sooner = Verdict::InGrace(after(NOON, 2 * DAY));
    let ends = Turn {
        says: None,
        report: None,
        next: Next::End(sooner),
    };
    assert_eq!(login.types("n"), ends);
}

#[test]
fn enrollment_ends_the_grace_and_permits_a_later_one() {
    let mut forbidden = Setting::new().invited();
    forbidden.account.require(after(NOON, -DAY));
    forbidden.account.forbid_grace();
    let word = printed();
    for (setting, way) in [
        (Setting::new().in_grace(), &["y", ""][..]),
        (forbidden, &["y", &word, ""][..]),
    ] {
        let mut login = setting.begin().types_all(way);
        let noted = (login.account.first_required(), login.account.has_no_grace());
        login.types(WRONG);
        assert_eq!(
            (login.account.first_required(), login.account.has_no_grace()),
            noted
        );
        assert!(noted.0.is_some());
        login.types_code(0);
        assert_eq!(login.account.first_required(), None);
        assert!(!login.account.has_no_grace());
        // A reset removes the enrollment. The grace period is not granted again.
        login.account.reset();
        login.policy = policy_of(required(7));
        assert_eq!(login.requirement(), Requirement::SetUp);
    }
}

#[test]
fn no_later_answer_undoes_an_enrollment() {
    for typed in ["", "n", "q", "cancel", "hello", WRONG] {
        let mut login = Setting::new().begin().types_all(&["y", ""]);
        login.types_code(0);
        let before = login.account.encode();
        assert_eq!(login.types(typed), asks(Next::End(Verdict::Enrolled)));
        assert_eq!(*login.account.encode(), *before);
    }
}

#[test]
fn the_account_is_unchanged_before_the_first_right_code() {
    let mut login = Setting::new().begin();
    let before = login.account.encode();
    let early = login.shows(5);
    for typed in ["what?", "y", "qr", "qr", WRONG, "hello", "", &early] {
        login.types(typed);
        assert_eq!(*login.account.encode(), *before, "{typed}");
    }
    login.types_code(0);
    assert_ne!(*login.account.encode(), *before);
}

#[test]
fn enrollment_ends_after_forty_answers_without_a_further_question() {
    for (in_grace, typed) in [(false, "what?"), (false, "qr"), (true, "qr"), (false, "")] {
        let setting = if in_grace {
            Setting::new().in_grace()
        } else {
            Setting::new()
        };
        let mut login = setting.begin();
        let mut answers = 0;
        while login.dialog.is_some() && answers < 2 * ANSWERS {
            login.types(typed);
            answers += 1;
        }
        assert_eq!(answers, ANSWERS - 1, "{typed}");
        assert_eq!(login.turn, end(Message::NotSetUp, without(in_grace)));
    }
    let mut login = Setting::new().begin();
    for _ in 0..ANSWERS - 2 {
        login.types("qr");
    }
    assert_eq!(
        login.types_code(0),
        asks(Next::ShowBackupCodes),
        "the last answer may be right"
    );
    assert_eq!(login.types(""), asks(Next::End(Verdict::Enrolled)));
}

// Changes during the dialog.

const CHANGED: Message = Message::Changed;

#[test]
fn the_second_of_two_concurrent_enrollments_fails() {
    let mut first = Setting::new().begin().types_all(&["y", ""]);
    let mut second = Setting::new().begin().types_all(&["y", ""]);
    first.types_code(0);
    second.account = first.account.clone();
    let before = second.account.encode();
    assert_eq!(second.types_code(1), end(CHANGED, Verdict::Denied));
    assert_eq!(*second.account.encode(), *before);
    assert_eq!(first.types(""), asks(Next::End(Verdict::Enrolled)));
}

#[test]
fn an_enrollment_replaced_during_the_drawing_of_codes_fails() {
    let login = Setting::new().begin().types_all(&["y", ""]);
    let code = login.shows(0);
    let dialog = || login.dialog.clone().unwrap();
    let mut account = login.account.clone();
    let drawn = dialog().answer(Requirement::SetUp, &mut account, &code, None, NOON);
    assert!(matches!(drawn, Answered::DrawCodes));
    let mut other = Setting::new().begin().types_all(&["y", ""]);
    other.types_code(0);
    let mut account = other.account;
    let before = account.encode();
    let set = sheet::SECOND.set();
    // An enrolled account is not enrolled again, whatever the caller requires.
    for requirement in [
        Requirement::Ask,
        Requirement::SetUp,
        Requirement::Grace(until()),
    ] {
        match dialog().answer(requirement, &mut account, &code, Some(&set), NOON) {
            Answered::Turn(turn, None) => assert_eq!(turn, end(CHANGED, Verdict::Denied)),
            _ => panic!("it goes on under {requirement:?}"),
        }
    }
    assert_eq!(*account.encode(), *before);
}

#[test]
fn enrollment_elsewhere_ends_the_dialog_a_pending_one_does_not() {
    let mut login = Setting::new().begin().types_all(&["y", ""]);
    let other = Phone::usual(2);
    login.account.set_up(other.authenticator(), NOON).unwrap();
    assert_eq!(login.account.state(), State::Pending);
    let mut lost = Setting::new().begin().types_all(&["y", ""]);
    assert_eq!(login.types_code(0), asks(Next::ShowBackupCodes));
    assert!(
        login.account.pending().is_none(),
        "the pending authenticator is void"
    );

    lost.account.set_up(other.authenticator(), NOON).unwrap();
    let codes = Some(sheet::SECOND.set());
    lost.account
        .confirm(&other.typed(NOON), codes, NOON)
        .unwrap();
    assert_eq!(lost.types_code(0), end(CHANGED, Verdict::Denied));
}

#[test]
fn a_policy_without_enrollment_ends_the_dialog_unsuccessfully() {
    let late = RuleEffect {
        after_grace: AfterGrace::Deny,
        ..required(0)
    };
    for changed in [effect(Mode::Off, 1), effect(Mode::Optional, 1), late] {
        for answers in 0..3 {
            let mut login = Setting::new()
                .begin()
                .types_all(&["y", "", WRONG][..answers]);
            login.policy = policy_of(changed.clone());
            let before = login.account.encode();
            assert_eq!(login.types_code(0), end(CHANGED, Verdict::Denied));
            assert_eq!(*login.account.encode(), *before);
        }
    }
    let mut login = Setting::new().begin();
    let mut exempt = login.dialog.take().unwrap();
    let off = Requirement::Exempt(Exemption::Off);
    match exempt
        .clone()
        .answer(off, &mut login.account, "y", None, NOON)
    {
        Answered::Turn(turn, None) => assert_eq!(turn, end(CHANGED, Verdict::Denied)),
        _ => panic!("it goes on"),
    }
    exempt = match exempt.answer(Requirement::SetUp, &mut login.account, "y", None, NOON) {
        Answered::Turn(_, dialog) => enroll(dialog).unwrap(),
        _ => panic!("it does not go on"),
    };
    assert_eq!(exempt.scope(), ThrottleScope::UNKNOWN);
}

#[test]
fn grace_that_ends_during_the_dialog_requires_enrollment() {
    for typed in ["n", "q"] {
        let mut login = Setting::new().in_grace().begin().types_all(&["y", ""]);
        login.wait(7 * DAY);
        assert_eq!(
            login.types(typed),
            end(Message::NotSetUp, Verdict::NotSetUp)
        );
    }
    // It does not if the administrator ends the grace period either.
    let mut login = Setting::new().in_grace().begin();
    login.policy = policy_of(required(0));
    assert_eq!(login.types("n"), end(Message::NotBegun, Verdict::NotSetUp));
    // The dialog still permits enrollment.
    let mut login = Setting::new().in_grace().begin().types_all(&["y", ""]);
    login.policy = policy_of(required(0));
    assert_eq!(login.types_code(0), asks(Next::ShowBackupCodes));
}

// Enrollment by invitation.

#[test]
fn the_invitation_code_is_asked_before_the_key() {
    let mut login = Setting::new().invited().begin();
    assert_eq!(login.types("y"), asks(Next::AskInvitation));
    assert_eq!(login.types(&printed()), asks(Next::ShowPicture));
    login.types("");
    assert_eq!(login.types_code(0), asks(Next::ShowBackupCodes));
    assert!(
        login.account.invitation().is_none(),
        "the invitation is used up"
    );
}

#[test]
fn user_without_invitation_gets_a_message_and_only_grace() {
    let mut expired = Account::new(UID);
    expired.invite(invitation(after(NOON, -2 * DAY)));
    for account in [None, Some(Account::new(UID)), Some(expired)] {
        for until in [None, Some(until())] {
            let Begun { turn, dialog } = Enroll::begin(
                account.as_ref(),
                Phone::usual(1).authenticator(),
                until,
                true,
                Picture::First,
                ThrottleScope::UNKNOWN,
                NOON,
            );
            assert_eq!(turn, end(Message::NoInvitation, without(until.is_some())));
            assert!(dialog.is_none());
        }
    }
}

#[test]
fn existing_invitation_is_asked_for_whatever_the_policy_requires() {
    for setting in [Setting::new(), Setting::new().in_grace()] {
        for invited in [
            setting.clone().invited(),
            setting.invited_but_not_required(),
        ] {
            let mut login = invited.begin();
            assert!(login.dialog.as_ref().unwrap().is_by_invitation());
            assert_eq!(login.types("y"), asks(Next::AskInvitation));
            let wrong = again(Message::NotAnInvitation, Next::AskInvitation);
            assert_eq!(
                login.types_code(0),
                wrong,
                "no code replaces the invitation code"
            );
            assert_eq!(login.types(&printed()), asks(Next::ShowPicture));
            login.types_code(0);
            assert_eq!(login.account.state(), State::Enabled);
            assert!(
                login.account.invitation().is_none(),
                "the invitation is used up"
            );
        }
    }
}

#[test]
fn no_invitation_code_is_asked_if_none_exists_or_is_required() {
    let mut expired = Setting::new();
    expired.account.invite(invitation(after(NOON, -2 * DAY)));
    for setting in [Setting::new(), Setting::new().in_grace(), expired] {
        let mut login = setting.begin();
        assert!(!login.dialog.as_ref().unwrap().is_by_invitation());
        assert_eq!(login.types("y"), asks(Next::ShowPicture));
        login.types_code(0);
        assert_eq!(login.account.state(), State::Enabled);
        assert!(
            login.account.invitation().is_none(),
            "an expired invitation is removed"
        );
    }
}

#[test]
fn invitation_permits_enrollment_after_the_grace_period() {
    let mut late = Setting::new().deny_after_grace().invited_but_not_required();
    late.account.require(after(NOON, -30 * DAY));
    let mut reset = Setting::new().deny_after_grace().invited_but_not_required();
    reset.account.forbid_grace();
    for setting in [late, reset] {
        let mut login = setting.begin().types_all(&["y", &printed(), ""]);
        assert_eq!(login.types_code(0), asks(Next::ShowBackupCodes));
        assert_eq!(login.types(""), asks(Next::End(Verdict::Enrolled)));
        assert_eq!(login.requirement(), Requirement::Ask);
    }
}

#[test]
fn an_invitation_expiring_during_the_dialog_refuses_late_users() {
    let word = printed();
    let way = ["y", &word, "", WRONG];
    for answers in 0..=way.len() {
        let setting = Setting::new().deny_after_grace().invited_but_not_required();
        let mut login = setting.begin().types_all(&way[..answers]);
        login.wait(DAY);
        let before = login.account.encode();
        assert_eq!(login.requirement(), Requirement::TooLate);
        assert_eq!(login.types_code(0), end(CHANGED, Verdict::Denied));
        assert_eq!(*login.account.encode(), *before, "after {answers}");
    }
}

#[test]
fn invitation_made_during_the_dialog_ends_it() {
    let way = ["y", "", WRONG];
    for in_grace in [false, true] {
        for answers in 0..=way.len() {
            let mut setting = Setting::new();
            if in_grace {
                setting = setting.in_grace();
            }
            let mut login = setting.begin().types_all(&way[..answers]);
            login.account.invite(invitation(NOON));
            let before = login.account.encode();
            assert_eq!(login.types_code(0), end(CHANGED, Verdict::Denied));
            assert_eq!(*login.account.encode(), *before, "after {answers}");
        }
    }
    // An expired invitation counts as none.
    let mut login = Setting::new().begin().types_all(&way);
    login.account.invite(invitation(after(NOON, -2 * DAY)));
    assert_eq!(login.types_code(0), asks(Next::ShowBackupCodes));
}

#[test]
fn wrong_invitation_codes_lock_and_enrollment_resets_their_scope() {
    let wrong = again(Message::WrongInvitation, Next::AskInvitation);
    for (scope, in_grace) in [
        (ThrottleScope::UNKNOWN, false),
        (ThrottleScope::UNKNOWN, true),
        (ThrottleScope::Console, false),
        (ThrottleScope::Console, true),
    ] {
        let start = || {
            let mut setting = Setting::new().invited().at(scope);
            if in_grace {
                setting = setting.in_grace();
            }
            setting.begin().types_all(&["y"])
        };
        // The lock ends enrollment. Only a user in the grace period logs in without it.
        let verdict = without(in_grace);
        let mut login = start();
        for failures in 1..=4 {
            assert_eq!(login.types(&other_printed()), wrong);
            assert_eq!(login.failures(), failures);
        }
        let closed = LockState::Until(after(NOON, 30));
        let locked = Message::Locked(closed, scope.without_known_origins());
        let fifth = login.types(&other_printed());
        assert_eq!(
            fifth,
            end(
                Message::WrongAndLocked(closed, scope.without_known_origins()),
                verdict
            )
        );
        // The next login is refused at the same question until the lock ends.
        let mut next = start();
        next.account = login.account.clone();
        assert_eq!(next.types(&printed()), end(locked, verdict));
        let mut next = start();
        next.account = login.account;
        next.wait(30);
        assert_eq!(next.types(&printed()), asks(Next::ShowPicture));
        assert_eq!(
            next.failures(),
            5,
            "the invitation code alone resets no count"
        );
        next.types_code(0);
        assert_eq!(next.failures(), 0);
    }
}

#[test]
fn enrollment_resets_no_count_of_another_origin() {
    let mut login = Setting::new().invited().begin().types_all(&["y"]);
    let wrong = Input::parse(&other_printed());
    for _ in 0..4 {
        let checked = login
            .account
            .check_invitation(&wrong, ThrottleScope::Console, NOON);
        assert!(checked.is_err());
    }
    login.types(&printed());
    login.types_code(0);
    let console = login.account.throttle().counter(ThrottleScope::Console);
    assert_eq!(console.failures(), 4);
}

#[test]
fn a_malformed_invitation_code_is_wrong_and_not_counted() {
    let mut login = Setting::new().invited().begin().types_all(&["y"]);
    let before = login.account.encode();
    // Not a failure, so that the log reports no guess and fail2ban counts none.
    assert!(!Message::NotAnInvitation.is_failure() && Message::WrongInvitation.is_failure());
    let wrong = again(Message::NotAnInvitation, Next::AskInvitation);
    for typed in ["y", "qr", "hello", WRONG, "correct horse battery staple"] {
        assert_eq!(login.types(typed), wrong, "{typed}");
    }
    assert_eq!(*login.account.encode(), *before);
}

#[test]
fn an_expiring_invitation_ends_the_dialog_at_any_question() {
    let word = printed();
    for in_grace in [false, true] {
        for revoked in [false, true] {
            let way = ["y", &word, "", WRONG];
            for answers in 0..=way.len() {
                let mut setting = Setting::new().invited();
                if in_grace {
                    setting = setting.in_grace();
                }
                let mut login = setting.begin().types_all(&way[..answers]);
                if revoked {
                    login.account.reset();
                } else {
                    login.wait(DAY);
                }
                let expected = end(Message::NoInvitation, without(in_grace));
                assert_eq!(login.types_code(0), expected, "after {answers}");
                assert!(login.account.authenticators().is_empty());
            }
        }
    }
}

#[test]
fn a_new_invitation_ends_dialogs_with_the_old_one() {
    let word = printed();
    let way = ["y", &word, "", WRONG];
    for answers in 0..=way.len() {
        let mut login = Setting::new().invited().begin().types_all(&way[..answers]);
        login.account.invite(other_invitation(NOON));
        let before = login.account.encode();
        assert_eq!(login.types_code(0), end(CHANGED, Verdict::Denied));
        assert_eq!(*login.account.encode(), *before, "after {answers}");
    }
}

// Arbitrary answers.

#[derive(Debug, Clone)]
enum Reply {
    Text(&'static str),
    Code(i64),
    Word,
    OtherWord,
    BackupCode,
    /// Another change of the account during the dialog.
    PendingAuthenticator,
    Invite,
    Reset,
    SetUp,
}

fn reply() -> impl Strategy<Value = Reply> {
    prop_oneof![
        8 => prop::sample::select(vec!["", "y", "qr", "what?", WRONG, "12345678"])
            .prop_map(Reply::Text),
        4 => (-1..=1_i64).prop_map(Reply::Code),
        2 => (-250..250_i64).prop_map(Reply::Code),
        6 => Just(Reply::Word),
        1 => Just(Reply::OtherWord),
        1 => Just(Reply::BackupCode),
        1 => prop_oneof![
            Just(Reply::Text("n")),
            Just(Reply::PendingAuthenticator),
            Just(Reply::Invite),
            Just(Reply::Reset),
            Just(Reply::SetUp),
        ],
    ]
}

/// Whether this question is asked with the new key on the screen.
fn is_about_the_key(next: Next) -> bool {
    matches!(next, Next::ShowPicture | Next::AskNewCode { .. })
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn every_enrollment_ends_and_succeeds_only_with_a_code_of_the_new_key(
        days in prop::sample::select(vec![0, 7]),
        picture in prop::sample::select(vec![Picture::None, Picture::First, Picture::OnWish]),
        by_invitation in any::<bool>(),
        invited in any::<bool>(),
        replies in prop::collection::vec((reply(), 0..40_i64), 200),
    ) {
        let mut setting = Setting { days, picture, by_invitation, ..Setting::new() };
        if invited {
            setting = setting.invited_but_not_required();
        }
        let mut login = setting.begin();
        prop_assert_eq!(login.dialog.is_some(), invited || !by_invitation);
        let (mut answers, mut proved, mut told) = (0, None, false);
        for (reply, wait) in replies {
            if login.dialog.is_none() {
                break;
            }
            login.wait(wait);
            let asked = login.turn.next;
            let before = login.account.clone();
            let typed = match reply {
                Reply::Text(text) => text.to_owned(),
                Reply::Code(steps) => login.shows(steps),
                Reply::Word => printed(),
                Reply::OtherWord => other_printed(),
                Reply::BackupCode => sheet::FIRST.printed(0),
                other => {
                    let phone = Phone::usual(2);
                    let account = &mut login.account;
                    match other {
                        Reply::PendingAuthenticator => {
                            let _ = account.set_up(phone.authenticator(), login.now);
                        }
                        Reply::Invite => account.invite(other_invitation(login.now)),
                        Reply::Reset => account.reset(),
                        _ if account.set_up(phone.authenticator(), login.now).is_ok() => {
                            let codes = Some(sheet::SECOND.set());
                            account.confirm(&phone.typed(login.now), codes, login.now).unwrap();
                        }
                        _ => {}
                    }
                    continue;
                }
            };
            let keys = before.authenticators().len();
            let turn = login.types(&typed);
            answers += 1;
            if turn.next == Next::ShowBackupCodes {
                // The account had no authenticator, the invitation code was right, and the code is
                // the phone's.
                prop_assert_eq!(keys, 0);
                let needs_none = !by_invitation && !before.is_invited(login.now);
                prop_assert!(told || needs_none);
                prop_assert!(is_about_the_key(asked));
                let near: Vec<String> = (-1..=1).map(|steps| login.shows(steps)).collect();
                prop_assert!(near.contains(&typed));
                prop_assert_eq!(login.account.state(), State::Enabled);
                prop_assert_eq!(login.account.backup_codes_left(), BackupSet::SIZE);
                prop_assert!(login.account.invitation().is_none() && login.account.pending().is_none());
                let Input::Code(code) = Input::parse(&typed) else { panic!("no code: {typed}") };
                proved = Some((Credential::Code(code), login.account.clone(), login.now));
            } else {
                // The account has counted one wrong invitation code at most.
                prop_assert_eq!(login.account.state(), before.state());
                prop_assert_eq!(login.account.authenticators().len(), keys);
                prop_assert_eq!(login.account.is_invited(login.now), before.is_invited(login.now));
            }
            told |= asked == Next::AskInvitation && is_about_the_key(turn.next);
            if turn.next == Next::End(Verdict::Enrolled) {
                let (code, mut account, now) = proved.take().unwrap();
                prop_assert_eq!(asked, Next::ShowBackupCodes);
                prop_assert_eq!(account.judge(&code, ThrottleScope::UNKNOWN, now), Judgement::AlreadyUsed);
            }
            let in_grace = matches!(turn.next, Next::End(Verdict::InGrace(_)));
            prop_assert!(!in_grace || matches!(login.requirement(), Requirement::Grace(_)));
            let asks_otherwise = matches!(turn.next, Next::AskCode { .. });
            prop_assert!(!asks_otherwise);
            prop_assert!(!matches!(turn.next, Next::End(Verdict::Verified(_))));
        }
        prop_assert!(login.dialog.is_none());
        prop_assert!(answers <= ANSWERS, "{} answers", answers);
    }
}
