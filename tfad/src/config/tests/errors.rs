//! Errors and their messages.

use std::path::Path;

use super::super::{Config, Trust};
use super::{one, parse};

#[test]
fn an_error_has_its_position_and_what_helps() {
    let policy = |line: &str| format!("[policy]\nmode = \"required\"\n{line}\n");
    let enrollment = |line: &str| format!("[policy]\nmode = \"off\"\n[enrollment]\n{line}\n");
    let remember = |line: &str| format!("[policy]\nmode = \"off\"\n[remember]\n{line}\n");
    let authenticator = |line: &str| format!("[policy]\nmode = \"off\"\n[authenticator]\n{line}\n");
    let fleet = |line: &str| format!("[policy]\nmode = \"off\"\n[fleet]\n{line}\n");
    let rule = |line: &str| format!("[policy]\nmode = \"off\"\n[[policy.rule]]\n{line}\n");
    let all = |line: &str| rule(&format!("mode = \"required\"\n{line}"));
    for (text, said) in [
        // The file as a whole.
        (
            "".to_owned(),
            ": the file sets no key, and may have been truncated; \
             restore it, or remove it if it is a drop-in",
        ),
        (
            "# [policy]\n".to_owned(),
            ": the file sets no key, and may have been truncated; \
             restore it, or remove it if it is a drop-in",
        ),
        (
            "[policy]\n[enrollment]\n".to_owned(),
            ": the file sets no key, and may have been truncated; \
             restore it, or remove it if it is a drop-in",
        ),
        (
            "[policy]\naudit = true\n".to_owned(),
            ": [policy] has no mode; write mode = \"off\", \"optional\" or \"required\"",
        ),
        // Not TOML.
        (
            "[policy]\nmode = optional\n".to_owned(),
            ":2:8: string values must be quoted, expected literal string",
        ),
        (
            "[policy]\nmode = \"optio".to_owned(),
            ":2:14: invalid basic string, expected `\"`",
        ),
        (
            "[policy]\nmode = \"off\"\n[poli".to_owned(),
            ":3:6: unclosed table, expected `]`",
        ),
        (
            "[policy]\nmode = \"off\"\nmode = \"off\"".to_owned(),
            ":3:1: \"mode\" is defined twice; remove one of the two",
        ),
        (
            "[policy]\nmode = \"off\"\n[policy]".to_owned(),
            ":3:2: \"policy\" is defined twice; remove one of the two",
        ),
        // Keys.
        (
            "\n[polcy]\n".to_owned(),
            ":2:2: unknown key \"polcy\" in the file; did you mean \"policy\"?",
        ),
        (
            "mode = \"off\"\n[policy]\n".to_owned(),
            ":1:1: unknown key \"mode\" in the file; it belongs to [policy]",
        ),
        (
            "[[rule]]\nmode = \"off\"\n".to_owned(),
            ":1:3: unknown key \"rule\" in the file; write [[policy.rule]]",
        ),
        (
            "[policy]\nmod = \"off\"\n".to_owned(),
            ":2:1: unknown key \"mod\" in [policy]; did you mean \"mode\"?",
        ),
        (
            policy("issuer = \"a\""),
            ":3:1: unknown key \"issuer\" in [policy]; it belongs to [enrollment]",
        ),
        (
            policy("groups = [1]"),
            ":3:1: unknown key \"groups\" in [policy]; it belongs to [[policy.rule]]",
        ),
        (
            all("audit = true"),
            ":5:1: unknown key \"audit\" in [[policy.rule]]; \
             it belongs to [policy], above the first [[policy.rule]]",
        ),
        (
            all("group = [\"a\"]"),
            ":5:1: unknown key \"group\" in [[policy.rule]]; did you mean \"groups\"?",
        ),
        (
            enrollment("name = \"a\""),
            ":4:1: unknown key \"name\" in [enrollment]; known keys are issuer, qr",
        ),
        // Words and kinds.
        (
            "[policy]\nmode = \"requird\"\n".to_owned(),
            ":2:8: mode: \"requird\" is none of \"off\", \"optional\", \"required\"; did you mean \"required\"?",
        ),
        (
            "[policy]\nmode = \"on\"\n".to_owned(),
            ":2:8: mode: \"on\" is none of \"off\", \"optional\", \"required\"",
        ),
        (
            "[policy]\nmode = true\n".to_owned(),
            ":2:8: mode: must be a text in quotes, not true or false",
        ),
        (
            policy("after_grace = \"refuse\""),
            ":3:15: after_grace: \"refuse\" is none of \"enroll\", \"deny\"",
        ),
        (
            policy("audit = \"true\""),
            ":3:9: audit: must be true or false, without quotes",
        ),
        (
            policy("invitation = 1"),
            ":3:14: invitation: must be true or false, not a number",
        ),
        (
            policy("guard = \"sshd\""),
            ":3:9: guard: must be a list, not a text; write [\"sshd\"]",
        ),
        (
            policy("guard = [\"SSHD\"]"),
            ":3:10: guard: \"SSHD\" is not how PAM names a service; write \"sshd\"",
        ),
        (
            policy("sshd_methods = [\"pubkey\"]"),
            ":3:17: sshd_methods: \"pubkey\" is not a method of sshd; did you mean \"publickey\"?",
        ),
        (
            policy("consoles = [\"/dev/ttyS1\"]"),
            ":3:13: consoles: \"/dev/ttyS1\" has the directory in front; write \"ttyS1\"",
        ),
        (
            policy("consoles = [\"pts/0\"]"),
            ":3:13: consoles: \"pts/0\" is a pseudo-terminal; \
             remove it, because logins over the network have pseudo-terminals",
        ),
        (
            "policy = 1".to_owned(),
            ":1:10: policy: must be a table, not a number",
        ),
        (
            policy("[policy.rule]\nmode = \"off\""),
            ":3:1: rule: must be a list of tables, not a table; write [[policy.rule]], with two brackets",
        ),
        (
            policy("rule = []"),
            ":3:8: rule: the list is empty; remove the key",
        ),
        (
            policy("rule = [1]"),
            ":3:9: rule: must be a table, not a number",
        ),
        (
            enrollment("qr = \"utf-8\""),
            ":4:6: qr: \"utf-8\" is none of \"utf8\", \"ascii\", \"none\"; did you mean \"utf8\"?",
        ),
        (
            enrollment("issuer = \"a:b\""),
            ":4:10: issuer: must not have a colon or an invisible character; \
             authenticator apps split the name at a colon",
        ),
        (
            authenticator("kinds = [\"totp\", \"otp\"]"),
            ":4:18: kinds: \"otp\" is none of \"totp\", \"hotp\", \"security-key\"; did you mean \"totp\"?",
        ),
        (
            authenticator("kinds = []"),
            ":4:9: kinds: the list is empty; list at least one, or remove the key",
        ),
        (
            authenticator("algorithm = \"MD5\""),
            ":4:13: algorithm: \"MD5\" is none of \"SHA1\", \"SHA256\", \"SHA512\"",
        ),
        (
            authenticator("digits = 7"),
            ":4:10: digits: must be 6 or 8, not 7",
        ),
        (
            authenticator("digits = \"6\""),
            ":4:10: digits: must be 6 or 8, not a text",
        ),
        (
            authenticator("period = 10"),
            ":4:10: period: must be 15 to 120 seconds, not 10",
        ),
        (
            authenticator("period = \"30s\""),
            ":4:10: period: must be a number of seconds such as 30, not a text",
        ),
        (
            authenticator("issuer = \"a\""),
            ":4:1: unknown key \"issuer\" in [authenticator]; it belongs to [enrollment]",
        ),
        (
            remember("days = 366"),
            ":4:8: days: must be 0 to 365, not 366",
        ),
        (
            remember("days = -1"),
            ":4:8: days: must be 0 to 365, not -1",
        ),
        (
            remember("days = \"30d\""),
            ":4:8: days: must be a number, not a text",
        ),
        (
            remember("days = true"),
            ":4:8: days: must be a number, not true or false",
        ),
        (
            remember("minutes = 1441"),
            ":4:11: minutes: must be 0 to 1440, not 1441",
        ),
        (
            remember("session_minutes = 99999999999"),
            ":4:19: session_minutes: must be 0 to 1440, not 99999999999",
        ),
        (
            remember("by = \"key\""),
            ":4:6: by: must be a list, not a text; write [\"key\"]",
        ),
        (
            remember("by = [\"keys\"]"),
            ":4:7: by: \"keys\" is none of \"key\", \"address\"; did you mean \"key\"?",
        ),
        (
            remember("by = []"),
            ":4:6: by: the list is empty; list at least one, or remove the key",
        ),
        (
            remember("services = []"),
            ":4:12: services: the list is empty; list at least one, or remove the key",
        ),
        (
            remember("hours = 3"),
            ":4:1: unknown key \"hours\" in [remember]; known keys are days, minutes, session_minutes, \
             by, services",
        ),
        (
            policy("days = 30"),
            ":3:1: unknown key \"days\" in [policy]; it belongs to [remember]",
        ),
        // Time.
        (
            policy("grace = \"7\""),
            ":3:9: grace: 7 has no unit; for days, write \"7d\"",
        ),
        (
            policy("grace = 7"),
            ":3:9: grace: 7 has no unit; for days, write \"7d\"",
        ),
        (
            policy("grace = -7"),
            ":3:9: grace: \"-7\" is not a time span; \
             write whole numbers with units, as in \"1w 2d\" or \"12h\"",
        ),
        (
            policy("grace = 7.5"),
            ":3:9: grace: must be a time span such as \"7d\", not a number",
        ),
        (
            policy("grace = \"7 Days\""),
            ":3:9: grace: unknown unit \"Days\"; did you mean \"days\"?",
        ),
        (
            policy("since = \"next week\""),
            ":3:9: since: \"next week\" is not a date or date and time; \
             write 2026-12-01 or \"2026-12-01 08:00 UTC\"",
        ),
        (
            "[policy]\nmode = \"optional\"\nsince = 2026-12-01".to_owned(),
            ":3:1: since has no effect unless the mode is \"required\"; \
             remove it, or change the mode",
        ),
        // The fleet.
        (
            fleet("role = \"verifyer\""),
            ":4:8: role: \"verifyer\" is none of \"member\", \"verifier\"; did you mean \"verifier\"?",
        ),
        (
            fleet("role = \"member\"\n[store]\nkind = \"etcd\""),
            ":6:1: a member of a fleet keeps no accounts; remove kind, or role = \"member\" in [fleet]",
        ),
        // Rules.
        (
            rule("users = [\"a\"]"),
            ":3:1: the rule has no mode; write mode = \"off\", \"optional\" or \"required\"",
        ),
        (
            rule("uids = 1\nmode = \"optional\"\nsince = 2026-12-01"),
            ":6:1: since has no effect unless the mode is \"required\"; \
             remove it, or change the mode",
        ),
        (
            rule("uids = 1\nmode = \"off\"\ngrace = \"1d\""),
            ":6:1: grace has no effect unless the mode is \"required\"; \
             remove it, or change the mode",
        ),
        (
            rule("uids = 1\nmode = \"off\"\nafter_grace = \"deny\""),
            ":6:1: after_grace has no effect unless the mode is \"required\"; \
             remove it, or change the mode",
        ),
        (
            rule("uids = 1\nmode = \"optional\"\nfactors = [\"totp\"]"),
            ":6:1: factors has no effect unless the mode is \"required\"; \
             remove it, or change the mode",
        ),
        (
            rule("uids = 1\nmode = \"required\"\nfactors = [\"sms\"]"),
            ":6:12: factors: \"sms\" is none of \"totp\", \"hotp\", \"security-key\", \
             \"backup-code\"",
        ),
        (
            rule(
                "uids = 1\nmode = \"required\"\nfactors = [\"totp\", \"hotp\", \"security-key\", \
                 \"backup-code\"]",
            ),
            ":6:11: factors: the list names every factor, which is the default; remove the key",
        ),
        (
            all("until = 2027-03-01"),
            ":5:1: until is for exemptions, and has no effect with the mode \"required\"; \
             remove it, or change the mode; to give users time to enroll, set since and grace",
        ),
        (
            all("reason = \"ticket 4711\""),
            ":5:1: reason is for exemptions, and has no effect with the mode \"required\"; \
             remove it, or change the mode; to give users time to enroll, set since and grace",
        ),
        (
            policy("until = 2027-03-01"),
            ":3:1: unknown key \"until\" in [policy]; it belongs to [[policy.rule]]",
        ),
        (
            rule("mode = \"off\"\nuntil = 2027-02-29"),
            ":5:9: invalid date, expected day between 01 and 28",
        ),
        (
            rule("mode = \"off\"\nuntil = \"2027-02-29\""),
            ":5:9: until: \"2027-02-29\" is not a date and time that exists",
        ),
        (
            rule("mode = \"off\"\nuntil = \"2d\""),
            ":5:9: until: \"2d\" is not a date or date and time; \
             write 2026-12-01 or \"2026-12-01 08:00 UTC\"",
        ),
        (
            rule("mode = \"optional\"\nreason = \"\""),
            ":5:10: reason: the reason \"\" is empty",
        ),
        (
            rule("mode = \"off\"\nreason = \" x\""),
            ":5:10: reason: the reason \" x\" begins or ends with a space",
        ),
        (
            rule("mode = \"off\"\nreason = \"a\\nb\""),
            ":5:10: reason: the reason \"a\\nb\" has a line break or an invisible character",
        ),
        (
            rule("mode = \"off\"\nreason = \"a\\u202eb\""),
            ":5:10: reason: the reason \"a\\u{202e}b\" has a line break or an invisible character",
        ),
        (
            rule("mode = \"off\"\nreason = 4711"),
            ":5:10: reason: must be a text in quotes, not a number",
        ),
        (
            rule(&format!("mode = \"off\"\nreason = \"{}\"", "ü".repeat(201))),
            ":5:10: reason: the reason is longer than 200 characters",
        ),
        (
            all("users = []"),
            ":5:9: users: the list is empty, so the rule would match no login; \
             to match every login, remove the key",
        ),
        (
            all("users = \"alice\""),
            ":5:9: users: must be a list, not a text; write [\"alice\"]",
        ),
        (
            all("users = [\"a\", 1000]"),
            ":5:15: users: 1000 is not a user name; write uids = 1000",
        ),
        (
            all("users = [\"1000\"]"),
            ":5:10: users: \"1000\" is a number; to name users by number, use the key uids",
        ),
        (
            all("users = [\"%wheel\"]"),
            ":5:10: users: \"%wheel\" is not a user name; write groups = [\"wheel\"]",
        ),
        (
            all("users = [\"\"]"),
            ":5:10: users: the name \"\" is empty",
        ),
        (
            all("users = [\" a\"]"),
            ":5:10: users: the name \" a\" begins or ends with a space",
        ),
        (
            all("users = [\"a:b\"]"),
            ":5:10: users: the name \"a:b\" has a colon or an invisible character",
        ),
        (
            all("users = [\"a\\u001b[2J\"]"),
            ":5:10: users: the name \"a\\u{1b}[2J\" has a colon or an invisible character",
        ),
        (
            all("users = [\"adm-*\"]"),
            ":5:10: users: the name \"adm-*\" is a pattern; \
             patterns are not supported, so list the names",
        ),
        (
            all("groups = [\"1000\"]"),
            ":5:11: groups: \"1000\" is a number; write it without quotes",
        ),
        (
            all("groups = [\"%wheel\"]"),
            ":5:11: groups: \"%wheel\" is not a group name; write \"wheel\"",
        ),
        (
            all("groups = [-1]"),
            ":5:11: groups: -1 is not a number from 0 to 4294967295",
        ),
        (
            all("groups = [true]"),
            ":5:11: groups: must be the name of a group in quotes or its number, not true or false",
        ),
        (
            all("services = [\"/usr/bin/sudo\"]"),
            ":5:13: services: \"/usr/bin/sudo\" is not how PAM names a service; write \"sudo\"",
        ),
        (
            all("uids = \"999-0\""),
            ":5:8: uids: the range \"999-0\" is reversed; write \"0-999\"",
        ),
        (
            all("uids = [1, \"a-b\"]"),
            ":5:12: uids: \"a-b\" is not a number or a range such as \"0-999\"",
        ),
        (
            all("uids = 4294967296"),
            ":5:8: uids: 4294967296 is not a number from 0 to 4294967295",
        ),
        (
            all("uids = []"),
            ":5:8: uids: the list is empty, so the rule would match no login; \
             to match every login, remove the key",
        ),
        (
            all("hosts = []"),
            ":5:9: hosts: the list is empty, so the rule would match no login; \
             to match every login, remove the key",
        ),
        (
            all("hosts = [\"Web*\"]"),
            ":5:10: hosts: \"Web*\" is not how rules name a host; write \"web*\"",
        ),
        (
            all("hosts = [\"web1_a\"]"),
            ":5:10: hosts: \"web1_a\" is neither the name of a host nor a pattern; a host name has \
             lower-case letters, digits, hyphens and dots only, and * stands for any characters",
        ),
        (
            all("hosts = [\"192.0.2.7\"]"),
            ":5:10: hosts: \"192.0.2.7\" is neither the name of a host nor a pattern; an address is \
             not a host name, and * stands for any characters",
        ),
        (
            all("origins = [\"10.0.0.1/8\"]"),
            ":5:12: origins: \"10.0.0.1/8\" is an address inside a network; \
             write \"10.0.0.0/8\" or \"10.0.0.1\"",
        ),
        (
            all("origins = [\"::ffff:10.0.0.0/104\"]"),
            ":5:12: origins: \"::ffff:10.0.0.0/104\" is an IPv4 address written as IPv6; write \"10.0.0.0/8\"",
        ),
        (
            all("origins = [\"::ffff:192.0.2.7\"]"),
            ":5:12: origins: \"::ffff:192.0.2.7\" is an IPv4 address written as IPv6; write \"192.0.2.7\"",
        ),
        (
            all("origins = [\"10.0.0.0/33\"]"),
            ":5:12: origins: \"10.0.0.0/33\" is not \"local\", \"session\", an address or a network; \
             write a network as in \"10.0.0.0/8\"",
        ),
        (
            all("origins = [\"fe80::1%eth0\"]"),
            ":5:12: origins: \"fe80::1%eth0\" is not \"local\", \"session\", an address or a network; \
             remove the zone, from the % on",
        ),
        (
            all("origins = [\"host.example\"]"),
            ":5:12: origins: \"host.example\" is not \"local\", \"session\", an address or a network; \
             host names are not looked up, so write addresses",
        ),
        (
            all("origins = [\"Local\"]"),
            ":5:12: origins: \"Local\" is not \"local\", \"session\", an address or a network; did you mean \"local\"?",
        ),
        (
            all("methods = [\"keyboard-interactive\"]"),
            ":5:12: methods: \"keyboard-interactive\" is not a method of sshd; \
             for anything that PAM asks, write \"password\"",
        ),
        (
            all("methods = [\"telnet\"]"),
            ":5:12: methods: \"telnet\" is not a method of sshd; \
             known methods are publickey, hostbased, gssapi-with-mic, gssapi-keyex, password, \
             publickey:sk, publickey:cert",
        ),
        (
            "[policy]\nmode = \"off\"\nsshd_methods = [\"publickey:cert\"]\n".to_owned(),
            ":3:17: sshd_methods: \"publickey:cert\" is not a method of sshd; \
             known methods are publickey, hostbased, gssapi-with-mic, gssapi-keyex, password",
        ),
        (
            all("methods = [\"publickey:ks\"]"),
            ":5:12: methods: \"publickey:ks\" is not a method of sshd; \
             did you mean \"publickey:sk\"?",
        ),
    ] {
        let bad = one(&text).unwrap_err();
        assert_eq!(bad.to_string(), format!("a.toml{said}"), "{text}");
    }
}

#[test]
fn all_errors_of_all_files_are_reported_at_once() {
    let main = "[policy]\nmode = \"requird\"\naudti = true\ngrace = 7\n\n\
                [[policy.rule]]\nusers = [\"1000\", \"a\", \"%b\"]\nmode = \"of\"\n\n\
                [[policy.rule]]\ngroups = [\"sudo\"]\n\n[enrollment]\nqr = \"big\"\n";
    let garbled = "[policy]\nmode = off\naudit = yes\n";
    let late =
        "[[policy.rule]]\nuids = 1\nmode = \"off\"\n\n[[policy.rule]]\nuids = 1\nmode = \"off\"\n";
    let bad = parse(&[("m", main), ("1", garbled), ("2", "# x\n"), ("3", late)]).unwrap_err();
    let places: Vec<String> = bad
        .lines()
        .map(|line| line.split(": ").take(2).collect::<Vec<_>>().join(": "))
        .collect();
    let expected = [
        "m:2:8: mode",
        "m:3:1: unknown key \"audti\" in [policy]; did you mean \"audit\"?",
        "m:4:9: grace",
        "m:7:10: users",
        "m:7:23: users",
        "m:8:8: mode",
        "m:10:1: the rule has no mode; write mode = \"off\", \"optional\" or \"required\"",
        "m:14:6: qr",
        "1:2:8: string values must be quoted, expected literal string",
        "1:3:9: string values must be quoted, expected literal string",
        "2: the file sets no key, and may have been truncated; \
         restore it, or remove it if it is a drop-in",
        "3:5:1: the rule never takes effect",
    ];
    assert_eq!(places, expected, "{bad}");
}

#[test]
fn one_error_does_not_cause_another() {
    // A missing mode is an error only where no other key can have been meant as one.
    for text in [
        "[policy]\nmod = \"off\"\n",
        "[polcy]\nmode = \"off\"\n",
        "policy = 1\n",
        "[policy]\nmode = \"of\"\n",
        "[policy]\nmode = off\n",
        // A list that cannot be read does not make a later rule unreachable.
        "[policy]\nmode = \"off\"\n[[policy.rule]]\nuids = \"x\"\nmode = \"off\"\n\
         [[policy.rule]]\nuids = 2\nmode = \"off\"\n",
    ] {
        let bad = one(text).unwrap_err();
        assert_eq!(bad.lines().count(), 1, "{text}: {bad}");
    }
}

#[test]
fn an_unreachable_rule_is_an_error_that_names_the_earlier_rule() {
    let two = |first: &str, second: &str| {
        let rule = |keys: &str| format!("[[policy.rule]]\nmode = \"off\"\n{keys}\n");
        parse(&[
            ("m", &format!("[policy]\nmode = \"off\"\n{}", rule(first))),
            ("d", &rule(second)),
        ])
    };
    for (first, second) in [
        ("", "users = [\"a\"]"),
        ("", ""),
        ("users = [\"a\", \"b\"]", "users = [\"b\"]"),
        (
            "groups = [\"wheel\"]",
            "groups = [\"wheel\"]\nservices = [\"sshd\"]",
        ),
        ("uids = \"0-999\"", "uids = [5, \"7-999\"]"),
        ("methods = [\"publickey\"]", "methods = [\"publickey:sk\"]"),
        ("hosts = [\"web*\"]", "hosts = [\"web1\", \"web*\"]"),
        ("", "until = 2027-03-01"),
        ("until = 2027-03-01", "until = 2027-03-01"),
        ("until = 2027-03-01", "users = [\"a\"]\nuntil = 2027-02-28"),
        (
            "origins = [\"10.0.0.0/8\", \"local\"]",
            "origins = [\"local\", \"10.1.0.0/16\", \"10.2.3.4\"]",
        ),
    ] {
        let said = two(first, second).unwrap_err().to_string();
        assert_eq!(
            said,
            "d:1:1: the rule never takes effect: the rule at m line 3 comes first and matches every \
             login that this rule matches; put the more specific rule first",
            "{first} {second}"
        );
    }
    for (first, second) in [
        ("users = [\"a\"]", ""),
        ("users = [\"a\"]", "users = [\"a\", \"b\"]"),
        ("users = [\"a\"]", "groups = [\"a\"]"),
        ("users = [\"a\"]\nservices = [\"sshd\"]", "users = [\"a\"]"),
        ("groups = [10]", "groups = [\"wheel\"]"),
        ("uids = \"0-9\"", "uids = \"5-10\""),
        ("methods = [\"publickey:sk\"]", "methods = [\"publickey\"]"),
        ("hosts = [\"web1\"]", "hosts = [\"web*\"]"),
        ("hosts = [\"web*\"]", ""),
        ("until = 2027-03-01", ""),
        ("until = 2027-03-01", "until = 2027-03-02"),
        ("origins = [\"10.0.0.0/8\"]", "origins = [\"local\"]"),
        ("origins = [\"10.0.0.0/8\"]", "origins = [\"0.0.0.0/0\"]"),
    ] {
        assert!(two(first, second).is_ok(), "{first} {second}");
    }
}

#[test]
fn without_a_file_there_is_no_configuration() {
    let said = parse(&[]).unwrap_err().to_string();
    assert!(
        said.starts_with("the configuration: [policy] has no mode"),
        "{said}"
    );
}

#[test]
fn an_absent_file_is_an_error_and_not_the_default() {
    let said = Config::read(Path::new("/nonexistent/tfad.toml"), &Trust::own())
        .unwrap_err()
        .to_string();
    assert!(
        said.starts_with("/nonexistent/tfad.toml: cannot be read: "),
        "{said}"
    );
}
