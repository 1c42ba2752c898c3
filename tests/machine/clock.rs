//! The clock that a service reads.
//!
//! A drop-in preloads libfaketime into the service. It adds an offset to the wall clock, and reads
//! the offset from a file at each call. The monotonic clock, which timeouts and timers use, does
//! not change. Neither do the clocks of other programs.

use crate::machine::Machine;

/// Has one file for each service. It is mounted into the namespace of the service, so that its
/// sandbox does not hide it.
const FOLDER: &str = "/run/clocks";

impl Machine {
    /// Sets the daemon's clock `seconds` ahead of the real one; a negative value is behind it. The
    /// first call restarts the daemon to attach the clock. Later calls only change the offset.
    pub fn shift_clock(&self, seconds: i64) {
        self.shift_clock_of("tfad.service", seconds);
    }

    /// [`shift_clock`](Self::shift_clock) for another service.
    pub fn shift_clock_of(&self, unit: &str, seconds: i64) {
        self.attach_clock_to(unit);
        const SET: &str = r#"printf '%s\n' "$2" >"$1.new" && mv "$1.new" "$1""#;
        let file = format!("{FOLDER}/{unit}");
        self.succeed(["sh", "-c", SET, "sh", &file, &format!("{seconds:+}")]);
    }

    /// Attaches a clock to the daemon without an offset. This restarts the daemon once. For tests
    /// in which a later [`shift_clock`](Self::shift_clock) must not restart it.
    pub fn attach_clock(&self) {
        self.attach_clock_to("tfad.service");
    }

    fn attach_clock_to(&self, unit: &str) {
        let file = format!("{FOLDER}/{unit}");
        if self.has_file(&file) {
            return;
        }
        self.write_file(&file, "+0\n");
        let library = self.succeed(["sh", "-c", "echo /usr/lib/*/faketime/libfaketime.so.1"]);
        let drop_in = format!(
            "[Service]\n\
             BindReadOnlyPaths={FOLDER}\n\
             Environment=LD_PRELOAD={library}\n\
             Environment=FAKETIME_TIMESTAMP_FILE={file}\n\
             Environment=FAKETIME_NO_CACHE=1\n\
             Environment=FAKETIME_DONT_FAKE_MONOTONIC=1\n\
             Environment=DONT_FAKE_MONOTONIC=1\n\
             Environment=NO_FAKE_STAT=1\n",
            library = library.trim(),
        );
        self.write_file(&format!("/etc/systemd/system/{unit}.d/clock.conf"), drop_in);
        self.succeed(["systemctl", "daemon-reload"]);
        self.succeed(["systemctl", "try-restart", unit]);
    }
}
