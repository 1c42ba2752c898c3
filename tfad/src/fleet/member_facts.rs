//! The facts that a member has told with a login.
//!
//! They are the member's word about itself, but for its name, which is in its certificate. What it has not told
//! is missing, and never assumed: see [`HostFacts`].

use std::sync::Arc;

use tfa_core::{AttemptId, HostName, Identity, MemberPlace, MemberScope, Subject, ThrottleScope};
use tfa_proto::{Consoles, Context};

use crate::fleet::Floor;
use crate::host::facts::{HostFacts, Missing};
use crate::host::subject::SubjectQuery;
use crate::host::users::User;

/// A member of the fleet, in one login.
#[derive(Debug, Clone)]
pub struct MemberFacts {
    /// The name in its certificate.
    pub host: HostName,
    /// The id of the attempt.
    pub attempt: AttemptId,
    /// Whether the user is at one of its consoles.
    pub at_console: Option<bool>,
    /// What its name service knows about the user.
    pub subject: Option<ToldSubject>,
    /// Whether each session of the service has passed a session line of `pam_tfa`.
    pub session_phase_decides: Option<bool>,
    /// Whether the auth lines of the service go on after a wrong password.
    pub goes_on_after_wrong_password: Option<bool>,
    /// What its policy requires of the login.
    pub floor: Option<Floor>,
}

/// The answer of a name service, with the question. The policy, and with it the question, may have
/// changed since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldSubject {
    /// What was asked.
    pub query: SubjectQuery,
    /// The names of the user that were found, each with its groups.
    pub identities: Vec<Identity>,
}

impl ToldSubject {
    /// The user, as the policy sees one. A name of the login of which nothing was told has no known groups.
    pub(super) fn of(&self, user: &User) -> Subject {
        let told = |name: &String| {
            let mut told = self.identities.iter();
            let told = told.find(|one| one.name == *name).cloned();
            told.unwrap_or_else(|| Identity {
                name: name.clone(),
                groups: [].into_iter().collect(),
            })
        };
        let further = self.identities.iter().map(|one| &one.name);
        let mut aliases: Vec<&String> = user.aliases.iter().chain(further).collect();
        aliases.retain(|name| **name != user.name);
        aliases.sort();
        aliases.dedup();
        Subject {
            uid: user.uid,
            canonical: told(&user.name),
            aliases: aliases.into_iter().map(told).collect(),
        }
    }
}

impl HostFacts for MemberFacts {
    fn name(&self) -> String {
        self.host.to_string()
    }

    fn name_in_rules(&self) -> Option<HostName> {
        Some(self.host.clone())
    }

    fn is_at_console(&self, _: &Context, _: &Consoles) -> Result<bool, Missing> {
        self.at_console.ok_or(Missing::Console)
    }

    fn subject(&self, user: &User, query: SubjectQuery) -> Result<Subject, Missing> {
        match &self.subject {
            Some(told) if told.query == query => Ok(told.of(user)),
            Some(_) | None => Err(Missing::Subject(query)),
        }
    }

    fn session_phase_decides(&self, _: &str) -> Result<bool, Missing> {
        self.session_phase_decides.ok_or(Missing::SessionPhase)
    }

    fn goes_on_after_wrong_password(&self, _: &str) -> bool {
        self.goes_on_after_wrong_password.unwrap_or(true)
    }

    fn floor(&self) -> Option<&Floor> {
        self.floor.as_ref()
    }

    /// A remote login is one wherever it arrives. The rest is this member's word alone.
    fn throttle_scope(&self, scope: ThrottleScope) -> ThrottleScope {
        let at_member = |place| ThrottleScope::AtMember(MemberScope::new(&self.host, place));
        match scope {
            ThrottleScope::Session => at_member(MemberPlace::Session),
            ThrottleScope::Console => at_member(MemberPlace::Console),
            ThrottleScope::OwnProgram => at_member(MemberPlace::OwnProgram),
            ThrottleScope::Remote(_) | ThrottleScope::AtMember(_) => scope,
        }
    }

    fn attempt(&self) -> Option<AttemptId> {
        Some(self.attempt)
    }

    /// What was told of the user is in the login, as far as it was asked.
    fn for_dialog(&self) -> Option<Arc<dyn HostFacts>> {
        self.subject.as_ref()?;
        Some(Arc::new(Self {
            host: self.host.clone(),
            subject: None,
            floor: self.floor.clone(),
            ..*self
        }))
    }

    fn is_local(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use tfa_core::{Group, Ternary};

    use super::*;

    fn group() -> Group {
        Group::Name("staff".to_owned())
    }

    fn member() -> MemberFacts {
        MemberFacts {
            host: HostName::new("web1.example").unwrap(),
            attempt: AttemptId::new([7; AttemptId::LENGTH]),
            at_console: None,
            subject: None,
            session_phase_decides: None,
            goes_on_after_wrong_password: None,
            floor: None,
        }
    }

    fn alice() -> User {
        User {
            name: "alice".to_owned(),
            uid: 1000,
            aliases: vec!["al".to_owned()],
        }
    }

    fn in_staff(name: &str) -> Identity {
        Identity {
            name: name.to_owned(),
            groups: [(group(), Ternary::Yes)].into_iter().collect(),
        }
    }

    fn told(names: &[&str]) -> ToldSubject {
        ToldSubject {
            query: SubjectQuery::membership(vec![group()]),
            identities: names.iter().map(|name| in_staff(name)).collect(),
        }
    }

    #[test]
    fn what_a_member_has_not_told_is_missing() {
        let member = member();
        let query = SubjectQuery::membership(vec![group()]);
        let at_console = member.is_at_console(&Context::default(), &Consoles::default());
        assert_eq!(at_console, Err(Missing::Console));
        let decides = member.session_phase_decides("sshd");
        assert_eq!(decides, Err(Missing::SessionPhase));
        let subject = member.subject(&alice(), query.clone());
        assert_eq!(subject, Err(Missing::Subject(query)));
        assert!(member.goes_on_after_wrong_password("sshd"));
    }

    #[test]
    fn a_member_is_never_the_host_of_the_daemon() {
        let member = member();
        assert!(!member.is_local());
        assert_eq!(member.name(), "web1.example");
        assert_eq!(member.name_in_rules(), Some(member.host.clone()));
    }

    #[test]
    fn an_answer_to_another_question_is_not_used() {
        let member = MemberFacts {
            subject: Some(told(&["alice", "al"])),
            ..member()
        };
        let asked = told(&[]).query;
        assert!(member.subject(&alice(), asked.clone()).is_ok());
        let others = [
            SubjectQuery::membership(vec![group(), Group::Number(50)]),
            SubjectQuery::membership(Vec::new()),
            SubjectQuery {
                in_rules: vec!["toor".to_owned()],
                ..asked
            },
        ];
        for query in others {
            let subject = member.subject(&alice(), query.clone());
            assert_eq!(subject, Err(Missing::Subject(query)));
        }
    }

    #[test]
    fn a_name_of_the_login_counts_also_if_nothing_was_told_of_it() {
        let groups_of = |names: &[&str]| {
            let subject = told(names).of(&alice());
            assert_eq!((subject.uid, &*subject.canonical.name), (1000, "alice"));
            let of = |one: &Identity| (one.name.clone(), one.groups.hold(&group()));
            subject.identities().map(of).collect::<Vec<_>>()
        };
        let named = |name: &str, belongs| (name.to_owned(), belongs);
        let (yes, unknown) = (Ternary::Yes, Ternary::Unknown);
        let all = [named("alice", yes), named("al", yes), named("root", yes)];
        assert_eq!(groups_of(&["root", "al", "alice"]), all);
        let none = [named("alice", unknown), named("al", unknown)];
        assert_eq!(groups_of(&[]), none);
    }
}
