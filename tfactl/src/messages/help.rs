//! The help, and errors of the command line.

/// The configuration of the daemon.
pub(crate) const POLICY_FILE: &str = "/etc/tfa/tfad.toml";

pub(crate) const ABOUT: &str = "Administer the two-factor login of users";

pub(crate) const AFTER_HELP: &str = "\
Root can run all commands. Others are asked for an administrator's password;
recovery, backup, restore and key are for root alone.

Exit status: 0 success, 1 refused or failed, 2 wrong usage, 3 no daemon.";

pub(crate) const LIST_HELP: &str = "\
Without a filter: all users who have a record, or all members of the group.
--disabled and --required also list users without a record: the accounts of this
host with a login shell and a uid from UID_MIN to UID_MAX of /etc/login.defs;
--required also lists root. Users of a directory that does not enumerate are
missing. If a directory does not answer, the command fails.
BACKUP is the number of unused backup codes.
REQUIRED is yes, no, or the time from which two-factor login is required.
A hyphen stands for a value that is not known.
If an error breaks the list off, the command says so and exits with status 1.
The JSON output is an array of the objects that tfactl show --json prints. After
an error its closing bracket is missing.";

pub(crate) const RENAME_USAGE: &str =
    "tfactl rename OLD NEW [--uid UID]\n       tfactl rename --map FILE";

pub(crate) const RENAME_HELP: &str = "\
NEW is a user of this host, whose uid the record gets. If only the uid has
changed, give the name twice: tfactl rename alice alice
With --uid as in tfactl invite.
No record is overwritten. The record of a user who still exists is not taken.
A map is checked as a whole first. Then each record is moved in one change, and
records that exchange their names are moved together. If the command is
interrupted, run it again.";

pub(crate) const ADD_USAGE: &str = "\
tfactl authenticator add USER --kind KIND --key-file FILE --name NAME";

pub(crate) const ADD_HELP: &str = "\
Logins accept the codes of the authenticator at once; no code confirms it.
A user who had none is then asked for its codes, and has no backup codes.
The key is text in base32 or hex, in either case, with any blanks and dashes.
It has 16 to 128 bytes. Delete the file afterwards.
Of a security key, the file is the .pub file of its SSH key. Only SSH logins use
it: elsewhere, a user who has nothing else and no backup codes is refused.
With --uid as in tfactl invite.
Keys of the JSON output: user, id, kind, name, uid, known.";

pub(crate) const INVITE_HELP: &str = "\
The first line of the output is the invitation code. It is required where the
policy does not allow enrollment without one, and can be used once.
On a verifier of a fleet that does not know the user, --uid is what id -u USER
prints on the member. The record then has this uid.
Keys of the JSON output: user, invitation (the invitation code), until, uid,
known (whether this verifier knows the user; null if --uid was not compared).";

pub(crate) const EXEMPT_USAGE: &str = "\
tfactl exempt USER --for LENGTH --reason TEXT [--uid UID] [--json]\n       tfactl exempt USER --end";

pub(crate) const EXEMPT_HELP: &str = "\
The exemption replaces an earlier one, ends by itself, and is logged at each
login that would ask for a code or for enrollment. The user is told of it.
It does not lift the requirement: meanwhile the user cannot pause two-factor
login, nor remove the last authenticator.
With --uid as in tfactl invite.
Keys of the JSON output: user, until, reason, uid, known.";

pub(crate) const EXEMPTIONS_HELP: &str = "\
The list has the rules and the policy in force that do not require a second
factor, audit mode, services that are not guarded, and users who are exempt or
paused. Grace periods are left out (tfactl policy impact shows them).
The JSON output is an array of objects. Its keys, which do not change; absent
values are null (see tfactl(8)):
  kind                     rule, policy, audit, not-guarded, user or pause
  user                     the login name, of user and pause
  service                  the PAM service, of not-guarded
  mode                     off, optional or required (not yet), of rule and
                           policy
  rule                     the file and line, of rule and policy
  until                    the end
  reason                   the reason
Times are in RFC 3339 format, in UTC.";

pub(crate) const DISABLE_HELP: &str = "\
A pause lasts until tfactl enable, or until the user resumes. It is refused for
a user of whom two-factor login is required. With --for and --reason, the user
is exempted for that time instead, as by tfactl exempt.";

pub(crate) const LOG_HELP: &str = "\
The entries come from the journal. Only those of root's programs count, so that
no user can forge one. Root and the members of the groups adm and
systemd-journal can read them.
The JSON output is one object a line. Its keys, which do not change; absent
values are null (see tfactl(8), and tfad(8) for the events):
  time                     the time
  event                    the kind of event, for example verified
  user, former_user        the login name; the name before a change of names
  service, origin          the PAM service, and the remote host or the terminal
  rule                     the file and line of the rule that decided
  until, reason            the end of an exemption, and the reason for it
  factor, authenticator    what the right answer was, and which authenticator
  caller_uid               the uid of the program that called the daemon
  priority                 the syslog level: 1 alert to 7 debug
  message                  the line of the log
Times are in RFC 3339 format, in UTC.";

pub(crate) const EXPLAIN_HELP: &str = "\
The login is only simulated: nothing is asked and nothing changes.
The default of --from depends on the service: for sshd a host that no rule names
(192.0.2.1, a documentation address), for su, sudo and polkit session, and for
other services local (a console). Many screen lockers run as the user: use own.
Without --method the login uses a password. The method publickey is a plain key,
publickey:sk a security key, publickey:cert a certificate. With --key, sshd has
accepted the key before the password; with --method publickey, the key alone.
--security-key is --key with the first security key that the user has enrolled.
With --host, groups are those on this verifier. --groups are all that the user
has there instead, by name or number as the policy names them; \"\" is none.
--uid as in tfactl invite; without --groups, the groups of such a user are
unknown.
Keys of the JSON output, which do not change (see tfactl(8)):
  user, service            the login name and the service
  host                     the value of --host, or null
  from                     the remote host, local, session or own
  method                   the SSH method, or null for another service
  key                      the fingerprint of the SSH key of the login, or null
  security_key             whether --security-key is set
  at                       the time of the login
  files                    the files of the policy; empty for the one in force
  published                the revision of the published policy, if that is in
                           force and was used, or null
  outcome                  code, nothing, notified (of the end of the grace
                           period), offered (the setup), set-up (must set up)
                           or refused
  reason                   of nothing: off, rule-off, not-set-up, paused,
                           exempt, security-key, security-key-confirmed,
                           remembered-device, not-guarded, not-required or
                           not-asked; of notified: once-a-session; of refused:
                           too-late, undetermined, not-verified, must-enroll,
                           not-invited, factor-not-accepted, locked or unusable;
                           or null
  phase                    the PAM phase that decides: auth, account or session;
                           null for not-asked
  rule                     the file and line that decides; null for the default,
                           and for not-guarded, not-asked, locked and unusable
  required                 that line requires two-factor login
  grace_until              the end of the grace period, or null
  exempt_until, exempt_reason
                           the end of the exemption that lets the login in, and
                           the reason for it, or null
  locked_until             the end of the lock for this login, or null
  permanently_locked       only the administrator can remove that lock
  lock_scope               what wrong codes of this login count on, and what a
                           lock applies to: known-origin, unknown-origins,
                           sessions, own-programs or console; null if no code
                           is asked for
  device, device_until     the remembered device that replaces the code, and the
                           end of its time, or null
  session_minutes          a code in the login session, less than so many
                           minutes ago, would replace the code; or null
  recovery_code            that of the host is accepted in place of the code
  audited, audited_reason  in audit mode, outcome and reason without it, if they
                           are different; otherwise null
  state                    as in tfactl show --json
  shown                    the first lines that the user sees, or null
  unknown                  what cannot be determined
  uid, groups              the values of --uid and --groups, or null
  offline                  of a login on another host of the fleet, what this
                           policy permits while that host reaches no verifier:
                           deny, console (root, without a code) or bound-codes;
                           otherwise null
Times are in RFC 3339 format, in UTC.";

pub(crate) const CHECK_HELP: &str = "\
The output is that of tfad --check. The daemon need not run. Any FILE other than
/etc/tfa/tfad.toml is checked as a draft, which any user can own. Nothing is
changed. Exit status: 0 also with warnings, such as a group that this host does
not know; with --strict 1. To apply a policy: systemctl reload tfad";

pub(crate) const IMPACT_HELP: &str = "\
Without FILE the policy in force is used. The login is simulated as in tfactl
explain. The users are root, the accounts that tfactl list --disabled goes
through, and all users who have a record.
Keys of the JSON output, which do not change (see tfactl(8)):
  service, from, method, security_key, at
                           the login, as in tfactl explain --json
  audit                    audit mode is on; now and later are without it
  files                    the files of the policy; empty for the one in force
  published                as in tfactl explain --json
  now, later               the names of users for each outcome: code, nothing,
                           notified, offered, set-up and refused; later is
                           after every grace period and exemption with an end
  changes_at, later_from   the times, by user, from which on the outcome is
                           another one, and from which on it is that of later
  after_first_login        the users for whom these are the earliest times,
                           because the grace period begins with a first login
  unknown                  users with a record who do not exist on this host
With --recorded: an array of user, outcome, reason (or null), service, from (the
remote host of the last login, or local), count, last.
Times are in RFC 3339 format, in UTC.";

pub(crate) const NOT_A_TIME_SPAN: &str =
    "\n  expected a time span, for example 12h, 3d or \"2 weeks\"";

pub(crate) const VALIDITY_OUT_OF_RANGE: &str =
    "\n  an invitation code can be valid for 1 minute to 90 days";

pub(crate) const TOKEN_VALIDITY_OUT_OF_RANGE: &str =
    "\n  a token can be valid for 1 minute to 7 days";

pub(crate) const EXEMPTION_OUT_OF_RANGE: &str = "\n  a user can be exempt for 1 minute to 90 days";

pub(crate) const NOT_A_TIME: &str = "\n  expected a time, for example 2026-12-01, \"2026-12-01 08:00\",\n  2026-12-01T08:00:00Z or +3d";

pub(crate) const TIME_OUT_OF_RANGE: &str = "\
The time is before 1970, or too far in the future.";
