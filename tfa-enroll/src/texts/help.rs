//! The help, and what the command line refuses.

pub(crate) const ABOUT: &str = "Two-factor login: set it up and look after it";

pub(crate) const AFTER_HELP: &str = "\
Without a command it shows whether two-factor login is on, and what can be done.
With a screen reader, --qr none leaves the picture out; the key comes as text.
Codes are never taken from the command line: others could read them there.
Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 daemon not reachable.";

pub(crate) const JSON_HELP: &str = "\
Keys of the JSON form, which stay as they are:
  user, uid                the login name and its number
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
  required                 the administrator requires two-factor login
  grace_until              until when a login works without it, or null
  invited_until            until when an invitation is good, or null
  devices                  the remembered devices
  last_login               when a code was last accepted at a login, or null
  problem                  why the record cannot be used, or null
Times are RFC 3339 in UTC.";

pub(crate) const QR_FORMS: &str = "\n  the forms are utf8, ascii, png:FILE, svg:FILE and none";
