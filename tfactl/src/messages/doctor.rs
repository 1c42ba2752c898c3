//! `tfactl doctor`.

use tfa_client::Terminal;
use tfa_doctor::{Finding, Severity};

use super::{indented, width};

pub(crate) const DOCTOR_HELP: &str = "\
Each finding has what was found, why it is dangerous, and the commands that mend
it. A path is a login that PAM lets in: the lines, and what the modules return.
Only root can run it. Nothing is changed. tfa-doctor(7) describes each finding.
Exit status: 0 nothing worse than advice, 1 a hole, a lock-out or a risk, or the
command failed, 2 wrong usage. If the daemon cannot be reached, that is a finding.
The JSON output is an array of objects. Its keys, which do not change:
  id           the name of the finding
  severity     hole, lock-out, risk or advice
  place        the file, with the line if there is one; or null
  names        what it applies to: PAM services, connections of sshd, users, ...
  what         what was found
  why          why it is dangerous
  remedy       how to mend it
  commands     the commands for that, which root runs in this order
  witness      the path: an array of lines; or null";

pub(crate) const DOCTOR_NEEDS_ROOT: &str =
    "only root may do that. Run the command as root, for example with sudo";

pub(crate) fn unknown_finding(id: &str) -> String {
    format!("there is no finding {id}; tfa-doctor(7) lists them")
}

pub(crate) fn records_read(count: usize) -> String {
    format!("Reading the records: {count}...")
}

pub(crate) fn names_not_read(database: &str) -> String {
    format!(
        "The users that Match lines of sshd tell apart are not all known: \"getent {database}\" failed."
    )
}

pub(crate) fn not_started(program: &str) -> String {
    format!("{program} could not be started")
}

pub(crate) fn not_examined(subject: &str) -> String {
    format!("not examined, because it took too long: {subject}")
}

pub(crate) fn asking_sshd(done: usize, count: usize) -> String {
    format!("Asking sshd about its connections: {done} of {count}...")
}

/// A finding, for a terminal.
pub(crate) fn finding(finding: &Finding, terminal: &Terminal) -> String {
    let width = width(terminal);
    let remedy = finding.remedy();
    let head = format!(
        "{}  {}",
        finding.kind.severity.name().to_uppercase(),
        finding.kind.id
    );
    let mut lines = vec![head, indented(&finding.what(), 2, width)];
    lines.push(indented(&format!("Danger: {}", finding.kind.why), 2, width));
    if !finding.witness.is_empty() {
        lines.push("  A login goes this way:".to_owned());
        // Lines that can be compared with the files are not wrapped.
        lines.extend(finding.witness.iter().map(|step| format!("    {step}")));
    }
    lines.push(indented(&format!("Remedy: {}", remedy.text), 2, width));
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

/// How many findings there are of each severity.
pub(crate) fn findings_counted(findings: &[Finding]) -> String {
    let count = |severity| {
        let of_severity = |finding: &&Finding| finding.kind.severity == severity;
        findings.iter().filter(of_severity).count()
    };
    let [holes, lock_outs, risks, advice] = Severity::ALL.map(count);
    format!("Holes: {holes}, lock-outs: {lock_outs}, risks: {risks}, advice: {advice}.")
}
