//! Faults of what the daemon depends on: the module's files, caches of groups, SELinux.

use super::{list, remedy, sed};
use crate::finding::{Kind, Severity};
use crate::shell::quoted;

pub(crate) const GROUPS_CACHED: Kind = Kind {
    id: "groups-cached",
    severity: Severity::Risk,
    why: "For that time a rule on a group applies to users who have left it, and not to those who have joined.",
    what: |subject| {
        let (place, program, seconds) = (&subject.place, list(&subject.names), &subject.detail);
        format!(
            "{place}: {program} keeps the groups of users for {seconds} seconds, and rules name groups."
        )
    },
    remedy: |subject| {
        if subject.names.iter().any(|name| name == "nscd") {
            remedy(
                "Have nscd keep no groups, and forget those that it has.",
                &[
                    &sed(subject, "s/yes/no/"),
                    "nscd --invalidate=group",
                    "systemctl restart nscd",
                ],
            )
        } else {
            remedy(
                "Shorten the time to the default of an hour and a half, and have sssd forget what it has.",
                &[
                    &sed(subject, "s/=.*/= 5400/"),
                    "systemctl restart sssd",
                    "sss_cache -E",
                ],
            )
        }
    },
};

pub(crate) const SELINUX_DENIED: Kind = Kind {
    id: "selinux-denied",
    severity: Severity::LockOut,
    why: "A login program that may not reach the daemon is refused, and so is a daemon without its files.",
    what: |subject| {
        format!(
            "SELinux has denied since the boot, to the daemon or to callers of it: {}.",
            list(&subject.names)
        )
    },
    remedy: |_| {
        remedy(
            "Correct the labels and look at the denials. Allow what remains with a module of your own, \
             line by line: audit2allow(1).",
            &[
                "restorecon -Rv /usr/sbin/tfad /run/tfa /var/lib/tfa /etc/tfa",
                "ausearch -m avc,user_avc -ts boot",
            ],
        )
    },
};

pub(crate) const MODULE_OTHER: Kind = Kind {
    id: "module-other",
    severity: Severity::Hole,
    why: "Such a login is asked for a code only if that file asks for one.",
    what: |subject| {
        let place = &subject.place;
        format!("PAM files name {place}, which is not the module of this version.")
    },
    remedy: |subject| {
        let place = &subject.place;
        let change = quoted(&format!("s|{place}|pam_tfa.so|"));
        remedy(
            "Keep a root shell open, and have the lines name the module of the package.",
            &[&format!(
                "sed -i {change} $(grep -l {} /etc/pam.d/*)",
                quoted(place)
            )],
        )
    },
};

pub(crate) const MODULE_VERSION: Kind = Kind {
    id: "module-version",
    severity: Severity::Risk,
    why: "What an update corrects in the module is not in force, or the two do not understand each other.",
    what: |subject| {
        let (place, installed) = (&subject.place, list(&subject.names));
        match subject.detail.as_str() {
            "" => format!("{place} tells no version, and that of tfactl is {installed}."),
            version => format!("{place} has the version {version}, and tfactl {installed}."),
        }
    },
    remedy: |_| {
        remedy(
            "Install the package again.",
            &["apt-get install --reinstall tfa"],
        )
    },
};

pub(crate) const MODULE_COPIES: Kind = Kind {
    id: "module-copies",
    severity: Severity::Risk,
    why: "An update replaces one file, and a login may load another.",
    what: |subject| {
        let others = list(&subject.names);
        match subject.place.as_str() {
            "" => format!("libpam does not look for modules where this one is: {others}."),
            place => format!("There are other copies of the module beside {place}: {others}."),
        }
    },
    remedy: |subject| {
        let remove = subject
            .names
            .iter()
            .take(4)
            .map(|path| format!("rm {}", quoted(path)));
        let mut commands: Vec<String> = remove.collect();
        if subject.place.is_empty() {
            commands.push("apt-get install --reinstall tfa".to_owned());
        }
        crate::Remedy {
            text: "Remove the copies, after a look at whether a PAM line names one by its path."
                .to_owned(),
            commands,
        }
    },
};
