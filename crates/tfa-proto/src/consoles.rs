//! The consoles of this machine: terminals that are not reachable over a network.

use std::fs;

/// The consoles to which the kernel writes.
const ACTIVE: &str = "/sys/class/tty/console/active";

/// Virtual terminals, and consoles of a hypervisor or of a mainframe's firmware. The kernel does
/// not always write to them.
const NUMBERED: [&str; 4] = ["tty", "hvc", "hvsi", "xvc"];
const NAMED: [&str; 4] = ["console", "sclp_line0", "ttysclp0", FIRST_DISPLAY];

/// The first display is local. Further displays are mostly served over the network (VNC, xrdp).
const FIRST_DISPLAY: &str = ":0";

/// The consoles of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consoles {
    /// Virtual terminals, seats, the first display, and the consoles of a hypervisor.
    usual: bool,
    /// Further terminals and displays, by name.
    names: Vec<String>,
}

impl Default for Consoles {
    /// The consoles that every machine may have.
    fn default() -> Self {
        Self {
            usual: true,
            names: Vec::new(),
        }
    }
}

impl Consoles {
    /// The named consoles, and the usual ones if requested.
    #[must_use]
    pub fn new(usual: bool, names: Vec<String>) -> Self {
        Self { usual, names }
    }

    /// Adds the consoles that the kernel uses, if the usual ones are included. No other serial line
    /// is added, because it may lead to a modem or a terminal server. In a container these are the
    /// consoles of the container's host.
    #[must_use]
    pub fn with_those_of_the_kernel(mut self) -> Self {
        if self.usual {
            let active = fs::read_to_string(ACTIVE).unwrap_or_default();
            let active = active.split_ascii_whitespace();
            self.names.extend(active.map(str::to_owned));
        }
        self
    }

    /// The terminals and displays beyond the usual ones, by name.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether a terminal is a console. PAM names it with or without `/dev/`, or by a display.
    #[must_use]
    pub fn has(&self, tty: &str) -> bool {
        let tty = tty.strip_prefix("/dev/").unwrap_or(tty);
        // Of a display, PAM may name the screen as well.
        let tty = match tty.split_once('.') {
            Some((display, _screen)) if tty.starts_with(':') => display,
            _ => tty,
        };
        if is_pseudo_terminal(tty) {
            return false;
        }
        (self.usual && is_usual(tty)) || self.names.iter().any(|name| name == tty)
    }

    /// Whether a login at a seat is at a console. PAM names no terminal for such a login, or the
    /// display.
    #[must_use]
    pub fn have_seat(&self, seat: &str, tty: &str) -> bool {
        self.usual && !seat.is_empty() && (tty.is_empty() || tty.starts_with(':'))
    }
}

/// Whether a terminal is a pseudo-terminal, which is never a console.
#[must_use]
pub fn is_pseudo_terminal(tty: &str) -> bool {
    tty.starts_with("pts/")
}

fn is_usual(tty: &str) -> bool {
    let is_numbered = |prefix: &str| {
        tty.strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    NAMED.contains(&tty) || NUMBERED.into_iter().any(is_numbered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screens_and_hypervisor_consoles_are_consoles_everywhere() {
        let usual = Consoles::default();
        for tty in [
            "/dev/tty1",
            "tty63",
            "/dev/console",
            "hvc0",
            "xvc0",
            ":0",
            ":0.0",
            "ttysclp0",
            "sclp_line0",
        ] {
            assert!(usual.has(tty), "{tty}");
        }
        for tty in [
            "pts/0",
            "/dev/pts/3",
            "ssh",
            "",
            "tty",
            "localhost:10.0",
            "/dev/tty1x",
            ":",
            ":1",
            ":10.0",
            "lxc/tty1",
            "3270/tty1",
        ] {
            assert!(!usual.has(tty), "{tty}");
        }
    }

    #[test]
    fn a_serial_line_counts_where_the_kernel_or_the_administrator_names_it() {
        let lines = [
            "ttyS0", "ttymxc0", "ttyPS0", "ttyO2", "ttyAML0", "ttyMSM0", "ttyGS0", "ttyACM0",
            "ttyAMA0", "ttyUSB0", ":1",
        ];
        for line in lines {
            assert!(!Consoles::default().has(line), "{line}");
            let named = Consoles::new(true, vec![line.to_owned()]);
            assert!(named.has(line) && named.has("tty1"), "{line}");
            assert!(named.has(&format!("/dev/{line}")), "{line}");
            assert!(!named.has(&format!("{line}1")), "{line}");
            let alone = Consoles::new(false, vec![line.to_owned()]);
            assert!(alone.has(line) && !alone.has("tty1") && !alone.has(":0"));
        }
        let pseudo = Consoles::new(true, vec!["pts/0".to_owned()]);
        assert!(!pseudo.has("pts/0") && !pseudo.has("/dev/pts/0"));
    }

    #[test]
    fn a_seat_counts_without_a_terminal_or_with_a_display() {
        let usual = Consoles::default();
        assert!(usual.have_seat("seat0", "") && usual.have_seat("seat-1", ":1"));
        assert!(!usual.have_seat("", "") && !usual.have_seat("seat0", "pts/0"));
        assert!(!Consoles::new(false, Vec::new()).have_seat("seat0", ""));
    }
}
