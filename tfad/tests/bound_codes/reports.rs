//! What a member reports when the link is back.

use std::sync::atomic::Ordering;

use nix::unistd::geteuid;
use tfa_core::{
    Account, BoundReply, BoundReport, BoundSetId, HostName, OfflineEvent, OfflineOutcome, Proof,
};
use tfa_fleet_wire::{
    AccountCall, Client, LoginCall, LoginReply, LoginUser, Reply, Request, SecretBytes,
};
use tfad::host::clock;

use crate::alice::alice;
use crate::fleet::{BOUND, Fleet, LONG};

#[test]
fn what_happened_is_reported_once_when_the_link_is_back() {
    let mut fleet = Fleet::start("report", BOUND, BOUND);
    let codes = fleet.make_codes().unwrap();
    fleet.cut(true);
    fleet.log_in(&codes[0]).unwrap();
    assert_eq!(fleet.log_in("AAAAA-AAAAA"), None);
    assert!(!fleet.member.report_bound_codes());
    fleet.restart_member(BOUND);
    fleet.cut(false);
    // The verifier has stored the report, and its reply is lost.
    fleet.link.loses_replies.store(1, Ordering::SeqCst);
    assert!(!fleet.member.report_bound_codes());
    assert!(fleet.member.report_bound_codes());
    assert!(fleet.member.report_bound_codes());
    assert_eq!(fleet.left(), [9]);
    let (state, log) = &fleet.of_verifier;
    let lines = format!("{:?}", log.take(&state.journal));
    let of = |what: &str| lines.matches(what).count();
    assert_eq!(of("logged in with a bound code"), 1, "{lines}");
    assert_eq!(of("entered a wrong bound code"), 1, "{lines}");
    let mut account = fleet.accounts.load(&alice()).unwrap().unwrap();
    let client = tfa_core::Client {
        from: "192.0.2.7",
        service: "sshd",
        shows: true,
        answer: None,
    };
    let by = tfa_core::VerifiedBy::BackupCode;
    let report = account.report(by, client, clock::now()).unwrap();
    let outcomes = report.offline.unwrap().newest;
    let outcomes: Vec<_> = outcomes.into_iter().map(|one| one.outcome).collect();
    let expected = [
        None,
        Some(OfflineOutcome::Accepted),
        Some(OfflineOutcome::WrongCode),
    ];
    assert_eq!(outcomes, expected);
}

#[test]
fn member_changes_a_record_with_reports_so_often_a_minute() {
    let fleet = Fleet::start("report-quota", BOUND, BOUND);
    let (host, set) = (
        HostName::new("web1.example").unwrap(),
        BoundSetId::new([7; 16]),
    );
    let bind =
        |account: &mut Account| account.bind_codes(&host, set, Proof::Verified, clock::now());
    fleet.accounts.change(&alice(), bind).unwrap().unwrap();
    let client = Client::new(fleet.folder.join("call"), geteuid().as_raw());
    let takes = |number: u64| {
        let at = clock::now();
        let event = OfflineEvent {
            number: at.as_secs() * 1000 + number,
            at,
            outcome: OfflineOutcome::WrongCode,
            service: "sshd".to_owned(),
            from: String::new(),
            set,
            left: 10,
        };
        let report = BoundReport {
            set: None,
            events: vec![event],
        };
        let call = AccountCall {
            user: LoginUser {
                name: alice().name,
                uid: alice().uid,
                aliases: Vec::new(),
            },
            method: "ReportBoundCodes".to_owned(),
            arguments: SecretBytes(report.encode().into()),
            subject: None,
            proved_by: None,
            only_reads: true,
        };
        let request = Request::Login {
            call: LoginCall::Account(call),
            budget_ms: 60_000,
            verifier: None,
            only_there: false,
        };
        let reply = client.call(&request, LONG).unwrap();
        let Reply::Login { reply, .. } = reply else {
            panic!("{reply:?}")
        };
        let LoginReply::Account(result) = reply else {
            panic!("{reply:?}")
        };
        BoundReply::decode(&result.0).unwrap().has_taken_events
    };
    let taken = (1..=100).filter(|number| takes(*number)).count();
    assert!((10..=20).contains(&taken), "{taken}");
}
