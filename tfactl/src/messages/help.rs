//! The help, and what the command line refuses.

pub(crate) const ABOUT: &str = "Two-factor login of this host's users, for administrators";

pub(crate) const AFTER_HELP: &str = "\
Root may do all this; anybody else is asked for an administrator's password.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 daemon not reachable.";

pub(crate) const LIST_HELP: &str = "\
Without a filter: everybody who has a record, or every member of the group.
--disabled and --required go by the accounts that getent passwd lists with a
login shell and a uid of people's (UID_MIN and UID_MAX of /etc/login.defs),
--required by root's as well; a directory that does not enumerate is not seen.
REQUIRED is yes, no, or the moment from which on a login needs it; - while that
cannot be known.
The JSON form is an array of what tfactl show --json prints.";

pub(crate) const JSON_HELP: &str = "\
Keys of the JSON form, which stay as they are:
  user, uid                the login name and its number; null for the number of
                           a user whom the system does not know
  state                    none, pending (not finished), enabled or paused;
                           empty where there is a problem
  authenticators           the names of the phones and apps
  offer_pending            a new phone was offered and has not yet proved itself
  backup_codes_left        how many
  failures                 wrong codes in a row over the network
  locked_until             no code is accepted over the network before, or null
  locked_for_good          the administrator has to unlock
  console_failures, console_locked_until, console_locked_for_good
                           the same at the machine itself
  required                 the policy requires two-factor login of this user;
                           null while the policy cannot be read
  grace_until              until when a login works without it, or null
  invited_until            until when an invitation is good, or null
  devices                  the remembered devices
  last_login               when a code was last accepted at a login, or null
  problem                  why the record cannot be used, or null
  note                     what else to know of the record, or null
Times are RFC 3339 in UTC.";

pub(crate) const RENAME_USAGE: &str = "tfactl rename OLD NEW\n       tfactl rename --map FILE";

pub(crate) const RENAME_HELP: &str = "\
NEW is a user of this host; the record takes that user's uid. With the same name
twice the record takes the uid that the user has now: tfactl rename alice alice
No record is overwritten, and none is taken from somebody who is still there.
The whole map is checked first; then each record moves in one change, and those
that change places move together. After an interruption give the same command
again.";

pub(crate) const INVITE_HELP: &str = "\
The word is the first line of the output. It is of use where the policy lets
nobody set up without one, and works once, for 90 days at most.
Keys of the JSON form: user, invitation (the word), until.";

pub(crate) const EXPLAIN_HELP: &str = "\
Nothing is asked, changed or logged in: the daemon says what it would do now,
or at the DATE, under the policy in force, or under the FILE's. Without --from,
sshd is reached from a host that no rule names (192.0.2.1, of a network for
documentation), su, sudo and polkit inside a session, and all else at a console
of this machine. A screen locker mostly runs as the user: --from own.
Without --method a password is given.
Keys of the JSON form, which stay as they are:
  user, service            as they were given
  from                     the host, local (a console), session or own
  method                   the method of ssh, or null for another service
  at                       when
  files                    the files of the policy; empty for the one in force
  outcome                  code (asked for one), nothing (asked for nothing),
                           notified (of the end of the grace), offered (the
                           set-up), set-up (nothing without it) or refused
  reason                   why nothing is asked (off, not-set-up, paused,
                           not-guarded, not-asked), how it is told
                           (once-a-session) or why it is refused (too-late,
                           undetermined, not-verified, must-enroll, not-invited,
                           locked, unusable), or null
  rule                     file and line of what decides; null for the default,
                           and where no rule decides (not-guarded, not-asked,
                           locked, unusable)
  required                 the rule requires two-factor login
  grace_until              until when it goes on without, or null
  locked_until             no code is accepted from there before, or null
  locked_for_good          the administrator has to unlock
  audited, audited_reason  outcome and reason without audit mode, or null where
                           they are the same
  state                    as in tfactl show --json
  shown                    what the user sees first, or null
  unknown                  what could not be found out
Times are RFC 3339 in UTC.";

/// Where the policy stands.
pub(crate) const POLICY_FILE: &str = "/etc/tfa/tfad.toml";

pub(crate) const CHECK_HELP: &str = "\
The words are those of tfad --check. A FILE other than /etc/tfa/tfad.toml is a
draft: it may be yours, while the daemon takes only files that are root's and
that nobody else can write. Nothing is changed; to apply a policy:
systemctl reload tfad";

pub(crate) const IMPACT_HELP: &str = "\
Without FILE it is the policy in force, and the login is as in tfactl explain.
It goes by the accounts that getent passwd lists with a login shell and a uid
of people's or root's, and by everybody who has a record. Nothing is changed.
Keys of the JSON form, which stay as they are:
  service, from, method, at
                           the login, as in tfactl explain --json
  audit                    audit mode is on; now and later are as if it were off
  files                    the files of the policy; empty for the one in force
  now, later               later: once every grace is over. Each has the keys
                           code, nothing, notified, offered, set-up and refused
                           (as in tfactl explain --json) with the names of users
  unknown                  who have a record and are not known here
With --seen, an array of user, outcome, reason (or null), service, from (the
host of the last one, or date_time), count, last. Times are RFC 3339 in UTC.";

pub(crate) const NO_LENGTH: &str = "\n  a length of time is such as 12h, 3d or \"2 weeks\"";

pub(crate) const WRONG_LENGTH: &str = "\n  an invitation is good for a minute to 90 days";

pub(crate) const NO_MOMENT: &str =
    "\n  a date is such as 2026-12-01, \"2026-12-01 08:00\", 2026-12-01T08:00:00Z or +3d";

pub(crate) const BEYOND_TIME: &str = "\
That date is before 1970 or beyond every calendar. Nothing was asked.";
