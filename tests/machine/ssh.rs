//! SSH into the machine, from inside it or from another machine.

use crate::machine::Machine;
use crate::terminal::Terminal;

/// A client that stores no host keys and prints as little as possible, unless options change this.
const DEFAULTS: &[&str] = &[
    "-o",
    "StrictHostKeyChecking=no",
    "-o",
    "UserKnownHostsFile=/dev/null",
    "-o",
    "LogLevel=ERROR",
];

impl Machine {
    /// A keyboard-interactive login of `user` on a terminal. sshd must offer it: see
    /// [`offer_questions`](Self::offer_questions).
    pub fn ssh(&self, user: &str) -> Terminal {
        self.ssh_with(
            user,
            &["-o", "PreferredAuthentications=keyboard-interactive"],
        )
    }

    /// The same from this address.
    pub fn ssh_from(&self, address: &str, user: &str) -> Terminal {
        self.add_address(address);
        self.ssh_with(
            user,
            &[
                "-b",
                address,
                "-o",
                "PreferredAuthentications=keyboard-interactive",
            ],
        )
    }

    /// A login with options: `-i KEY`, `-o PreferredAuthentications=password`, a command after
    /// `--`, ….
    pub fn ssh_with(&self, user: &str, options: &[&str]) -> Terminal {
        self.ssh_to("localhost", user, options)
    }

    /// A login from this machine to another one, which is [connected](Self::connect) and has this
    /// address.
    pub fn ssh_to(&self, address: &str, user: &str, options: &[&str]) -> Terminal {
        self.terminal(client_words(address, user, options))
    }

    /// Adds lines to the configuration of sshd, in `/etc/ssh/sshd_config.d/NAME.conf`, and restarts
    /// it. Sessions continue. A reload would return before sshd listens again. The files are read
    /// in the order of their names, and the first value of a keyword is used.
    #[track_caller]
    pub fn configure_sshd(&self, name: &str, lines: &str) {
        self.write_file(
            &format!("/etc/ssh/sshd_config.d/{name}.conf"),
            format!("{lines}\n"),
        );
        self.succeed(["sshd", "-t"]);
        self.succeed(["systemctl", "restart", "ssh.service"]);
    }

    /// Enables questions of sshd (`KbdInteractiveAuthentication yes`), which Debian disables.
    pub fn offer_questions(&self) {
        self.configure_sshd("00-questions", "KbdInteractiveAuthentication yes");
    }

    /// Lets each user of this machine log in to it by SSH as the same user, by the machine's host key
    /// (`HostbasedAuthentication`).
    #[track_caller]
    pub fn trust_own_host_key(&self) {
        const TRUST: &str = r#"
            set -e
            printf 'localhost\nhost\n' >/etc/ssh/shosts.equiv
            echo 'EnableSSHKeysign yes' >/etc/ssh/ssh_config.d/keysign.conf
            for key in /etc/ssh/ssh_host_*_key.pub; do
                printf 'localhost,host,127.0.0.1,::1 %s\n' "$(cut -d' ' -f1,2 "$key")"
            done >/etc/ssh/ssh_known_hosts"#;
        self.succeed(["sh", "-c", TRUST]);
        self.configure_sshd(
            "00-hostbased",
            "HostbasedAuthentication yes\nHostbasedUsesNameFromPacketOnly yes",
        );
    }

    /// Creates a key for root's SSH client and authorizes it for `user`. Returns the path of the
    /// key, for `ssh_with(user, &["-i", path])`.
    pub fn authorize_key(&self, user: &str) -> String {
        const MAKE: &str = r#"
            set -e
            user=$1; home=$(getent passwd "$user" | cut -d: -f6)
            key=/root/.ssh/$user
            mkdir -p /root/.ssh
            ssh-keygen -q -t ed25519 -N '' -C "$user" -f "$key"
            install -d -m 700 -o "$user" -g "$(id -g "$user")" "$home/.ssh"
            cat "$key.pub" >>"$home/.ssh/authorized_keys"
            chown "$user:" "$home/.ssh/authorized_keys"
            chmod 600 "$home/.ssh/authorized_keys"
            echo "$key""#;
        self.succeed(["sh", "-c", MAKE, "sh", user])
            .trim()
            .to_owned()
    }
}

fn client_words(address: &str, user: &str, options: &[&str]) -> Vec<String> {
    let (options, command) = match options.iter().position(|word| *word == "--") {
        Some(place) => options.split_at(place),
        None => (options, [].as_slice()),
    };
    let host = format!("{user}@{address}");
    // ssh uses the first value of an option.
    let words = ["ssh"].iter().chain(options).chain(DEFAULTS);
    words
        .copied()
        .chain([host.as_str()])
        .chain(command.iter().skip(1).copied())
        .map(str::to_owned)
        .collect()
}
