//! Why polkit does not allow a call. Each text is a clause: the commands write "Not allowed:" in front
//! of it.

/// A call that no answer of polkit authorizes.
pub const ROOT_ONLY: &str = "only root may do that";
/// A rule denies it, without a question.
pub const DENIED_BY_RULE: &str = "the polkit rules of this host do not allow it";
/// The call does not have the flag for interactive authorization.
pub const NOT_INTERACTIVE: &str =
    "polkit has to ask for a password, which this call does not allow";
/// polkit found no agent that could ask.
pub const NO_AGENT: &str =
    "polkit has to ask for a password, and found no authentication agent for this program";
/// The user did not authenticate.
pub const NOT_AUTHENTICATED: &str = "the password, or a code after it, was wrong or missing";
/// The reply has other types than the contract of polkit.
pub const BAD_REPLY: &str = "the reply of polkit is not valid";

/// The call to polkit failed.
#[must_use]
pub fn polkit_failed(error: &dyn std::fmt::Display) -> String {
    format!("polkit does not answer ({error}); see: systemctl status polkit")
}
