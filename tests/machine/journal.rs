//! The journal of a machine.

use crate::machine::Machine;

impl Machine {
    /// Returns what a service or a program has logged since the boot, one line for each entry.
    /// `name` is a unit without `.service`, a syslog identifier or the name of a program.
    #[must_use]
    pub fn journal(&self, name: &str) -> String {
        self.succeed(["journalctl", "--sync"]);
        let mut words = vec![
            "journalctl".to_owned(),
            "--no-pager".to_owned(),
            "--quiet".to_owned(),
            "--boot".to_owned(),
        ];
        words.extend(matches_of(name));
        self.succeed(words)
    }

    /// Returns the whole journal, including earlier boots.
    #[must_use]
    pub fn whole_journal(&self) -> String {
        self.succeed(["journalctl", "--sync"]);
        self.succeed(["journalctl", "--no-pager", "--quiet"])
    }

    /// Waits until `name` (as in [`journal`](Self::journal)) has logged `text` since the boot, and
    /// returns the line.
    #[track_caller]
    pub fn expect_in_journal(&self, name: &str, text: &str) -> String {
        const FOLLOW: &str = r#"
            text=$1; shift
            exec 3< <(exec journalctl --follow --boot --lines=all --quiet "$@")
            trap 'kill $!' EXIT
            grep --max-count=1 --fixed-strings -- "$text" <&3"#;
        let mut words = ["timeout", "30", "bash", "-c", FOLLOW, "bash", text]
            .map(str::to_owned)
            .to_vec();
        words.extend(matches_of(name));
        let output = self.run(words);
        if !output.success() {
            panic!(
                "{name} has not logged {text:?}, but:\n{}",
                self.journal(name)
            );
        }
        output.stdout
    }
}

/// The matches for journalctl, any of which selects an entry.
fn matches_of(name: &str) -> Vec<String> {
    let mut fields = vec![
        format!("_SYSTEMD_UNIT={name}.service"),
        format!("UNIT={name}.service"),
        format!("SYSLOG_IDENTIFIER={name}"),
        format!("_COMM={name}"),
    ];
    // From OpenSSH 9.8 on, a program of its own serves each connection.
    if name == "sshd" {
        fields.push("SYSLOG_IDENTIFIER=sshd-session".to_owned());
    }
    fields.join(" + ").split(' ').map(str::to_owned).collect()
}
