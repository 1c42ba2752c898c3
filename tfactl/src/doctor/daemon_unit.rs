//! The unit of the daemon, and whether systemd can start it.

use std::collections::BTreeMap;

use tfa_doctor::{NotStartable, Unit};

use super::missed::Missed;
use super::output::{failure, output};
use super::systemd;

const UNIT: &str = "tfad.service";
/// What the unit of the package starts.
const PROGRAM: &str = "/usr/sbin/tfad";
/// The properties of the unit that are examined.
const PROPERTIES: &str = "NoNewPrivileges,ProtectSystem,ProtectHome,PrivateTmp,PrivateDevices,\
                          LockPersonality,PrivateIPC,ProtectClock,ProtectControlGroups,\
                          ProtectKernelLogs,ProtectKernelModules,ProtectKernelTunables,RestrictRealtime,\
                          MemoryDenyWriteExecute,RestrictSUIDSGID,CapabilityBoundingSet,UMask,\
                          LimitCORE,LimitFSIZE,MainPID,DropInPaths,ExecStart,\
                          LoadState";

/// The properties of the unit, and why it cannot be started.
pub(super) fn collect(missed: &Missed) -> (BTreeMap<String, String>, Option<NotStartable>) {
    if !systemd::is_running() {
        return (BTreeMap::new(), None);
    }
    let shown = missed.known(systemd::units(PROPERTIES, &[UNIT]));
    let unit = shown.unwrap_or_default().into_iter().next();
    let unit = unit.unwrap_or_default();
    // A masked unit has the defaults of systemd.
    match unit.value("LoadState") {
        "loaded" => {
            let not_startable =
                other_program(&unit).or_else(|| missed.known(condition()).flatten());
            (unit.into_properties(), not_startable)
        }
        "masked" => (BTreeMap::new(), Some(NotStartable::Masked)),
        _ => (BTreeMap::new(), None),
    }
}

/// Another program than that of the package, if the unit starts one.
fn other_program(unit: &Unit) -> Option<NotStartable> {
    let (_, rest) = unit.value("ExecStart").split_once("path=")?;
    let (path, _) = rest.split_once(" ;")?;
    (path != PROGRAM).then(|| NotStartable::OtherProgram(path.to_owned()))
}

/// The condition of the unit that does not hold, if one does not.
fn condition() -> Result<Option<NotStartable>, String> {
    const ANALYZE: &str = "systemd-analyze";
    let output = output(ANALYZE, &["condition", "--unit", UNIT])?;
    if output.status.success() {
        return Ok(None);
    }
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    match failed_condition(&String::from_utf8_lossy(&said)) {
        Some(condition) => Ok(Some(NotStartable::Condition(condition))),
        None => Err(failure(ANALYZE, &output)),
    }
}

/// The first condition that did not hold, from lines such as `tfad.service: ConditionHost=x failed.`.
fn failed_condition(said: &str) -> Option<String> {
    said.lines().find_map(|line| {
        let (_, condition) = line.split_once(": ")?;
        condition.strip_suffix(" failed.").map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn condition_that_does_not_hold_is_read() {
        let said = "tfad.service: AssertPathExists=/etc succeeded.\nAsserts succeeded.\n\
                    tfad.service: ConditionPathExists=/a b failed.\nConditions failed.\n";
        assert_eq!(
            failed_condition(said).as_deref(),
            Some("ConditionPathExists=/a b")
        );
        assert_eq!(failed_condition("Asserts succeeded.\n"), None);
    }

    #[test]
    fn program_of_another_path_is_told() {
        let unit = |path: &str| {
            let text = format!("ExecStart={{ path={path} ; argv[]={path} ; ignore_errors=no }}\n");
            Unit::parse_all(&text).remove(0)
        };
        assert_eq!(other_program(&unit(PROGRAM)), None);
        let other = other_program(&unit("/bin/true"));
        assert_eq!(
            other,
            Some(NotStartable::OtherProgram("/bin/true".to_owned()))
        );
        assert_eq!(other_program(&Unit::default()), None);
    }
}
