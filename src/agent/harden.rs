//! Keeps a process that holds secrets out of core files and debuggers.

/// Forbids core files of this process and its children, and that others of the same user look into its memory.
pub fn against_dumps() {
    no_core_files();
    not_dumpable();
}

/// Forbids core files of this process and everything that it starts.
fn no_core_files() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if setrlimit(Resource::Core, none).is_err() {
        tracing::warn!("core files can't be turned off");
    }
}

/// Makes this process one that leaves no core and can't be attached to (`prctl(2)`, `PR_SET_DUMPABLE`). It does not last
/// beyond an `exec`: a child's environment can be read by the same user.
#[cfg(target_os = "linux")]
pub fn not_dumpable() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    if set_dumpable_behavior(DumpableBehavior::NotDumpable).is_err() {
        tracing::warn!("this process can't be made undumpable");
    }
}

/// Other systems have no such switch; their core files are off by the limit.
#[cfg(not(target_os = "linux"))]
pub fn not_dumpable() {}
