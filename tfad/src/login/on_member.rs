//! What a login on a member of the fleet may not do.

use tfa_core::{Account, PolicyDecision};

/// The decision where the login is on a member. It begins no grace period, and root does not enroll in it: a member could
/// tell of a login of each user.
pub(super) fn decided(
    decision: PolicyDecision,
    account: Option<&Account>,
    uid: u32,
) -> PolicyDecision {
    let decision = decision.without_new_grace(account);
    PolicyDecision {
        enrolls_in_login: decision.enrolls_in_login && uid != 0,
        ..decision
    }
}
