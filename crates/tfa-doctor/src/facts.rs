//! What the doctor needs to know of a host.

use std::collections::{BTreeMap, BTreeSet};

use tfa_pam_host::{Reading, Snapshot};

use crate::host::HostFacts;
use crate::pam;
use crate::sshd::SshdFacts;

/// What is known of a host. A part that is absent is not examined.
#[derive(Debug, Default)]
pub struct Facts {
    /// The PAM files.
    pub pam: Option<PamFacts>,
    /// The policy in force.
    pub policy: Option<PolicyFacts>,
    /// Why the policy is not known.
    pub daemon: Option<DaemonProblem>,
    /// The settings of each sshd; that of the packages first.
    pub sshd: Vec<SshdFacts>,
    /// The settings of login(1), if it counts the time of a login.
    pub login: Option<LoginFacts>,
    /// What is known beside PAM and sshd.
    pub host: Option<HostFacts>,
}

/// The settings of login(1) of util-linux. That of shadow does not count the time of an enrollment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoginFacts {
    /// The text of `/etc/login.defs`.
    pub defs: String,
}

/// Why the daemon did not say what its policy is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DaemonProblem {
    /// It does not run, and could not be started.
    Down,
    /// It did not answer in time.
    Silent,
    /// It has another version, and does not know the call.
    OtherVersion,
    /// The bus does not let root call it.
    Denied,
    /// It refuses every login, for this reason.
    Refuses(String),
}

/// The PAM files of a host.
#[derive(Debug, Default)]
pub struct PamFacts {
    /// The files.
    pub(crate) files: Snapshot,
    /// What libpam reads for each service that has a file.
    pub(crate) services: BTreeMap<String, Reading>,
    /// The services whose program is gone.
    pub(crate) removed: BTreeSet<String>,
    /// The services of programs that are not on the host, although the package of the file is.
    pub(crate) without_program: BTreeSet<String>,
    /// The services whose files belong to installed packages.
    pub(crate) packaged: BTreeSet<String>,
    /// The files that are parts of services, and none by themselves as far as their names and texts tell.
    pub(crate) parts: BTreeSet<String>,
    /// The services with which sshd lets users in, whatever their names.
    pub(crate) of_sshd: BTreeSet<String>,
    /// The services that sudo uses, whatever their names.
    pub(crate) of_sudo: BTreeSet<String>,
}

/// What the policy in force asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyFacts {
    /// The policy has terms that require a second factor.
    pub requires: bool,
    /// From when on one is required of some login.
    pub required: Required,
    /// From when on a user who has not enrolled must do so: after the grace period.
    pub must_enroll: Required,
    /// Two-factor login is off for the whole host.
    pub is_off: bool,
    /// How many users have enrolled; `None` if not all records are known.
    pub enrolled: Option<usize>,
    /// The users who log in; `None` if they are not known.
    pub login_users: Option<LoginUsers>,
    /// The errors of the configuration on disk. The policy in force is an older one.
    pub error_on_disk: Option<String>,
    /// The configuration on disk has no error, and is not the one in force.
    pub is_outdated: bool,
    /// Audit mode is on: what is required is recorded, and no login is refused.
    pub audits: bool,
    /// A rule names methods of sshd.
    pub names_methods: bool,
    /// A rule accepts security keys only.
    pub demands_security_keys: bool,
    /// The files of the configuration on disk with their texts, in the order in which they are read.
    pub files: Vec<(String, String)>,
    /// The services in which a login without the auth phase is refused where a second factor is required.
    pub guard: Vec<String>,
}

/// From when on a second factor is required of some login.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Required {
    /// Of no login: exemptions without an end come before all terms that require one.
    #[default]
    Never,
    /// Of no login yet.
    Later(Later),
    /// Of some logins.
    Now,
}

/// When a second factor is required of some login for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Later {
    /// At this time, in seconds since 1970, or at the earliest then.
    From(u64),
    /// At this time at the earliest, and later for some users.
    NotBefore(u64),
    /// When audit mode ends.
    AfterAudit,
    /// When the grace period of the users ends.
    AfterGrace,
}

/// Persons with an account and a login shell, and root.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LoginUsers {
    /// How many there are.
    pub count: usize,
    /// How many of them have enrolled.
    pub enrolled: usize,
    /// Of how many the password alone is now not enough over SSH, if the policy requires a second factor and this
    /// is known.
    pub required: Option<usize>,
}

impl PolicyFacts {
    /// Whether the policy guards a service, or one that Debian's alternatives link to `gdm-smartcard`.
    #[must_use]
    pub fn guards(&self, service: &str) -> bool {
        let service = match service.starts_with("gdm-smartcard-") {
            true => "gdm-smartcard",
            false => service,
        };
        tfa_core::is_guarded(&self.guard, service)
    }
}

impl PamFacts {
    /// What libpam reads in the files. They need to have [`crate::pam_update_files`], and need to know whether
    /// there is a [`crate::MODULE`].
    #[must_use]
    pub fn of(files: Snapshot) -> Self {
        let read = |name: &str| (name.to_owned(), files.service(name));
        let services = files.services().map(read).collect();
        Self {
            parts: pam::parts(&services),
            services,
            removed: BTreeSet::new(),
            without_program: BTreeSet::new(),
            packaged: BTreeSet::new(),
            of_sshd: BTreeSet::new(),
            of_sudo: BTreeSet::new(),
            files,
        }
    }

    /// The same, and the programs of these services are gone: their packages were removed, and left the files
    /// behind.
    #[must_use]
    pub fn without(self, removed: BTreeSet<String>) -> Self {
        Self { removed, ..self }
    }

    /// The same, and none of the [`crate::programs`] of these services is there.
    #[must_use]
    pub fn without_programs(self, without_program: BTreeSet<String>) -> Self {
        Self {
            without_program,
            ..self
        }
    }

    /// The same, and the files of these services belong to installed packages: programs use them.
    #[must_use]
    pub fn packaged(self, packaged: BTreeSet<String>) -> Self {
        Self { packaged, ..self }
    }

    /// The same host with other files.
    pub(crate) fn with_files(&self, files: Snapshot) -> Self {
        Self {
            removed: self.removed.clone(),
            without_program: self.without_program.clone(),
            packaged: self.packaged.clone(),
            of_sshd: self.of_sshd.clone(),
            of_sudo: self.of_sudo.clone(),
            ..Self::of(files)
        }
    }

    /// Whether the program of a service is not there.
    pub(crate) fn has_no_program(&self, service: &str) -> bool {
        self.without_program.contains(service)
    }

    /// Whether a file is a part of services only.
    pub(crate) fn is_part(&self, name: &str) -> bool {
        let is_service = self.packaged.contains(name) || self.is_used(name);
        self.parts.contains(name) && !is_service
    }

    /// The same, and sshd lets users in with these services.
    #[must_use]
    pub fn of_sshd(self, of_sshd: BTreeSet<String>) -> Self {
        Self { of_sshd, ..self }
    }

    /// The same, and sudo lets users in with these services.
    #[must_use]
    pub fn of_sudo(self, of_sudo: BTreeSet<String>) -> Self {
        Self { of_sudo, ..self }
    }

    /// Whether a program lets users in with a service.
    pub(crate) fn is_used(&self, service: &str) -> bool {
        self.of_sshd.contains(service) || self.of_sudo.contains(service)
    }

    /// The files that decide about logins and that lines name by their paths: those that are included, and modules.
    pub fn named_files(&self) -> impl Iterator<Item = &str> {
        let modules = self.files.module_paths().into_iter();
        self.files.paths().chain(modules)
    }

    /// The files of the project's module that lines name by their paths.
    pub fn named_modules(&self) -> impl Iterator<Item = &str> {
        let paths = self.files.module_paths().into_iter();
        paths.filter(|path| path.rsplit('/').next() == Some(tfa_pam_stack::MODULE))
    }
}
