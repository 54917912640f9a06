//! Files that are not for everybody on the machine.

use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt as _;

/// The rights of everybody: to read and to write.
const EVERYBODY: u32 = 0o006;

/// What is wrong with a file that everybody on the machine may read or write, and the command that
/// mends it.
pub(crate) fn openness(metadata: &Metadata, name: &str) -> Option<(String, String)> {
    let mode = metadata.permissions().mode() & 0o7777;
    (mode & EVERYBODY != 0).then(|| {
        let what = format!("is open to everybody on this machine, mode {mode:04o}");
        (what, format!("chmod 600 {name}"))
    })
}
