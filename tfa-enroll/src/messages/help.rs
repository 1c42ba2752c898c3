//! The help, and errors of the command line.

pub(crate) const ABOUT: &str = "Set up and manage your two-factor login";

pub(crate) const AFTER_HELP: &str = "\
Without a command, tfa-enroll shows the status and the available commands.
With a screen reader, use --qr none: the key is then shown as text only.
Codes are not accepted on the command line, because other users could see them.
Exit status: 0 success, 1 refused or failed, 2 wrong usage, 3 no daemon.";

pub(crate) const JSON_HELP: &str = "\
Keys of the JSON output, which do not change (see tfa-enroll(1)):
  user, uid                the login name and its number
  state                    none, pending, enabled or paused; empty if there is a
                           problem
  authenticators           the names of the authenticators
  pending_authenticator    a new phone waits for its first correct code
  backup_codes_left        the number of unused backup codes
  failures                 consecutive wrong codes in remote logins
  locked_until             the end of the lock for remote logins, or null
  permanently_locked       only the administrator can remove that lock
  console_failures, console_locked_until, console_permanently_locked
                           the same for logins at the console
  own_failures, own_locked_until, own_permanently_locked
                           the same for programs that run as you
  wrong_codes              wrong codes that no login has reported yet
  last_wrong_code, last_wrong_code_from
                           when and from where the last of them came, or null
  required                 the policy requires two-factor login
  grace_until              the end of the grace period, or null
  invited_until            the end of the validity of an invitation, or null
  devices                  reserved, always an empty array
  last_login               the time of the last login with a code, or null
  problem                  why the record cannot be used, or null
  note                     a note for the administrator, or null
Times are in RFC 3339 format, in UTC.";

pub(crate) const ALGORITHMS: &str = "\n  possible algorithms: SHA1, SHA256, SHA512";

pub(crate) const QR_FORMS: &str = "\n  possible forms: utf8, ascii, png:FILE, svg:FILE, none";
