//! The help of `tfactl import`.

pub(crate) const IMPORT_HELP: &str = "\
Without --apply, nothing changes: the daemon checks the import, and the command
prints what would happen to each user.
A user who has enrolled here with another key is refused. A repeated import of
the same keys only marks the codes as used that were used in the meantime.
Keys of the JSON output, which do not change (see tfactl(8)):
  applied                  whether --apply was given
  users                    an array of objects: user, file, line, outcome
                           (imported, updated, unchanged or refused), why (of a
                           refusal, or null), authenticators (an array: kind,
                           name, algorithm, digits, period and counter, each of
                           the last two or null), weak (the number of keys
                           shorter than 128 bits), backup_codes (their number),
                           notes (an array of texts)
  problems                 an array of what is wrong with files
Exit status: 1 if a user is refused, or a file cannot be read.";

pub(crate) const IMPORT_GOOGLE_USAGE: &str = "\
tfactl import google-authenticator --homes [OPTION...]
       tfactl import google-authenticator FILE... [OPTION...]";

pub(crate) const IMPORT_GOOGLE_HELP: &str = "\
--homes needs root, and reads the file .google_authenticator in the home of each
user, with the rights of the user. Homes that are not there are reported.
A FILE of that name belongs to its owner, and is root's only in root's home. Any
other FILE has the name of its user, and that user or root owns it. Else give
USER=FILE. Scratch codes become backup codes. Codes that were used stay used.";

pub(crate) const IMPORT_LIST_HELP: &str = "\
The file must belong to root or to you, and be no link. A user may have several
lines. Without a last code, all codes until the import count as used.
If a line is wrong, nothing is imported.";

pub(crate) const IMPORT_URI_HELP: &str = "\
The user of a URI is the account in its label: what follows the issuer. If there
is no such user, what follows the last @ of it is left out.
All codes until the import count as used.
If a line is wrong, nothing is imported.
The file must belong to root or to you, and be no link.";

pub(crate) const IMPORT_MIGRATION_HELP: &str = "\
The URI is what the QR code of an export says; several stand one in each line.
While the command runs, other users can see a URI on the command line (ps).
Use - and enter it, or read it from a file:
  tfactl import otpauth-migration - <FILE
The user is found as by tfactl import otpauth.";

pub(crate) const IMPORT_PSKC_HELP: &str = "\
The keys may be plain, or encrypted by AES-128-CBC with a MAC. The passphrase,
or the key in hex, is the first line of its file.
A token belongs to the user that it names: UserId, or the UID in it. With
--users, each line of that file has a serial number and the user of the token.
All codes until the import count as used.
If a key is wrong, nothing is imported. The files must belong to root or to you,
and be no links.";

pub(crate) const IMPORT_CSV_HELP: &str = "\
A line is SERIAL,KEY,TYPE,DIGITS,STEP or COUNTER. The key is in hex, and TYPE is
TOTP or HOTP. With --users, each line of that file has a serial number and the
user of the token. Without it, the first column has the user.
All codes until the import count as used.
If a line is wrong, nothing is imported.
The file must belong to root or to you, and be no link.";
