//! The audit log: verifiable, and erasable.
//!
//! An event of the pure step is [sealed](seal) into a leaf, one line of JSON in which a commitment stands wherever
//! something personal stood. Leaves are numbered and appended to one Merkle [tree], whose size and root the house signs
//! in [checkpoints](checkpoint). The texts behind the commitments, the [openings], are kept in a file of their own under
//! one key per subject, and the [keys] in another: destroying a key erases the texts and leaves every proof standing.
//! An [export] is a file that a second program can [verify] without the house.
//!
//! What a leaf, a commitment, a checkpoint and an export are, byte for byte, is written down in `docs/audit-format.md`.

pub mod checkpoint;
pub mod export;
pub mod keys;
pub mod note;
pub mod opening;
pub mod openings;
pub mod random;
pub mod seal;
pub mod sqlite;
pub mod tree;
pub mod verify;

pub use checkpoint::{Checkpoint, CheckpointError, Signer, origin};
pub use export::{Exporter, Shown};
pub use keys::{KeysError, SqliteKeys, SubjectKeys};
pub use note::{NoteError, VerifierKey};
pub use opening::{OpenError, Opening, SealedOpening, SubjectKey};
pub use openings::{Openings, OpeningsError, SqliteOpenings};
pub use random::{Random, RandomError, SystemRandom};
pub use seal::{KeyState, Keyring, SealError, Sealed, Sealer};
pub use tree::{Appended, Appender, Node, Place, TreeError};
pub use verify::{ERASED, Fault, FaultKind, Pins, Report, verify};
