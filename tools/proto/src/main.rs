//! Makes the Rust code of the `.proto` files. Run it in the root of the repository.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;

use sha2::{Digest, Sha256};

const FOLDER: &str = "proto";

/// A file, and the code that is made of it.
struct Source {
    file: &'static str,
    generated: &'static str,
    /// The file that the generator names by the package.
    package: &'static str,
    /// Whether the program serves it, too.
    is_served: bool,
}

const SOURCES: [Source; 2] = [
    Source {
        file: "tfad/fleet/v1/fleet.proto",
        generated: "tfa-fleet/src/generated.rs",
        package: "tfad.fleet.v1.rs",
        is_served: true,
    },
    Source {
        file: "etcd/kv.proto",
        generated: "tfa-fleet/src/etcd/generated.rs",
        package: "etcdserverpb.rs",
        is_served: false,
    },
];

fn main() -> Result<(), Box<dyn Error>> {
    SOURCES.iter().try_for_each(make)
}

fn make(source: &Source) -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("tfa-proto-{}", std::process::id()));
    fs::create_dir(&folder)?;
    tonic_prost_build::configure()
        .out_dir(&folder)
        // The connections are those of tfa-fleet.
        .build_transport(false)
        .build_server(source.is_served)
        // Messages hold codes and keys: none can be printed.
        .skip_debug(["."])
        .compile_fds(protox::compile([source.file], [FOLDER])?)?;
    let code = fs::read_to_string(folder.join(source.package))?;
    fs::remove_dir_all(&folder)?;
    let path = format!("{FOLDER}/{}", source.file);
    let hash = Sha256::digest(fs::read(&path)?);
    let hash = hash.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    let head = format!("// Made by `make proto` out of {path}, SHA-256\n// {hash}\n");
    fs::write(source.generated, head + &code)?;
    Ok(())
}
