//! What two hosts say, whatever the peer sends.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

use proptest::prelude::*;
use prost::Message;
use tfa_fleet::generated::{
    self, AccountReply, AccountRequest, AnswerReply, AnswerRequest, BeginReply, BeginRequest,
    Begun, CancelRequest, Line, Question, Refused, Turn, answer_reply as answer_is,
    begin_reply as begin_is, turn,
};
use tfa_fleet::messages::{
    ERRORS, Invalid, LINE_KINDS, MAX_ANSWER, MAX_ARGUMENTS, MAX_CONTEXT, MAX_IDENTITIES, MAX_LIST,
    MAX_MEMBERSHIPS, MAX_NAME, MAX_RESULT, STYLES, VERDICTS, account_call, account_reply,
    account_request, answer_call, answer_reply, answer_request, begin_call, begin_reply,
    begin_request, cancel_call, cancel_request, reply_to_account, reply_to_answer, reply_to_begin,
};
use tfa_fleet_wire::{
    AccountCall, AttemptBytes, BeginLogin, ContextEntry, EntryValue, LoginCall, LoginFacts,
    LoginGroup, LoginIdentity, LoginLine, LoginReply, LoginTurn, LoginUser, Membership, NeededFact,
    SecretBytes, SecretText, SubjectAnswer, SubjectQuestion,
};

fn name() -> impl Strategy<Value = String> {
    "\\PC{1,12}"
}

fn text() -> impl Strategy<Value = String> {
    "\\PC{0,40}"
}

fn list<T: std::fmt::Debug>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    prop::collection::vec(of, 0..4)
}

fn attempt() -> impl Strategy<Value = AttemptBytes> {
    any::<[u8; 16]>().prop_map(AttemptBytes)
}

fn group() -> impl Strategy<Value = LoginGroup> {
    prop_oneof![
        name().prop_map(LoginGroup::Name),
        any::<u32>().prop_map(LoginGroup::Number),
    ]
}

prop_compose! {
    fn question()(
        all_names: bool, groups in list(group()), in_rules in list(name()),
    ) -> SubjectQuestion {
        SubjectQuestion { all_names, groups, in_rules }
    }
}

prop_compose! {
    fn subject()(
        question in question(),
        told in list((name(), any::<[Option<bool>; 3]>())),
    ) -> SubjectAnswer {
        let identity = |(name, belongs): (String, [Option<bool>; 3])| LoginIdentity {
            name,
            groups: question.groups.iter().cloned().zip(belongs)
                .map(|(group, belongs)| Membership { group, belongs })
                .collect(),
        };
        let identities = told.into_iter().map(identity).collect();
        SubjectAnswer { question, identities }
    }
}

prop_compose! {
    fn facts()(
        at_console: Option<bool>,
        subject in prop::option::of(subject()),
        session_phase_decides: Option<bool>,
        goes_on_after_wrong_password: Option<bool>,
    ) -> LoginFacts {
        LoginFacts { at_console, subject, session_phase_decides, goes_on_after_wrong_password }
    }
}

prop_compose! {
    fn begin()(
        attempt in attempt(),
        (user, uid, aliases) in (name(), any::<u32>(), list(name())),
        context in list((name(), prop_oneof![
            text().prop_map(EntryValue::Text),
            any::<bool>().prop_map(EntryValue::Flag),
            any::<u32>().prop_map(EntryValue::Number),
        ])),
        caller_uid: u32,
        facts in facts(),
    ) -> BeginLogin {
        let entry = |(key, value)| ContextEntry { key, value };
        let context = context.into_iter().map(entry).collect();
        let user = LoginUser { name: user, uid, aliases };
        BeginLogin { attempt, user, context, caller_uid, facts }
    }
}

fn names<T, const N: usize>(table: [(T, &'static str); N]) -> impl Strategy<Value = String> {
    let names = table.map(|(_, name)| name.to_owned());
    prop::sample::select(names.to_vec())
}

fn turn_of_tfad() -> impl Strategy<Value = LoginTurn> {
    let line = (names(LINE_KINDS), text()).prop_map(|(kind, text)| LoginLine {
        kind,
        text: SecretText::new(text),
    });
    let next = prop_oneof![
        (names(STYLES), text(), any::<u32>()),
        (names(VERDICTS), 0..2_u32).prop_map(|(verdict, covers)| (
            "verdict".to_owned(),
            verdict,
            covers
        )),
    ];
    (list(line), next).prop_map(|(lines, (next, text, number))| LoginTurn {
        lines,
        next,
        text,
        number,
    })
}

fn turn_or_refusal() -> impl Strategy<Value = LoginReply> {
    prop_oneof![
        (any::<u32>(), turn_of_tfad())
            .prop_map(|(dialog, turn)| LoginReply::Begun { dialog, turn }),
        (names(ERRORS), text()).prop_map(|(error, text)| LoginReply::Refused {
            error: format!("org.tfad.Tfa1.Error.{error}"),
            text,
        }),
    ]
}

fn needed() -> impl Strategy<Value = LoginReply> {
    prop_oneof![
        Just(NeededFact::Console),
        Just(NeededFact::SessionPhase),
        question().prop_map(NeededFact::Subject),
    ]
    .prop_map(LoginReply::NeedFact)
}

fn bytes() -> impl Strategy<Value = SecretBytes> {
    prop::collection::vec(any::<u8>(), 0..40).prop_map(SecretBytes::new)
}

prop_compose! {
    fn account()(
        name in name(), uid: u32, aliases in list(name()), method in name(), arguments in bytes(),
        subject in prop::option::of(subject()), proved_by in prop::option::of(attempt()),
    ) -> AccountCall {
        let user = LoginUser { name, uid, aliases };
        AccountCall { user, method, arguments, subject, proved_by, only_reads: false }
    }
}

fn account_answered() -> impl Strategy<Value = LoginReply> {
    let refusal = ("[A-Z][a-z]{1,12}", text()).prop_map(|(name, text)| LoginReply::Refused {
        error: format!("org.tfad.Tfa1.Error.{name}"),
        text,
    });
    prop_oneof![bytes().prop_map(LoginReply::Account), refusal, needed()]
}

/// Sends a message.
fn sent<T: Message + Default>(message: &T) -> T {
    T::decode(&*message.encode_to_vec()).unwrap()
}

proptest! {
    #[test]
    fn a_call_survives_the_way(
        begin in begin(), attempt in attempt(), numbers: (u32, u32), typed in text(), budget: u32,
    ) {
        let request = begin_request(begin.clone(), budget).unwrap();
        prop_assert_eq!(begin_call(sent(&request)), Ok(LoginCall::Begin(begin)));
        let answer = SecretText::new(typed);
        let request = answer_request(attempt, numbers, &answer, budget).unwrap();
        let (dialog, number) = numbers;
        let call = LoginCall::Answer { attempt, dialog, number, answer };
        prop_assert_eq!(answer_call(sent(&request)), Ok(call));
        let request = cancel_request(attempt, dialog);
        prop_assert_eq!(cancel_call(&sent(&request)), Ok(LoginCall::Cancel { attempt, dialog }));
    }

    #[test]
    fn a_reply_survives_the_way(reply in turn_or_refusal(), needed in needed()) {
        let answered = answer_reply(reply.clone()).unwrap();
        prop_assert_eq!(reply_to_answer(sent(&answered)), Ok(reply.clone()));
        prop_assert!(answer_reply(needed.clone()).is_err());
        for reply in [reply, needed] {
            let begun = begin_reply(reply.clone()).unwrap();
            prop_assert_eq!(reply_to_begin(sent(&begun)), Ok(reply));
        }
    }

    #[test]
    fn a_call_of_an_owner_and_its_reply_survive_the_way(
        call in account(), reply in account_answered(), budget: u32,
    ) {
        let request = account_request(call.clone(), budget).unwrap();
        prop_assert_eq!(account_call(sent(&request)), Ok(LoginCall::Account(call)));
        let answered = account_reply(reply.clone()).unwrap();
        prop_assert_eq!(reply_to_account(sent(&answered)), Ok(reply));
    }

    #[test]
    fn bytes_of_a_peer_are_a_message_within_the_bounds_or_an_error(
        begin in begin(), reply in turn_or_refusal(), account in account(), told in account_answered(),
        noise in prop::collection::vec(any::<u8>(), 0..300),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let begin = begin_request(begin, 1).unwrap().encode_to_vec();
        let reply = begin_reply(reply).unwrap().encode_to_vec();
        let account = account_request(account, 1).unwrap().encode_to_vec();
        let told = account_reply(told).unwrap().encode_to_vec();
        for mut bytes in [begin, reply, account, told, noise] {
            for (at, byte) in &changes {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = *byte;
                }
            }
            received(&bytes);
        }
    }
}

/// Takes bytes as each of the messages.
fn received(bytes: &[u8]) {
    if let Ok(Ok(LoginCall::Begin(begin))) = BeginRequest::decode(bytes).map(begin_call) {
        let BeginLogin {
            user,
            context,
            facts,
            ..
        } = begin;
        assert!((1..=MAX_NAME).contains(&user.name.len()));
        assert!(user.aliases.len() <= MAX_IDENTITIES && context.len() <= MAX_CONTEXT);
        let told = facts.subject.into_iter().flat_map(|it| it.identities);
        assert!(told.map(|it| it.groups.len()).sum::<usize>() <= MAX_MEMBERSHIPS);
    }
    if let Ok(Ok(LoginCall::Answer { answer, .. })) = AnswerRequest::decode(bytes).map(answer_call)
    {
        assert!(answer.0.len() <= MAX_ANSWER);
    }
    if let Ok(Ok(LoginCall::Account(call))) = AccountRequest::decode(bytes).map(account_call) {
        assert!((1..=MAX_NAME).contains(&call.method.len()));
        assert!(call.arguments.0.len() <= MAX_ARGUMENTS);
    }
    if let Ok(Ok(LoginReply::Account(result))) = AccountReply::decode(bytes).map(reply_to_account) {
        assert!(result.0.len() <= MAX_RESULT);
    }
    let _ = CancelRequest::decode(bytes).map(|request| cancel_call(&request));
    let replies = [
        BeginReply::decode(bytes).map(reply_to_begin),
        AnswerReply::decode(bytes).map(reply_to_answer),
    ];
    for reply in replies.into_iter().flatten().flatten() {
        if let LoginReply::Begun { turn, .. } = reply {
            // tfad knows each name.
            let lines = turn
                .lines
                .into_iter()
                .map(|line| (line.kind, String::new()));
            let wire = (lines.collect(), turn.next, turn.text, turn.number);
            assert!(tfa_proto::Turn::try_from(wire).is_ok());
        }
    }
}

#[test]
fn each_verdict_kind_and_style_of_the_contract_is_known() {
    let known: Vec<_> = tfa_proto::Verdict::ALL.iter().map(|it| it.name()).collect();
    let mut sent: Vec<_> = VERDICTS.iter().map(|(_, name)| *name).collect();
    assert!(known.iter().all(|name| sent.contains(name)));
    sent.sort_unstable();
    sent.dedup();
    assert_eq!(sent.len(), known.len());
    for (kind, tag) in LINE_KINDS {
        let of = tfa_proto::LineKind::from_tag(tag).unwrap();
        assert_eq!(
            kind.as_str_name(),
            format!("LINE_KIND_{of:?}").to_uppercase()
        );
    }
    for (style, tag) in STYLES {
        let turn = tfa_proto::Turn::from_wire(Vec::new(), tag, "", 0).unwrap();
        let tfa_proto::Next::Ask(question) = turn.next else {
            unreachable!("{tag}")
        };
        let expected = format!("PROMPT_STYLE_{:?}", question.style).to_uppercase();
        assert_eq!(style.as_str_name(), expected);
    }
    for (verdict, name) in VERDICTS {
        let expected = name.replace('-', "_").to_uppercase();
        assert_eq!(verdict.as_str_name(), format!("VERDICT_{expected}"));
    }
    for (error, name) in ERRORS {
        let full = format!("org.tfad.Tfa1.Error.{name}");
        assert!(tfa_proto::Error::from_name(&full, String::new()).is_some());
        let plain = error.as_str_name().replace('_', "").to_lowercase();
        assert_eq!(plain, format!("error{name}").to_lowercase());
    }
}

fn begun(turn: Turn) -> LoginReply {
    let begun = Begun {
        dialog: 1,
        turn: Some(turn),
    };
    let is = Some(answer_is::Is::Begun(begun));
    reply_to_answer(AnswerReply { is }).unwrap()
}

#[test]
fn a_value_of_a_later_version_denies_or_restricts() {
    let turn = |lines, next| Turn {
        lines,
        next: Some(next),
        covers_account: true,
    };
    for unknown in [0, 99, -1] {
        let LoginReply::Begun { turn: denied, .. } =
            begun(turn(Vec::new(), turn::Next::Verdict(unknown)))
        else {
            unreachable!()
        };
        assert_eq!((&*denied.next, &*denied.text), ("verdict", "denied"));
        let lines = vec![Line {
            kind: unknown,
            text: "line".to_owned(),
        }];
        let ask = turn::Next::Ask(Question {
            text: "Code: ".to_owned(),
            style: unknown,
            digits: 6,
        });
        let LoginReply::Begun { turn: asked, .. } = begun(turn(lines, ask)) else {
            unreachable!()
        };
        assert_eq!((&*asked.next, asked.number), ("ask-hidden", 6));
        assert_eq!(asked.lines[0].kind, "error");
        let refused = Refused {
            error: unknown,
            text: "later".to_owned(),
        };
        let is = Some(begin_is::Is::Refused(refused));
        let expected = LoginReply::Refused {
            error: "org.tfad.Tfa1.Error.Storage".to_owned(),
            text: "later".to_owned(),
        };
        assert_eq!(reply_to_begin(BeginReply { is }), Ok(expected));
    }
}

/// A request to begin, which is right.
fn usual() -> BeginRequest {
    let begin = BeginLogin {
        attempt: AttemptBytes([1; 16]),
        user: LoginUser {
            name: "alice".to_owned(),
            uid: 1000,
            aliases: Vec::new(),
        },
        context: vec![ContextEntry {
            key: "phase".to_owned(),
            value: EntryValue::Text("auth".to_owned()),
        }],
        caller_uid: 0,
        facts: LoginFacts {
            subject: Some(SubjectAnswer {
                question: SubjectQuestion {
                    all_names: true,
                    groups: vec![LoginGroup::Number(50)],
                    in_rules: Vec::new(),
                },
                identities: vec![LoginIdentity {
                    name: "alice".to_owned(),
                    groups: vec![Membership {
                        group: LoginGroup::Number(50),
                        belongs: Some(true),
                    }],
                }],
            }),
            ..LoginFacts::default()
        },
    };
    begin_request(begin, 1000).unwrap()
}

#[test]
fn a_call_of_an_owner_with_a_part_missing_or_too_long_is_not_valid() {
    let usual = || {
        let user = usual().user;
        AccountRequest {
            user,
            method: "Pause".to_owned(),
            ..AccountRequest::default()
        }
    };
    assert!(account_call(usual()).is_ok());
    let changes: [fn(&mut AccountRequest); 6] = [
        |it| it.user = None,
        |it| it.user.as_mut().unwrap().uid = None,
        |it| it.method.clear(),
        |it| it.method = "x".repeat(MAX_NAME + 1),
        |it| it.arguments = vec![0; MAX_ARGUMENTS + 1],
        |it| it.proved_by = Some(vec![0; 15]),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut request = usual();
        change(&mut request);
        assert!(account_call(request).is_err(), "{number}");
    }
    let result = |length| LoginReply::Account(SecretBytes::new(vec![0; length]));
    assert!(account_reply(result(MAX_RESULT)).is_ok());
    assert!(account_reply(result(MAX_RESULT + 1)).is_err());
}

type Change = fn(&mut BeginRequest);

#[test]
fn a_request_with_a_part_missing_or_too_long_is_not_valid() {
    fn subject(request: &mut BeginRequest) -> &mut generated::SubjectAnswer {
        request.facts.as_mut().unwrap().subject.as_mut().unwrap()
    }
    let long = || "x".repeat(MAX_NAME + 1);
    assert!(begin_call(usual()).is_ok());
    let changes: [Change; 16] = [
        |it| it.attempt.truncate(15),
        |it| it.attempt.push(0),
        |it| it.user = None,
        |it| it.caller_uid = None,
        |it| it.user.as_mut().unwrap().uid = None,
        |it| it.user.as_mut().unwrap().name.clear(),
        |it| it.user.as_mut().unwrap().name = "x".repeat(MAX_NAME + 1),
        |it| it.user.as_mut().unwrap().aliases = vec!["x".to_owned(); MAX_IDENTITIES + 1],
        |it| it.context[0].value = None,
        |it| it.context[0].key = "x".repeat(MAX_NAME + 1),
        |it| it.context = vec![it.context[0].clone(); MAX_CONTEXT + 1],
        |it| subject(it).question = None,
        |it| subject(it).identities[0].belongs.push(2),
        |it| subject(it).identities[0].belongs.clear(),
        |it| subject(it).question.as_mut().unwrap().groups[0].group = None,
        |it| {
            let answer = subject(it);
            let question = answer.question.as_mut().unwrap();
            question.groups = vec![question.groups[0].clone(); 100];
            answer.identities[0].belongs = vec![2; 100];
            answer.identities = vec![answer.identities[0].clone(); 41];
        },
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut request = usual();
        change(&mut request);
        assert!(begin_call(request).is_err(), "{number}");
    }
    let answer = |length| AnswerRequest {
        attempt: vec![1; 16],
        answer: "1".repeat(length),
        ..AnswerRequest::default()
    };
    assert!(answer_call(answer(MAX_ANSWER)).is_ok());
    assert_eq!(
        answer_call(answer(MAX_ANSWER + 1)),
        Err(Invalid("an answer"))
    );
    let question = |groups| {
        LoginReply::NeedFact(NeededFact::Subject(SubjectQuestion {
            all_names: false,
            groups: vec![LoginGroup::Number(1); groups],
            in_rules: vec![long()],
        }))
    };
    assert!(begin_reply(question(1)).is_err() && begin_reply(question(MAX_LIST + 1)).is_err());
}
