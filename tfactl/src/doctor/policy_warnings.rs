//! The warnings of `tfad --check`, which the daemon itself only logs.

use super::missed::Missed;
use super::output::output;

const PROGRAM: &str = "/usr/sbin/tfad";
const WARNING: &str = "tfad: warning: ";
/// Of a rule that has had its time: nothing is wrong with it.
const ENDED: &str = "the exemption has ended on ";

/// The warnings. The errors are known from the daemon.
pub(super) fn collect(missed: &Missed) -> Vec<String> {
    let checked = missed.known(output(PROGRAM, &["--check"]));
    let text = checked.map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
    warnings(&text.unwrap_or_default())
}

fn warnings(text: &str) -> Vec<String> {
    let warnings = text.lines().filter_map(|line| line.strip_prefix(WARNING));
    let meant = warnings.filter(|warning| !warning.contains(ENDED));
    meant.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_and_ended_exemptions_are_no_warnings() {
        let text = "tfad: note: a rule has no end\n\
                    tfad: warning: /etc/tfa/tfad.toml.d/50-bob.conf is not read\n\
                    tfad: warning: /etc/tfa/tfad.toml line 3: the exemption has ended on 2026-01-01\n\
                    tfad: /etc/tfa/tfad.toml: no errors, 2 warnings\n";
        assert_eq!(
            warnings(text),
            ["/etc/tfa/tfad.toml.d/50-bob.conf is not read"]
        );
    }
}
