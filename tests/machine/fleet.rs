//! The second package of the project, which hosts of a fleet need.

use std::fs;
use std::time::Duration;

use crate::failure::OrFail;
use crate::image::package;
use crate::machine::Machine;

impl Machine {
    /// Installs the package `tfa-fleet`, which was built beside the package under test.
    pub fn install_fleet(&self) {
        let folder = package().with_file_name("fleet");
        let mut packages = fs::read_dir(&folder)
            .or_fail("find the package tfa-fleet")
            .flatten();
        let built = packages.next().or_fail("find the package tfa-fleet");
        let bytes = fs::read(built.path()).or_fail("read the package tfa-fleet");
        self.write_file("/root/tfa-fleet.deb", bytes);
        self.command(["apt-get", "--yes", "install", "/root/tfa-fleet.deb"])
            .env("DEBIAN_FRONTEND", "noninteractive")
            .within(Duration::from_secs(180))
            .succeed();
    }
}
