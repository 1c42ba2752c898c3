//! Properties of any text.

use proptest::prelude::*;
use proptest::sample::select;

use super::super::keys;
use super::super::schema::Section;
use super::{bare, one};

/// Pieces of files, right and wrong.
const PIECES: [&str; 53] = [
    "[policy]\n",
    "[[policy.rule]]\n",
    "[enrollment]\n",
    "[policy.rule]\n",
    "[policy.rule.x]\n",
    "[[policy]]\n",
    "policy.",
    "rule.",
    "mode",
    "since",
    "grace",
    "after_grace",
    "audit",
    "guard",
    "users",
    "groups",
    "uids",
    "hosts",
    "origins",
    "methods",
    "until",
    "reason",
    "services",
    "issuer",
    "qr",
    "kinds",
    "digits",
    "rule",
    " = ",
    "\"required\"\n",
    "\"off\"\n",
    "\"requird\"",
    "true\n",
    "2026-12-01\n",
    "2026-12-01T25:00",
    "\"2026-12-01 08:00 UTC\"\n",
    "\"7d\"\n",
    "\"18446744073709551615s 1y\"\n",
    "\"0-999\"\n",
    "\"9-1\"\n",
    "99999999999999999999\n",
    "-0x1\n",
    "[\"a\"]\n",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\"",
    "'''",
    "\"::ffff:1.2.3.4/97\"",
    "\"ä%\"",
    "\r\n",
];

proptest! {
    #[test]
    fn no_text_causes_a_panic(text in ".*") {
        let _ = one(&text);
    }

    #[test]
    fn no_arrangement_of_pieces_causes_a_panic(
        pieces in prop::collection::vec(select(PIECES.as_slice()), 0..40),
    ) {
        let text = pieces.concat();
        if let Err(bad) = one(&text) {
            prop_assert!(bad.lines().all(|line| !line.contains(char::is_control)), "{:?}", bad);
        }
    }

    #[test]
    fn no_value_causes_a_panic(
        key in select(keys::names(Section::Policy).chain(keys::names(Section::Rule)).collect::<Vec<_>>()),
        value in ".{0,40}",
        in_a_rule: bool,
        in_a_list: bool,
    ) {
        let value = format!("'''{value}'''");
        let value = if in_a_list { format!("[{value}]") } else { value };
        let header = if in_a_rule { "[[policy.rule]]\n" } else { "" };
        if let Err(bad) = one(&format!("[policy]\n{header}{key} = {value}\n")) {
            prop_assert!(bad.lines().all(|line| !line.contains(char::is_control)), "{:?}", bad);
        }
    }

    #[test]
    fn the_order_of_keys_and_tables_does_not_matter(
        policy in Just(vec![
            "mode = \"required\"", "since = 2026-12-01", "grace = \"2w\"", "after_grace = \"deny\"",
            "audit = true", "guard = [\"login\"]", "invitation = true", "changes_on = [\"*\"]", "sshd_methods = []",
            "consoles = [\"ttyS1\"]",
        ]).prop_shuffle(),
        rule in Just(vec![
            "users = [\"a\"]", "groups = [\"b\", 3]", "uids = [4, \"5-6\"]", "hosts = [\"web*\"]", "services = [\"su\"]",
            "origins = [\"local\"]", "methods = [\"password\"]", "mode = \"required\"",
            "since = 2026-11-01", "grace = \"1d\"", "after_grace = \"enroll\"", "factors = [\"hotp\"]",
        ]).prop_shuffle(),
        enrollment in Just(vec!["issuer = \"A\"", "qr = \"none\""]).prop_shuffle(),
        authenticator in Just(vec![
            "kinds = [\"hotp\"]", "algorithm = \"SHA256\"", "digits = 8", "period = 60",
        ]).prop_shuffle(),
        remember in Just(vec![
            "days = 30", "minutes = 5", "session_minutes = 10", "by = [\"address\"]",
            "services = [\"login\"]",
        ]).prop_shuffle(),
        tables in Just(vec![0, 1, 2, 3, 4, 5, 6]).prop_shuffle(),
    ) {
        let texts = [
            format!("[policy]\n{}\n", policy.join("\n")),
            format!("[[policy.rule]]\n{}\n", rule.join("\n")),
            format!("[enrollment]\n{}\n", enrollment.join("\n")),
            format!("[authenticator]\n{}\n", authenticator.join("\n")),
            format!("[remember]\n{}\n", remember.join("\n")),
            "[recovery]\nadministrators = []\n".to_owned(),
            "# nothing\n".to_owned(),
        ];
        let shuffled: String = tables.into_iter().map(|table: usize| texts[table].clone()).collect();
        let (a, b) = (one(&texts.concat()).unwrap(), one(&shuffled).unwrap());
        prop_assert_eq!(bare(a), bare(b));
    }
}
