//! The policy of the system bus, evaluated as dbus-daemon(1) does: of the rules that match, the last one
//! decides. The rules of the default context come first, then those of groups and users, then the
//! mandatory ones.

use roxmltree::{Document, Node, ParsingOptions};

/// More elements than the files of any bus have.
const MAX_NODES: u32 = 50_000;

/// Whom a `policy` element applies to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Context {
    Default,
    Group(String),
    User(String),
    Mandatory,
}

/// For whom the rules are evaluated.
#[derive(Debug, Clone, Copy)]
pub(super) enum Caller<'a> {
    /// Root and its group.
    Root,
    /// A user for whom no policy of a user or a group is there.
    Anyone,
    /// The user or the group of this context.
    Named(&'a Context),
}

/// A name on the bus, or a method call.
#[derive(Debug, Clone, Copy)]
pub(super) enum Request<'a> {
    /// To own a name.
    Own(&'a str),
    /// To call a method of this interface.
    Call {
        destination: &'a str,
        path: &'a str,
        interface: &'a str,
    },
}

/// A rule, with the file that it stands in.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) file: String,
    pub(super) context: Context,
    is_allowed: bool,
    attributes: Vec<(String, String)>,
}

/// The rules of files, in the order in which the bus reads them. The bus ignores a file that is not valid.
pub(super) fn rules(files: &[(String, String)]) -> Vec<Rule> {
    files
        .iter()
        .flat_map(|(path, text)| rules_of(path, text))
        .collect()
}

fn rules_of(file: &str, text: &str) -> Vec<Rule> {
    let options = ParsingOptions {
        allow_dtd: true,
        nodes_limit: MAX_NODES,
        ..ParsingOptions::default()
    };
    let Ok(document) = Document::parse_with_options(text, options) else {
        return Vec::new();
    };
    let mut rules = Vec::new();
    for policy in document.root_element().children() {
        let Some(context) = context(policy) else {
            continue;
        };
        for node in policy.children() {
            let is_allowed = match node.tag_name().name() {
                "allow" => true,
                "deny" => false,
                _ => continue,
            };
            let attributes = node.attributes().map(|one| {
                let (name, value) = (one.name(), one.value());
                (name.to_owned(), value.to_owned())
            });
            rules.push(Rule {
                file: file.to_owned(),
                context: context.clone(),
                is_allowed,
                attributes: attributes.collect(),
            });
        }
    }
    rules
}

/// `None` for other elements, and for users at the console, whom no bus tells apart any more.
fn context(policy: Node<'_, '_>) -> Option<Context> {
    if policy.tag_name().name() != "policy" {
        return None;
    }
    let owned = |name| policy.attribute(name).map(str::to_owned);
    match policy.attribute("context") {
        Some("default") => Some(Context::Default),
        Some("mandatory") => Some(Context::Mandatory),
        Some(_) => None,
        None => owned("user")
            .map(Context::User)
            .or_else(|| owned("group").map(Context::Group)),
    }
}

/// Whether a request is allowed, and the file that decides it. Without a rule it is not.
pub(super) fn decide<'a>(
    rules: &'a [Rule],
    caller: Caller<'_>,
    request: Request<'_>,
) -> (bool, Option<&'a str>) {
    let of_root = |name: &str| name == "root" || name == "0";
    let order = |rule: &Rule| match (&rule.context, caller) {
        (Context::Default, _) => Some(0),
        (Context::Group(group), Caller::Root) if of_root(group) => Some(1),
        (Context::User(user), Caller::Root) if of_root(user) => Some(2),
        (context, Caller::Named(named)) if context == named => Some(2),
        (Context::Mandatory, _) => Some(3),
        _ => None,
    };
    let matching = rules.iter().filter_map(|rule| {
        let order = order(rule)?;
        rule.matches(request).then_some((order, rule))
    });
    // The last one of those with the highest order.
    match matching.max_by_key(|(order, _)| *order) {
        Some((_, rule)) => (rule.is_allowed, Some(&rule.file)),
        None => (false, None),
    }
}

impl Rule {
    fn matches(&self, request: Request<'_>) -> bool {
        match request {
            Request::Own(name) => self.is_about_owning(name),
            Request::Call {
                destination,
                path,
                interface,
            } => self.is_about_call(destination, path, interface),
        }
    }

    fn is_about_owning(&self, name: &str) -> bool {
        self.attributes
            .iter()
            .any(|(key, value)| match key.as_str() {
                "own" => value == "*" || value == name,
                "own_prefix" => is_below(name, value),
                _ => false,
            })
    }

    /// A rule matches if each of its conditions holds for some method of the interface.
    fn is_about_call(&self, destination: &str, path: &str, interface: &str) -> bool {
        let mut is_about_sending = false;
        for (key, value) in &self.attributes {
            let is_any = value == "*";
            let holds = match key.as_str() {
                "send_destination" => is_any || value == destination,
                "send_destination_prefix" => is_below(destination, value),
                "send_path" => is_any || value == path,
                "send_interface" => is_any || value == interface,
                "send_type" => is_any || value == "method_call",
                "send_broadcast" => value == "false",
                "send_requested_reply" | "max_fds" => true,
                "min_fds" => value == "0",
                "eavesdrop" => self.is_allowed || value == "false",
                // A rule on one member decides about that one only.
                "send_member" => is_any,
                // Errors are replies; other rules are about names and receivers.
                _ => return false,
            };
            if !holds {
                return false;
            }
            is_about_sending |= key.starts_with("send_");
        }
        is_about_sending
    }
}

/// Whether a name is this one, or below it.
fn is_below(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "org.tfad.Tfa1";

    fn rules_in(policies: &str) -> Vec<Rule> {
        let text = format!("<!DOCTYPE busconfig SYSTEM \"x\"><busconfig>{policies}</busconfig>");
        rules(&[("/etc/x.conf".to_owned(), text)])
    }

    fn owns(policies: &str, caller: Caller<'_>) -> bool {
        decide(&rules_in(policies), caller, Request::Own(NAME)).0
    }

    #[test]
    fn the_last_rule_of_the_strongest_context_decides() {
        let root = |rules: &str| format!("<policy user='root'>{rules}</policy>");
        let default = |rules: &str| format!("<policy context='default'>{rules}</policy>");
        let allow = "<allow own='org.tfad.Tfa1'/>";
        for (policies, expected) in [
            (String::new(), false),
            (root(allow), true),
            (root(allow) + &default("<deny own='*'/>"), true),
            (root(allow) + &root("<deny own='*'/>"), false),
            (root("<deny own='*'/>") + &root(allow), true),
            (root("<allow own_prefix='org.tfad'/>"), true),
            (root("<allow own_prefix='org.tfa'/>"), false),
            (default("<allow own='*'/>"), true),
            (
                root(allow) + "<policy context='mandatory'><deny own='*'/></policy>",
                false,
            ),
            (
                "<policy group='root'><allow own='*'/></policy>".to_owned(),
                true,
            ),
            (
                "<policy user='games'><allow own='*'/></policy>".to_owned(),
                false,
            ),
            (root("<allow send_destination='org.tfad.Tfa1'/>"), false),
        ] {
            assert_eq!(owns(&policies, Caller::Root), expected, "{policies}");
        }
    }

    #[test]
    fn a_user_or_a_group_of_a_policy_is_told_from_anyone() {
        let games = Context::Group("games".to_owned());
        let text = "<policy context='default'><deny own='*'/></policy>\
                    <policy group='games'><allow own='org.tfad.Tfa1'/></policy>";
        assert!(owns(text, Caller::Named(&games)));
        assert!(!owns(text, Caller::Anyone));
        assert!(!owns(text, Caller::Root));
    }

    #[test]
    fn a_call_needs_a_rule_whose_conditions_all_hold() {
        let call = Request::Call {
            destination: NAME,
            path: "/org/tfad/Tfa1",
            interface: "org.tfad.Tfa1.Login",
        };
        for (rule, expected) in [
            ("<allow send_destination='org.tfad.Tfa1'/>", true),
            (
                "<allow send_type='method_call' send_interface='org.tfad.Tfa1.Login'/>",
                true,
            ),
            (
                "<allow send_destination='org.tfad.Tfa1' send_member='Begin'/>",
                false,
            ),
            ("<allow send_type='signal'/>", false),
            ("<allow receive_type='method_call'/>", false),
            ("<allow send_destination='org.other'/>", false),
            ("<allow user='*'/>", false),
        ] {
            let rules = rules_in(&format!("<policy context='default'>{rule}</policy>"));
            assert_eq!(decide(&rules, Caller::Anyone, call).0, expected, "{rule}");
        }
    }

    #[test]
    fn a_file_that_is_not_valid_has_no_rule() {
        for text in [
            "",
            "<busconfig>",
            "<busconfig><policy user='root'><allow own='*'>",
        ] {
            assert!(rules(&[("/x".to_owned(), text.to_owned())]).is_empty());
        }
        let deep = "<policy>".repeat(100_000);
        assert!(rules(&[("/x".to_owned(), deep)]).is_empty());
    }
}
