//! Units of systemd.

use std::collections::BTreeMap;

/// Properties of a unit, as `systemctl show` prints them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unit(BTreeMap<String, String>);

impl Unit {
    /// The units of an output, with an empty line between them.
    #[must_use]
    pub fn parse_all(text: &str) -> Vec<Self> {
        text.split("\n\n").map(Self::parse).collect()
    }

    fn parse(text: &str) -> Self {
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self(pairs.collect())
    }

    /// The value of a property; empty if it was not printed.
    #[must_use]
    pub fn value(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Whether it runs, or is started at the boot.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        let is = |name, values: &[&str]| values.contains(&self.value(name));
        is("ActiveState", &["active", "activating", "reloading"])
            || is("UnitFileState", &["enabled", "enabled-runtime", "linked"])
    }

    /// The properties by their names.
    #[must_use]
    pub fn into_properties(self) -> BTreeMap<String, String> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_that_runs_or_is_enabled_is_in_use() {
        let text = "Id=a\nActiveState=active\nExecStart={ argv[]=/x -o a=b }\n\nId=b\nUnitFileState=enabled\n\n\
                    Id=c\nActiveState=inactive\nUnitFileState=disabled\n";
        let units = Unit::parse_all(text);
        let used = units.iter().filter(|unit| unit.is_in_use());
        let names: Vec<&str> = used.map(|unit| unit.value("Id")).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(units[0].value("ExecStart"), "{ argv[]=/x -o a=b }");
        assert_eq!(units[0].value("Names"), "");
    }
}
