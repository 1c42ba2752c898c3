//! `tfactl fleet`, `tfactl host` and `tfactl join`.

use std::fmt::Display;
use std::path::Path;

use tfa_client::one_line;
use tfa_proto::{FleetHost, FleetHostState};
use tfa_text::time::date_time;

pub(crate) const FLEET_HELP: &str = "All steps: man tfa-fleet-setup";

pub(crate) const FLEET_INIT_HELP: &str = "\
Makes the authority of the fleet, which certifies its hosts, and keeps its key
sealed with the accounts. Then it certifies this host, writes the files
/etc/tfa/tfa-fleet.toml and /etc/tfa/tfad.toml.d/fleet.toml if they do not
exist, and starts tfa-fleet. Run it again to certify this host again.
With --etcd, the accounts of the fleet will be in etcd, so that it can have
several verifiers. This host must have no accounts yet. The certificates for
etcd are /etc/tfa/etcd/ca.pem, host.pem and key.pem. See: man tfa-fleet-setup
Only root can do that. The package tfa-fleet is needed.";

pub(crate) const INVITE_VERIFIER_HELP: &str = "\
The file NAME.invite of each host has the sealing key of the accounts and a
token, encrypted to a passphrase, which is the same for all. Copy it to the host
and run there: tfactl fleet join-verifier NAME.invite
Tell the passphrase over another channel, and delete the file afterwards: root
on a verifier can read every secret of the fleet, and so can a person with the
file and the passphrase. The accounts must be in etcd.
Only root can do that.";

pub(crate) const JOIN_VERIFIER_HELP: &str = "\
The host must be in no fleet, have no accounts, and reach etcd and a verifier.
The certificates for etcd must be where the other verifiers have theirs.
It gets the sealing key and a certificate, writes /etc/tfa/tfa-fleet.toml and
fleet.toml and store.toml in /etc/tfa/tfad.toml.d, and answers logins of members
from then on.
An error leaves the host as it was. The sealing key of before is kept as
/var/lib/tfa/key.before-fleet.
Only root can do that. The package tfa-fleet is needed.";

pub(crate) const FLEET_COMMAND_RUNS: &str = "\
another tfactl on this host joins or makes a fleet. Wait until it has ended, or
end it, and run this command again. Nothing was changed";

pub(crate) fn not_locked(path: &Path, error: &dyn Display) -> String {
    format!(
        "cannot lock {}: {error}. Nothing was changed",
        path.display()
    )
}

pub(crate) const ETCD_NEEDS_SYSTEMD: &str =
    "systemd does not run here. Set the host up by hand: tfa-fleet(8)";

pub(crate) const BAD_ENDPOINT: &str =
    "--etcd has a character that no URL of etcd has. Write https://NAME:PORT";

pub(crate) fn bad_endpoint(url: &str) -> String {
    format!(
        "{url:?} is no URL of etcd: write https://NAME:PORT. http:// is accepted for\n\
         127.0.0.1 and [::1] only. Nothing was changed"
    )
}

pub(crate) const ACCOUNTS_TO_MIGRATE: &str = "\
this host has accounts. Make the fleet without --etcd, then move the accounts, as
tfa-fleet-setup(7) says: Accounts that exist. Nothing was changed";

pub(crate) const HOSTS_TO_MIGRATE: &str = "\
this host has hosts of a fleet in its database: tfactl host list. Make the fleet
without --etcd, then move them, as tfa-fleet-setup(7) says: Accounts that exist.
Nothing was changed";

/// An invitation for another host, without a terminal.
pub(crate) fn invited_other(own: &str, invited: &str) -> String {
    format!("Warning: this host is called {own}, and the invitation is for {invited}.")
}

pub(crate) fn ask_other_name(own: &str, invited: &str) -> String {
    format!(
        "This host is called {own}, and the invitation is for {invited}.\n\
         Only that host may use it, once. Go on with this host? [y/N] "
    )
}

pub(crate) const INVITATION_UNUSED: &str = "The invitation was not used. Nothing was changed.";

/// A member would get another name, and there is no terminal.
pub(crate) fn joins_under_another_name(own: &str, invited: &str) -> String {
    format!(
        "this host has joined its fleet as {own}, and the token is for {invited}.\n\
         The token was not used. To give this host the name {invited}, add --yes"
    )
}

/// The same, on a terminal.
pub(crate) fn ask_for_another_name(own: &str, invited: &str) -> String {
    format!(
        "This host has joined its fleet as {own}, and the token is for {invited}.\n\
         With it, the host is called {invited} from now on. Go on? [y/N] "
    )
}

pub(crate) const INIT_AGAIN: &str = "\
The accounts of this host are in etcd now. Mend what follows, then run the
command again.";

pub(crate) const ETCD_HAS_A_STORE: &str = "\
this etcd has the accounts of a fleet, and this host does not have their key. On
a verifier of that fleet, run: tfactl fleet invite-verifier NAME";

pub(crate) const MEMBER_IS_NO_VERIFIER: &str = "\
this host is a member of a fleet. A verifier needs a host that is in none";

pub(crate) const IS_VERIFIER_ALREADY: &str = "\
this host is a verifier of that fleet. If it has joined under a wrong name, run
first: tfactl fleet leave. Nothing was changed";

pub(crate) const IS_VERIFIER_ELSEWHERE: &str = "\
this host is a verifier with a store of its own. A further verifier needs a host
that is in no fleet. Nothing was changed";

pub(crate) const OTHER_STORE_OPENED: &str =
    "tfad has not opened the store of the file. See: journalctl -u tfad";

/// A host that has joined, and is no verifier.
pub(crate) fn still_certified(host: &str) -> String {
    format!(
        "{host} has the certificate of a verifier in /var/lib/tfa-fleet. Join again with\n\
         the same file until it ends, or run on a verifier: tfactl host remove {host}"
    )
}

pub(crate) const FILE_UNUSABLE: &str = "\
the file names an etcd with characters that cannot be written to
/etc/tfa/tfa-fleet.toml. Set the host up by hand: tfa-fleet(8)";

pub(crate) const ASK_PASSPHRASE_OF_FILE: &str = "Passphrase of the file: ";

pub(crate) const PASSPHRASE_OF_VERIFIER: &str = "\
The passphrase encrypts the sealing key in each file. Choose one that cannot be
guessed, for example six random words. You need it once on each new verifier.";

pub(crate) fn file_exists(file: &dyn Display) -> String {
    format!("{file} exists, and is not replaced. Give another name")
}

pub(crate) const OUT_IS_FOR_ONE: &str =
    "--out names the file of one host. Without it, each host has a file NAME.invite";

pub(crate) fn no_name_of_host(name: &str) -> String {
    format!(
        "{name:?} is no name of a host: write it in lower case, without a dot at the end.\n\
         No file was written"
    )
}

pub(crate) fn named_twice(name: &str) -> String {
    format!("{name} is named twice. No file was written")
}

pub(crate) fn verifier_invited(host: &str, file: &dyn Display, until: u64) -> String {
    format!(
        "{file} is for {host} alone, once, until {until}.",
        until = date_time(until)
    )
}

/// After the last file.
pub(crate) const VERIFIERS_INVITED: &str = "\
Copy each file to its host, for example with scp. Install tfa and tfa-fleet
there, and run as root: tfactl fleet join-verifier FILE
Then delete the file on both hosts.";

/// An invitation has failed after others.
pub(crate) fn not_invited(host: &str) -> String {
    format!("{host} was not invited. The files named above are valid.")
}

pub(crate) fn etcd_not_connected(why: &str) -> String {
    format!(
        "etcd cannot be used: {why}\n\
         It answers as soon as most of its nodes run: make the other hosts nodes of it, then\n\
         run this command again. See: journalctl -u etcd. Nothing was changed"
    )
}

/// A further verifier serves.
pub(crate) fn joined_as_verifier(host: &str) -> String {
    format!(
        "{host} is a verifier of the fleet.\n\
         Members learn of it within half an hour, or when tfa-fleet is restarted there."
    )
}

pub(crate) fn not_taken_back(why: &str) -> String {
    format!(
        "The host keeps the accounts of the fleet, because they cannot be taken\n\
         away again: {why}\n\
         Mend what follows, then run: systemctl restart tfa-fleet tfad"
    )
}

pub(crate) const HOST_INVITE_HELP: &str = "\
The token is printed once. A host that has it can join once, under that name:
give it to the administrator of the host over a safe channel. There, run: tfactl
join
Keys of the JSON output: host, token, until.";

pub(crate) const HOST_LIST_HELP: &str = "\
Keys of the JSON output; absent values are null:
  name      the name of the host
  state     joined, invited, removed, or damaged (refused; remove it)
  verifier  whether it is a verifier
  joined    when it joined
  until     the end of its certificate, which renews itself, or invitation
  removed   when it was removed";

pub(crate) const HOST_REMOVE_HELP: &str = "\
From now on each call of the host is refused, also in logins that are under way.
Its open invitations become void. To let it join again: tfactl host invite NAME
A name that is not in the list of hosts is refused after a question, or with
--yes: it may be misspelled, or who can write to etcd has taken it out. The host
on which the command runs is removed after a question, too: to leave the fleet,
it has tfactl fleet leave.
Only root can remove a verifier. Members that name it trust it still: take it
out of their tfa-fleet.toml as well.";

pub(crate) const HOST_READMIT_HELP: &str = "\
This is for a fleet with certificates of the organisation. In a fleet with an
authority of its own, a host joins again with a token.";

pub(crate) const JOIN_HELP: &str = "\
Without TOKEN, the token is read from the terminal or the standard input. Other
users of this host can see arguments while the command runs.
The host must have no accounts of its own. A member that joins again, because
its certificate has ended, gets a new certificate and nothing else.
A token is for one host. A member that has another name in its fleet takes the
name of the token after a question, or with --yes.
Only root can do that. The package tfa-fleet is needed.";

pub(crate) const FLEET_NEEDS_ROOT: &str = "only root may do that";

pub(crate) const ASK_FOR_TOKEN: &str = "Token: ";

/// A token was pasted with a line break in it.
pub(crate) const ASK_FOR_MORE_OF_TOKEN: &str = "The rest of the token: ";

pub(crate) const NO_PART_OF_TOKEN: &str = "\
a part of the token is missing, and the last line is not part of it. The token was not used.
Copy the whole token, and run again: tfactl join";

pub(crate) const TOKEN_TOO_LONG: &str = "this is too long for a token of tfactl host invite";

pub(crate) const NO_TOKEN: &str = "there is no token. On a verifier, run: tfactl host invite";

pub(crate) fn joining(host: &str) -> String {
    format!("Joining the fleet as {host}.")
}

pub(crate) const MEMBER_CANNOT_INIT: &str = "\
this host is a member of a fleet. Only a host with accounts of its own can be
its first verifier";

pub(crate) const VERIFIER_CANNOT_JOIN: &str =
    "this host is a verifier: it does not join another fleet";

pub(crate) const ACCOUNTS_IN_THE_WAY: &str = "\
this host has accounts, or had some, which a member does not use. Put the database
aside, join again, and have the users enroll here with tfa-enroll. Until then no
code is asked for:
  systemctl stop tfad
  mv /var/lib/tfa/accounts.db* /var/lib/tfa/key.id /root/
  systemctl start tfad";

pub(crate) fn config_in_the_way(path: &Path) -> String {
    format!(
        "{} exists: this host is set up for a fleet by hand",
        path.display()
    )
}

pub(crate) fn no_host_name(why: &dyn Display) -> String {
    format!("the name of this host is not known: {why}. Use --name NAME")
}

pub(crate) fn no_fleet_program(why: &dyn Display) -> String {
    format!("tfa-fleet cannot be used: {why}. Install the package tfa-fleet")
}

pub(crate) fn not_written(path: &Path, error: &dyn Display) -> String {
    format!("{}: {error}. Nothing was changed", path.display())
}

pub(crate) fn not_connected(why: &str) -> String {
    format!("the verifiers cannot be reached: {why}")
}

/// A member that has a new certificate, and does not reach a verifier with it.
pub(crate) fn certified_anew(host: &str) -> String {
    format!(
        "{host} has a new certificate, and tfa-fleet was started with it. The one of before is\n\
         refused. See: systemctl status tfa-fleet"
    )
}

pub(crate) const TOKEN_IS_GOOD: &str = "\
The files of before are in their place. The token can be used again here until it
ends: tfactl join";

pub(crate) const JOINING_INTERRUPTED: &str = "Cancelled.";

/// A fault that keeps tfa-fleet from starting.
pub(crate) fn fleet_fault(path: &str, why: &str) -> String {
    let hint = match path.starts_with("/etc/tfa/etcd/") {
        true => ".\nMake this host a node of etcd first: man tfa-fleet-setup",
        false => "",
    };
    format!("tfa-fleet would not start: {path}: {why}{hint}")
}

pub(crate) const WAITING_FOR_ETCD: &str = "Waiting for etcd.";

pub(crate) fn unit_failed(what: &str, why: &dyn Display) -> String {
    format!("{what} failed: {why}. See: journalctl -u tfa-fleet -u tfad")
}

pub(crate) const CANNOT_TELL_WHY: &str = "tfa-fleet does not run";

pub(crate) const WHY_UNKNOWN: &str = "it is not known why";

/// The first verifier has its certificate.
pub(crate) fn fleet_made(host: &str, is_new: bool) -> String {
    if is_new {
        format!("The fleet has an authority, and {host} is its first verifier.")
    } else {
        format!("The fleet keeps its authority. {host} has a new certificate.")
    }
}

/// Files that exist and were not changed.
pub(crate) fn kept(path: &Path, lines: &str) -> String {
    format!(
        "{} exists and was not changed. It needs the lines:\n\n{lines}\n\
         and no lines with ca, certificate and key, to use the certificates of the fleet.\n\
         Then run: systemctl restart tfa-fleet tfad",
        path.display()
    )
}

pub(crate) const WHAT_NEXT: &str = "\
For each further host, run here:  tfactl host invite NAME
and on that host:                 tfactl join";

pub(crate) const WHAT_NEXT_WITH_ETCD: &str = "\
For further verifiers, run:  tfactl fleet invite-verifier NAME...
and on each of them:         tfactl fleet join-verifier NAME.invite
For each member, then run:   tfactl host invite NAME
and on that host:            tfactl join";

pub(crate) const START_UNITS: &str = "\
systemd does not run here. Start tfa-fleet, and restart tfad.";

/// The token, in a line of its own.
pub(crate) fn host_invitation(host: &str, token: &str, until: u64) -> String {
    format!(
        "{token}\n\n\
         With this token, {host} can join the fleet once, until\n\
         {until}. It is not shown again. Earlier ones for {host} are void.\n\
         Do not give it to others. On {host}, run as root: tfactl join",
        until = date_time(until)
    )
}

pub(crate) fn joined(host: &str) -> String {
    format!(
        "{host} is a member of the fleet. Its verifiers answer the logins.\n\
         Users enroll once, on any host of the fleet: tfa-enroll"
    )
}

pub(crate) fn joined_again(host: &str) -> String {
    format!("{host} has a new certificate.")
}

/// A second verifier needs the store of the fleet, which is set up by hand.
pub(crate) fn certified_as_verifier(host: &str, lines: &str) -> String {
    format!(
        "{host} has the certificate of a verifier. To finish:\n\
         1. Write /etc/tfa/tfa-fleet.toml with this line and the [etcd] of the fleet:\n\n   {lines}\n\n\
         2. Copy the sealing key of the other verifiers: tfad(8), etcd.\n\
         3. Add the [fleet] and [store] lines to tfad.toml, as on the other verifiers.\n\
         4. Run: systemctl enable --now tfa-fleet; systemctl restart tfad"
    )
}

pub(crate) fn host_removed(host: &str) -> String {
    format!("{host} was removed from the fleet, and is refused from now on.")
}

pub(crate) fn unknown_host_needs_yes(host: &str) -> String {
    format!(
        "No host of this fleet has the name {host}: tfactl host list. Nothing was changed.\n\
         To refuse this name from now on anyway: tfactl host remove {host} --yes"
    )
}

pub(crate) fn ask_to_refuse_unknown_host(host: &str) -> String {
    format!(
        "No host of this fleet has the name {host}: tfactl host list.\n\
         Refuse this name from now on anyway? [y/N] "
    )
}

pub(crate) fn own_host_needs_yes(host: &str) -> String {
    format!(
        "{host} is this host. Members and the other verifiers would refuse it.\n\
         To take this host out of the fleet, run here: tfactl fleet leave\n\
         Nothing was changed. To remove it anyway: tfactl host remove {host} --yes"
    )
}

pub(crate) fn ask_to_remove_itself(host: &str) -> String {
    format!(
        "{host} is this host. Members and the other verifiers will refuse it.\n\
         To take this host out of the fleet, run here: tfactl fleet leave\n\
         Remove it anyway? [y/N] "
    )
}

pub(crate) const NOT_REMOVED: &str = "No host was removed. Nothing was changed.";

/// A name that is not in the list of hosts.
pub(crate) fn host_refused_by_name(host: &str) -> String {
    format!(
        "Each host with a certificate for {host} is refused from now on.\n\
         No host of this name was in the list of hosts: check the spelling."
    )
}

/// A verifier has had the key of the authority.
pub(crate) fn verifier_removed(host: &str) -> String {
    format!(
        "The removed host was a verifier:\n  {host}\n\
         Members whose /etc/tfa/tfa-fleet.toml names it still trust it. On these, take it\n\
         out of that file, and restart tfa-fleet. Other members forget it.\n\
         It serves them until it is stopped. There, run: tfactl fleet leave\n\
         Take it out of etcd too: tfa-fleet-setup(7), Leaving a fleet.\n\
         If another person may have been root there, the key of the authority is known:\n\
         make a new fleet, and let each host join it."
    )
}

/// The file was written by hand, so it is not changed.
pub(crate) fn verifiers_of_fleet(path: &Path, line: &str) -> String {
    format!(
        "{} was written by hand and was not changed. The fleet has these verifiers:\n\n  {line}",
        path.display()
    )
}

pub(crate) fn host_readmitted(host: &str) -> String {
    format!("{host} may use its certificate again.")
}

pub(crate) const NO_HOSTS: &str = "No host has joined, and none is invited or removed.";

/// The list of hosts, as a table.
pub(crate) fn hosts(hosts: &[FleetHost]) -> String {
    // A document in etcd may have any name.
    let names: Vec<_> = hosts.iter().map(|host| one_line(&host.name)).collect();
    let width = names.iter().map(|name| name.chars().count()).max();
    let width = width.unwrap_or_default().max("HOST".len());
    let head = format!("{:width$}  ROLE      STATE", "HOST");
    let rows = hosts.iter().zip(&names).map(|(host, name)| {
        let is_removed = host.state.known() == Some(FleetHostState::Removed);
        let role = match host.port {
            // What it was is not kept.
            _ if is_removed => "-",
            Some(_) => "verifier",
            None => "member",
        };
        let state = state_of(host);
        format!("{name:width$}  {role:8}  {state}")
    });
    let rows: Vec<String> = std::iter::once(head).chain(rows).collect();
    rows.join("\n")
}

fn state_of(host: &FleetHost) -> String {
    let at = |time: Option<u64>| time.map_or_else(|| "an unknown time".to_owned(), date_time);
    match host.state.known() {
        Some(FleetHostState::Joined) => format!("certified until {}", at(host.until)),
        Some(FleetHostState::Invited) => format!("invited until {}", at(host.until)),
        Some(FleetHostState::Removed) => format!("removed at {}", at(host.removed)),
        Some(FleetHostState::Damaged) => "damaged: refused; remove it".to_owned(),
        None => host.state.name().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_of_a_host_makes_no_row_of_its_own() {
        let host = |name: &str| FleetHost {
            name: name.to_owned(),
            ..FleetHost::default()
        };
        let table = hosts(&[host("web7\u{1b}[31m\nweb6.test  member"), host("web8.test")]);
        assert_eq!(table.lines().count(), 3, "{table}");
        assert!(
            table.contains(r"web7\u{1b}[31m\u{a}web6.test  member"),
            "{table}"
        );
    }
}
