//! How much memory a dialog takes. A member tells most of what it holds, so that a number of dialogs alone is no
//! bound of the memory.

use tfa_core::{LoginOrigin, SshKey};

use super::sessions::Session;

/// The memory of the dialogs of one host of a fleet together, in bytes. Its oldest dialog ends where a further one has
/// no room.
pub(super) const MAX_OF_HOST: usize = 4 * 1024 * 1024;
/// The memory of the dialogs of all members together, in bytes. A further one is refused.
pub(super) const MAX_OF_MEMBERS: usize = 64 * 1024 * 1024;
/// The memory of the dialogs of this host, in bytes. Members take nothing of it.
pub(super) const MAX_OF_THIS_HOST: usize = 32 * 1024 * 1024;
/// What a dialog takes beside what is counted: its state, the entries of maps.
const BASE: usize = 3072;

/// The memory of a dialog without the record of the account, in bytes.
pub(super) fn of(session: &Session) -> usize {
    let attempt = &session.attempt;
    let (context, login) = (&attempt.context, &attempt.login);
    let texts = [
        &context.service,
        &context.rhost,
        &context.tty,
        &context.seat,
        &context.ruser,
        &context.ssh_auth_info,
        &login.service,
        &attempt.caller.name,
        &attempt.user.name,
    ];
    let texts = texts.into_iter().chain(&attempt.from_member);
    let texts = texts.chain(&attempt.user.aliases);
    let origin = match &login.origin {
        LoginOrigin::Name(name) => name.len(),
        _ => 0,
    };
    let others = [
        BASE,
        origin,
        size_of_val(attempt.user.aliases.as_slice()),
        size_of::<SshKey>().saturating_mul(login.keys.len()),
        login.subject.memory(),
    ];
    texts.map(String::len).chain(others).sum()
}
