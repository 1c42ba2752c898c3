//! `tfactl doctor`.

use std::fmt::Display;

use tfa_client::Terminal;
use tfa_doctor::{Edit, Finding};
use tfa_text::plural;

use super::{indented, width};
use crate::doctor::{PolicyInForce, Summary};

pub(crate) const DOCTOR_HELP: &str = "\
Each finding has what was found, why it is dangerous, and the commands that fix
it. A path is a login through PAM: the lines, and what the modules return.
Only root can run it. Nothing is changed. tfa-doctor(7) describes each finding.
Exit status: 0 nothing worse than advice, 1 a hole, a lock-out or a risk, or the
command failed, 2 wrong usage. A daemon that cannot be reached is a finding.
The JSON output is an object with the keys summary and findings, which do not
change. The summary has these keys, null if not known:
  policy                off, optional, required (of some logins), later (of no
                        login yet), exempt (exemptions come before) or audit
  enrolled              the number of users who have enrolled
  login_users           the number of users with a login shell, root included
  login_users_enrolled  how many of these have enrolled
  login_users_required  for how many of these the password is not enough now
                        over SSH; null unless the policy is required
  services              the PAM services that ask for a code
  holes, lock_outs, risks, advice
                        the number of findings of each severity
Each of the findings has these keys:
  id           the name of the finding
  severity     hole, lock-out, risk or advice
  place        the file, with the line if there is one; or null
  names        what it applies to: PAM services, connections of sshd, users, ...
  what         what was found
  why          why it is dangerous
  remedy       how to fix it
  commands     the commands for that, which root runs in this order
  path         as above: an array of lines; or null
  edits        the changes of lines to make: file, after (the number of the
               line before the change), removed and added (arrays of lines)
  errors       the errors of the configuration that are the cause: file, line,
               column (null of a file as a whole) and text
  reason       why the daemon refuses each login, or the file, as it says; or
               null
  also         what the same remedy fixes: id, and names as above";

pub(crate) const DOCTOR_NEEDS_ROOT: &str = "only root may do that";

pub(crate) fn unknown_finding(id: &str) -> String {
    format!("there is no finding {id}; tfa-doctor(7) lists them")
}

pub(crate) fn records_read(count: usize) -> String {
    format!("Reading the records: {count}...")
}

/// What the daemon is asked about.
pub(crate) const POLICY: &str = "the policy in force";
pub(crate) const USERS: &str = "the users with a login shell";
pub(crate) const EXEMPTIONS: &str = "the exemptions";
pub(crate) const RECORDS: &str = "the records of the users";
pub(crate) const ADMINISTRATORS: &str = "the administrators";
pub(crate) const LOGINS: &str = "the logins of the users";
pub(crate) const RECOVERY_CODE: &str = "the recovery code";
pub(crate) const FLEET_HOSTS: &str = "the hosts of the fleet";
pub(crate) const NOT_WHOLE: &str = "its answer is not complete";
pub(crate) const DAEMON_GONE: &str = "no answer came";

/// An answer of the daemon that did not come, with one of the subjects above.
pub(crate) fn not_told(subject: &str, why: &str) -> String {
    let why = why.trim_end_matches('.');
    format!("tfad was asked about {subject}: {why}")
}

pub(crate) const NO_SYSTEMD: &str = "systemd does not run here";
pub(crate) const NO_PROCESS: &str = "the process of a user did not start, or was ended";

pub(crate) fn polkit_not_asked(why: &str) -> String {
    let why = why.trim_end_matches('.');
    format!("polkit was asked what it allows without a password: {why}")
}

pub(crate) fn policy_not_told(why: &str) -> String {
    let why = why.trim_end_matches('.');
    format!(
        "tfad was asked about the policy in force, and the rest of this report is incomplete: {why}"
    )
}

pub(crate) fn names_not_read(database: &str, why: &str) -> String {
    format!(
        "The users that Match lines of sshd tell apart are not all known from the database {database}: {why}."
    )
}

pub(crate) fn too_many_names() -> String {
    "there are too many names".to_owned()
}

pub(crate) fn not_started(program: &str) -> String {
    format!("{program} could not be started")
}

pub(crate) fn file_not_read(path: &str, error: &dyn Display) -> String {
    format!("{path} could not be read: {error}")
}

pub(crate) fn not_a_file(path: &str) -> String {
    format!("{path} is not a regular file")
}

pub(crate) fn file_too_long(path: &str) -> String {
    format!("{path} is longer than what was read")
}

pub(crate) fn absent(path: &str) -> String {
    format!("{path} does not exist")
}

/// What a program or a file of the kernel says, which is none of the known answers.
pub(crate) fn unexpected(source: &str, text: &str) -> String {
    format!("the answer of {source} was not understood: {text}")
}

pub(crate) fn took_too_long(subject: &str) -> String {
    format!("{subject} took too long")
}

pub(crate) fn no_answer(program: &str, seconds: u64) -> String {
    format!("{program} did not end within {seconds} seconds")
}

/// The configuration of tfa-fleet.
pub(crate) const FLEET_CONFIG: &str = "/etc/tfa/tfa-fleet.toml";
pub(crate) const OTHER_FLEET_VERSION: &str = "it is of another version";

pub(crate) fn fleet_not_asked(why: &impl Display) -> String {
    format!("tfa-fleet was asked what it knows: {why}")
}

pub(crate) fn odd_path(path: &str) -> String {
    format!("tfa-fleet names a file whose path is too long or has control characters: {path}")
}

pub(crate) fn no_fleet_user(user: &str) -> String {
    format!("there is no user {user}, as whom tfa-fleet runs")
}

pub(crate) fn fleet_has_options(command: &str) -> String {
    format!("the files of tfa-fleet were not examined, because its unit has options: {command}")
}

pub(crate) fn too_much_output(program: &str) -> String {
    format!("{program} printed more than was read")
}

pub(crate) fn program_failed(program: &str, why: &str) -> String {
    format!("{program} failed: {why}")
}

pub(crate) fn sshd_units_not_known(why: &str) -> String {
    format!("The units that start sshd are not known, and another sshd was not examined: {why}.")
}

pub(crate) fn sshd_start_not_known(unit: &str, why: &str) -> String {
    format!("The options of sshd in {unit} are not known, and were not examined: {why}.")
}

pub(crate) fn too_many_sshds(count: usize, examined: usize) -> String {
    format!("This host starts sshd in {count} ways, of which {examined} were examined.")
}

pub(crate) fn process(pid: u32) -> String {
    format!("process {pid}")
}

/// Why the options of a process are not known.
pub(crate) const WORDS_NOT_KNOWN: &str = "an option has a value with blanks";

/// Why the options of a process are not known.
pub(crate) const OTHER_MOUNTS: &str = "it has mounts or a root folder of its own";

pub(crate) fn sshd_not_run(program: &str) -> String {
    format!("{program} can be written by others than root, so it was not asked for its settings.")
}

/// Why the options of a unit are not known.
pub(crate) const NO_SSHD_COMMAND: &str = "its command is not sshd itself";

pub(crate) fn unit_has(property: &str) -> String {
    format!("it has {property}")
}

pub(crate) fn environment_not_read(file: &str) -> String {
    format!("{file} could not be read as systemd reads it")
}

pub(crate) fn variable_not_known(word: &str) -> String {
    format!("\"{word}\" has a variable that systemd sets")
}

pub(crate) fn file_of_other_folder(file: &str) -> String {
    format!("the path of \"{file}\" is not absolute")
}

pub(crate) fn other_sudo(program: &str) -> String {
    format!("{program} is another sudo, and its rules were not read")
}

pub(crate) fn other_sudo_rules(file: &str, line: &str) -> String {
    format!("{file} takes the rules from elsewhere: {line}")
}

pub(crate) fn asking_sshd(done: usize, count: usize) -> String {
    format!("Asking sshd about its connections: {done} of {count}...")
}

/// What is in force: the policy, the users, the services.
pub(crate) fn in_force(summary: &Summary, terminal: &Terminal) -> String {
    indented(&sentences(summary), 0, width(terminal))
}

fn sentences(summary: &Summary) -> String {
    let policy = match summary.policy {
        None => "not known",
        Some(PolicyInForce::Off) => "off",
        Some(PolicyInForce::Audit) => "audit mode",
        Some(PolicyInForce::Required) => "a second factor is required for at least some logins",
        Some(PolicyInForce::Later) => "a second factor is required for no login yet",
        Some(PolicyInForce::Exempt) => {
            "a second factor is required for no login, because exemptions come before"
        }
        Some(PolicyInForce::Optional) => "optional",
    };
    let policy = match (&summary.required_from, &summary.must_enroll_from) {
        (Some(time), Some(enroll)) if time != enroll => format!(
            "{policy}, but from {time} on at the earliest, and users who have not enrolled must do so from {enroll} on"
        ),
        (Some(time), _) => format!("{policy}, but from {time} on at the earliest"),
        (None, _) => policy.to_owned(),
    };
    let services = match summary.services.as_deref() {
        None => "not known".to_owned(),
        Some([]) => "none".to_owned(),
        Some(services) => tfa_doctor::list(services),
    };
    let enrolled = enrolled(summary);
    let required = required(summary);
    let services = match summary.policy {
        Some(PolicyInForce::Off) => {
            format!(
                "No service asks for a code while the policy is off; the line of pam_tfa is in: {services}."
            )
        }
        Some(_) => format!("Services that ask enrolled users for a code: {services}."),
        None => format!("Services with the line of pam_tfa: {services}."),
    };
    let whose = match summary.verifiers_decide {
        true => {
            " That is the policy of this member, and the verifiers apply theirs to its logins as well."
        }
        false => "",
    };
    format!("Policy: {policy}.{whose} {enrolled} {required}{services}")
}

/// Of how many users a second factor is required now, in a whole sentence with a blank, if that is known.
fn required(summary: &Summary) -> String {
    match (summary.login_users, summary.login_users_required) {
        (Some(users), Some(required)) if required >= users => format!(
            "Over SSH, the password alone is now not enough for any of the {users} users with a login shell. "
        ),
        (Some(users), Some(required)) => format!(
            "Over SSH, the password alone is now not enough for {required} of {users} users with a login shell. "
        ),
        _ => String::new(),
    }
}

/// How many users have enrolled, in whole sentences.
fn enrolled(summary: &Summary) -> String {
    let Some(enrolled) = summary.enrolled else {
        return "It is not known how many users have enrolled.".to_owned();
    };
    let all = match enrolled {
        0 => "No user has enrolled.".to_owned(),
        count => plural(
            u64::try_from(count).unwrap_or(u64::MAX),
            "1 user has enrolled.",
            format!("{count} users have enrolled."),
        ),
    };
    match (summary.login_users, summary.login_users_enrolled) {
        (Some(users), Some(enrolled)) => {
            format!(
                "{all} Of root and the users with a login shell, {enrolled} of {users} have enrolled."
            )
        }
        _ => all,
    }
}

/// A finding, for a terminal.
pub(crate) fn finding(finding: &Finding, terminal: &Terminal) -> String {
    let width = width(terminal);
    let remedy = finding.remedy();
    let head = format!(
        "{}  {}",
        finding.severity().name().to_uppercase(),
        finding.kind.id
    );
    let mut lines = vec![head, indented(&finding.what(), 2, width)];
    lines.push(indented(&format!("Danger: {}", finding.kind.why), 2, width));
    if !finding.witness.is_empty() {
        lines.push("  The path of a login:".to_owned());
        // Lines that can be compared with the files are not wrapped.
        lines.extend(shortened(&finding.witness).map(|step| format!("    {step}")));
    }
    for (id, names) in &finding.subject.also {
        lines.push(indented(&also(id, names), 2, width));
    }
    lines.push(indented(&format!("Remedy: {}", remedy.text), 2, width));
    let edits = finding.subject.edits.iter().flat_map(Edit::lines);
    lines.extend(edits.map(|line| format!("    {line}")));
    // Nor are commands, which can be copied.
    lines.extend(
        remedy
            .commands
            .iter()
            .map(|command| format!("    {command}")),
    );
    lines.push(String::new());
    lines.join("\n")
}

/// How many lines of a path are shown of each end.
const MAX_STEPS: usize = 3;

/// The lines of a path, or the first and the last of many.
fn shortened(witness: &[String]) -> impl Iterator<Item = String> {
    let hidden = witness.len().saturating_sub(2 * MAX_STEPS);
    let (first, rest) = witness.split_at(witness.len().min(MAX_STEPS));
    let (_, last) = rest.split_at(if hidden > 1 { hidden } else { 0 });
    let between = (hidden > 1).then(|| format!("({hidden} lines more: --json)"));
    first
        .iter()
        .cloned()
        .chain(between)
        .chain(last.iter().cloned())
}

/// Another fault that the remedy fixes.
fn also(id: &str, names: &[String]) -> String {
    match names {
        [] => format!("The same remedy fixes {id}."),
        names => format!("The same remedy fixes {id} of {}.", tfa_doctor::list(names)),
    }
}

/// How many findings there are of each severity.
pub(crate) fn findings_counted(summary: &Summary) -> String {
    let Summary {
        holes,
        lock_outs,
        risks,
        advice,
        ..
    } = summary;
    format!("Holes: {holes}, lock-outs: {lock_outs}, risks: {risks}, advice: {advice}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(policy: Option<PolicyInForce>, required: Option<usize>) -> Summary {
        Summary {
            policy,
            verifiers_decide: false,
            required_from: None,
            must_enroll_from: None,
            enrolled: Some(1),
            login_users: Some(3),
            login_users_enrolled: Some(1),
            login_users_required: required,
            services: Some(vec!["sshd".to_owned()]),
            holes: 0,
            lock_outs: 0,
            risks: 0,
            advice: 0,
        }
    }

    #[test]
    fn no_service_is_said_to_ask_while_the_policy_is_off() {
        let text = |policy, required| sentences(&summary(policy, required));
        let off = text(Some(PolicyInForce::Off), None);
        assert!(off.contains("No service asks for a code"), "{off}");
        assert!(!off.contains("Services that ask"), "{off}");
        let optional = text(Some(PolicyInForce::Optional), None);
        let asks = "Services that ask enrolled users for a code: sshd.";
        assert!(optional.ends_with(asks), "{optional}");
        let some = text(Some(PolicyInForce::Required), Some(2));
        assert!(some.contains("not enough for 2 of 3 users"), "{some}");
        let all = text(Some(PolicyInForce::Required), Some(3));
        assert!(all.contains("not enough for any of the 3 users"), "{all}");
        let unknown = text(None, None);
        assert!(!unknown.contains("ask"), "{unknown}");
        assert!(!optional.contains("verifiers"), "{optional}");
    }

    #[test]
    fn policy_of_a_member_is_said_to_be_one_of_two() {
        let text = sentences(&Summary {
            verifiers_decide: true,
            ..summary(Some(PolicyInForce::Optional), None)
        });
        let begins =
            "Policy: optional. That is the policy of this member, and the verifiers apply theirs";
        assert!(text.starts_with(begins), "{text}");
    }
}
