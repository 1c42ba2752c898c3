//! The calls of an owner that a member of a fleet passes on to a verifier: `docs/adr/0088-calls-of-owners-on-members.md`.

/// A method of `org.tfad.Tfa1.Account`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "org.tfad.Tfa1(5) has them, under these names")]
pub enum Method {
    Status,
    Devices,
    ForgetDevice,
    ForgetDevices,
    Setup,
    SetupSecurityKey,
    Confirm,
    Abandon,
    Resynchronize,
    Test,
    Add,
    AddSecurityKey,
    Move,
    MoveToSecurityKey,
    NewBackupCodes,
    NewBoundCodes,
    Pause,
    Resume,
    Remove,
    RenameAuthenticator,
    RemoveAuthenticator,
}

/// What a member asks for before it passes a call on. What the verifier requires is decided there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asks {
    /// Nothing.
    Nothing,
    /// The password of the user.
    Password,
    /// The password. The code that a login for it has used counts for the call.
    PasswordForProof,
}

/// A method with its name, the signatures of its arguments and its result, and what a member asks for.
type Row = (Method, &'static str, &'static str, &'static str, Asks);

const TABLE: [Row; 21] = [
    (Method::Status, "Status", "", "a{sv}", Asks::Nothing),
    (Method::Devices, "Devices", "", "aa{sv}", Asks::Nothing),
    (Method::ForgetDevice, "ForgetDevice", "u", "", Asks::Nothing),
    (
        Method::ForgetDevices,
        "ForgetDevices",
        "",
        "u",
        Asks::Nothing,
    ),
    (Method::Setup, "Setup", "a{sv}", "a{sv}", Asks::Password),
    (
        Method::SetupSecurityKey,
        "SetupSecurityKey",
        "a{sv}",
        "as",
        Asks::Password,
    ),
    (Method::Confirm, "Confirm", "s", "as", Asks::Nothing),
    (Method::Abandon, "Abandon", "", "", Asks::Nothing),
    (
        Method::Resynchronize,
        "Resynchronize",
        "ss",
        "u",
        Asks::Nothing,
    ),
    (Method::Test, "Test", "s", "s", Asks::Nothing),
    (
        Method::Add,
        "Add",
        "sa{sv}",
        "a{sv}",
        Asks::PasswordForProof,
    ),
    (
        Method::AddSecurityKey,
        "AddSecurityKey",
        "sa{sv}",
        "u",
        Asks::PasswordForProof,
    ),
    (
        Method::Move,
        "Move",
        "sa{sv}",
        "a{sv}",
        Asks::PasswordForProof,
    ),
    (
        Method::MoveToSecurityKey,
        "MoveToSecurityKey",
        "sa{sv}",
        "u",
        Asks::PasswordForProof,
    ),
    (
        Method::NewBackupCodes,
        "NewBackupCodes",
        "s",
        "as",
        Asks::PasswordForProof,
    ),
    // The member makes the codes, and passes on the proof and the id of the set.
    (
        Method::NewBoundCodes,
        "NewBoundCodes",
        "s",
        "as",
        Asks::PasswordForProof,
    ),
    (Method::Pause, "Pause", "s", "", Asks::PasswordForProof),
    (Method::Resume, "Resume", "s", "", Asks::PasswordForProof),
    (Method::Remove, "Remove", "s", "", Asks::PasswordForProof),
    (
        Method::RenameAuthenticator,
        "RenameAuthenticator",
        "uss",
        "",
        Asks::PasswordForProof,
    ),
    (
        Method::RemoveAuthenticator,
        "RemoveAuthenticator",
        "us",
        "",
        Asks::PasswordForProof,
    ),
];

impl Method {
    /// The method of a name; `None` for one that is not passed on.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let row = TABLE.iter().find(|row| row.1 == name);
        row.map(|row| row.0)
    }

    /// The name.
    pub(crate) fn name(self) -> &'static str {
        self.row().1
    }

    /// The signature of the arguments.
    pub(crate) fn arguments(self) -> &'static str {
        self.row().2
    }

    /// The signature of the result.
    pub(crate) fn result(self) -> &'static str {
        self.row().3
    }

    /// What a member asks for.
    pub(crate) fn asks(self) -> Asks {
        self.row().4
    }

    /// Whether the call changes nothing, so that it may be made twice.
    pub(crate) const fn only_reads(self) -> bool {
        matches!(self, Self::Status | Self::Devices)
    }

    fn row(self) -> &'static Row {
        let row = TABLE.iter().find(|row| row.0 == self);
        // Each method has a row, which a test checks. The first one changes nothing.
        row.unwrap_or(const { &TABLE[0] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The methods of the contract with their signatures.
    fn of_contract() -> Vec<(String, String, String)> {
        let xml = include_str!("../../../packaging/dbus/org.tfad.Tfa1.xml");
        let account = xml.split("org.tfad.Tfa1.Account\"").nth(1).unwrap();
        let account = account.split("</interface>").next().unwrap();
        let attribute = |tag: &str, name: &str| {
            let value = tag.split(&format!("{name}=\"")).nth(1).unwrap_or_default();
            value.split('"').next().unwrap_or_default().to_owned()
        };
        let methods = account.split("<method ").skip(1).map(|method| {
            let (mut arguments, mut result) = (String::new(), String::new());
            for argument in method.split("<arg ").skip(1) {
                let of = attribute(argument, "type");
                match attribute(argument, "direction").as_str() {
                    "in" => arguments += &of,
                    _ => result += &of,
                }
            }
            (attribute(method, "name"), arguments, result)
        });
        methods.collect()
    }

    #[test]
    fn each_method_of_the_contract_is_passed_on_or_answered_on_the_member() {
        let mut passed_on: Vec<_> = TABLE
            .iter()
            .map(|row| (row.1.to_owned(), row.2.to_owned(), row.3.to_owned()))
            .collect();
        passed_on.push(("Refusal".to_owned(), String::new(), "s".to_owned()));
        let mut contract = of_contract();
        contract.sort();
        passed_on.sort();
        assert_eq!(passed_on, contract);
        for row in TABLE {
            assert_eq!(row.0.name(), row.1);
            assert_eq!(Method::from_name(row.1), Some(row.0));
        }
    }
}
