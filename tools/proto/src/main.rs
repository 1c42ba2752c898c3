//! Makes `tfa-fleet/src/generated.rs` out of `proto/tfad/fleet/v1/fleet.proto`. Run it in the root of
//! the repository.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;

use sha2::{Digest, Sha256};

const FOLDER: &str = "proto";
const FILE: &str = "tfad/fleet/v1/fleet.proto";
const GENERATED: &str = "tfa-fleet/src/generated.rs";
/// The file that the generator names by the package.
const PACKAGE: &str = "tfad.fleet.v1.rs";

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("tfa-proto-{}", std::process::id()));
    fs::create_dir(&folder)?;
    tonic_prost_build::configure()
        .out_dir(&folder)
        // The connections are those of tfa-fleet.
        .build_transport(false)
        // Messages hold codes and keys: none can be printed.
        .skip_debug(["."])
        .compile_fds(protox::compile([FILE], [FOLDER])?)?;
    let code = fs::read_to_string(folder.join(PACKAGE))?;
    fs::remove_dir_all(&folder)?;
    let hash = Sha256::digest(fs::read(format!("{FOLDER}/{FILE}"))?);
    let hash = hash.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    let head = format!("// Made by `make proto` out of {FOLDER}/{FILE}, SHA-256\n// {hash}\n");
    fs::write(GENERATED, head + &code)?;
    Ok(())
}
