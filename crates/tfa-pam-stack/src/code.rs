//! The return codes of PAM, and sets of them.

use std::fmt;

/// The names of the codes in a control, by number; `default` follows them.
pub(crate) const NAMES: [&str; 32] = [
    "success",
    "open_err",
    "symbol_err",
    "service_err",
    "system_err",
    "buf_err",
    "perm_denied",
    "auth_err",
    "cred_insufficient",
    "authinfo_unavail",
    "user_unknown",
    "maxtries",
    "new_authtok_reqd",
    "acct_expired",
    "session_err",
    "cred_unavail",
    "cred_expired",
    "cred_err",
    "no_module_data",
    "conv_err",
    "authtok_err",
    "authtok_recover_err",
    "authtok_lock_busy",
    "authtok_disable_aging",
    "try_again",
    "ignore",
    "abort",
    "authtok_expired",
    "module_unknown",
    "bad_item",
    "conv_again",
    "incomplete",
];

/// A value that a module or a stack returns: 0 to 31, or [`Code::INVALID`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u8);

macro_rules! codes {
    ($($name:ident = $number:literal),* $(,)?) => {
        impl Code {
            $(#[doc = concat!("`PAM_", stringify!($name), "`.")] pub const $name: Self = Self($number);)*
        }
    };
}

codes! {
    SUCCESS = 0,
    SERVICE_ERR = 3,
    PERM_DENIED = 6,
    AUTH_ERR = 7,
    AUTHINFO_UNAVAIL = 9,
    USER_UNKNOWN = 10,
    MAXTRIES = 11,
    NEW_AUTHTOK_REQD = 12,
    SESSION_ERR = 14,
    CRED_ERR = 17,
    CONV_ERR = 19,
    AUTHTOK_ERR = 20,
    IGNORE = 25,
    ABORT = 26,
    MODULE_UNKNOWN = 28,
    INCOMPLETE = 31,
}

impl Code {
    /// Any number that is not a code of PAM.
    pub const INVALID: Self = Self(32);

    /// The code of that number.
    #[must_use]
    pub fn from_number(number: i32) -> Self {
        let number = u8::try_from(number).ok();
        number
            .filter(|number| *number < 32)
            .map_or(Self::INVALID, Self)
    }

    /// The code of that name, as controls write it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|code| code.name() == name)
    }

    /// The number in libpam, 32 for [`Code::INVALID`].
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }

    /// The name as controls write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.get(usize::from(self.0)).copied().unwrap_or("invalid")
    }

    /// The codes of PAM, without [`Code::INVALID`].
    pub fn all() -> impl Iterator<Item = Self> {
        (0..32).map(Self)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A set of codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codes(u64);

impl Codes {
    /// Each code, and [`Code::INVALID`].
    pub const ANY: Self = Self((1 << 33) - 1);
    /// Each code that is neither success nor a request: what a module returns to refuse or to report
    /// an error.
    pub const REFUSALS: Self = Self::of(&[
        Code::SUCCESS,
        Code::IGNORE,
        Code::NEW_AUTHTOK_REQD,
        Code::MODULE_UNKNOWN,
        Code::INCOMPLETE,
        Code::INVALID,
    ])
    .complement();

    /// The set of these codes.
    #[must_use]
    pub const fn of(codes: &[Code]) -> Self {
        let (mut bits, mut rest) = (0, codes);
        while let [first, others @ ..] = rest {
            bits |= 1 << first.0;
            rest = others;
        }
        Self(bits)
    }

    /// The codes of both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The codes of this set that are not in the other.
    #[must_use]
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The codes of this set that are in the other too.
    #[must_use]
    pub(crate) const fn only(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    const fn complement(self) -> Self {
        Self(Self::ANY.0 & !self.0)
    }

    /// Whether the code is in the set.
    #[must_use]
    pub fn contains(self, code: Code) -> bool {
        self.0 & (1 << code.0) != 0
    }

    /// The codes, the usual ones first.
    pub fn iter(self) -> impl Iterator<Item = Code> {
        let usual = [
            Code::SUCCESS,
            Code::AUTH_ERR,
            Code::PERM_DENIED,
            Code::SESSION_ERR,
        ];
        let others = (0..33).map(Code).filter(move |code| !usual.contains(code));
        usual
            .into_iter()
            .chain(others)
            .filter(move |code| self.contains(*code))
    }
}
