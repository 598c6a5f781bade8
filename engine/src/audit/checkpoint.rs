//! Checkpoints: what the log's size and root were, signed. The text is C2SP tlog-checkpoint inside a signed note.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jit_types::{Digest, HouseId};

use super::note::{NoteError, Signer as NoteSigner, VerifierKey, open};

/// The name of a house's log: the first line of its checkpoints, and the name of the key that signs them.
pub fn origin(house: HouseId) -> String {
    format!("jit/{house}")
}

/// Why a checkpoint is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note around it is not accepted.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The signed text is not a checkpoint.
    #[error("the signed text is not a checkpoint")]
    Malformed,
    /// It is another log's.
    #[error("the checkpoint is of another house's log")]
    Origin,
}

/// A statement of the log's size and root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Digest,
}

impl Checkpoint {
    /// The text that is signed: three lines.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.0))
    }

    /// Reads the text. Lines after the third are extensions, which the format allows and nothing here depends on.
    ///
    /// # Errors
    /// When it keeps not exactly to the format: a size has no leading zeros, a root is 32 bytes, no line is empty.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let body = text.strip_suffix('\n').ok_or(CheckpointError::Malformed)?;
        if body.split('\n').any(str::is_empty) {
            return Err(CheckpointError::Malformed);
        }
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Malformed);
        };
        let number: u64 = size.parse().map_err(|_| CheckpointError::Malformed)?;
        let root = STANDARD.decode(root).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let Some(root) = root.filter(|_| number.to_string() == size) else { return Err(CheckpointError::Malformed) };
        Ok(Self { origin: origin.to_owned(), size: number, root: Digest(root) })
    }

    /// Opens a signed checkpoint of the log that the key speaks for: the key's name is the log's origin.
    ///
    /// # Errors
    /// When the note, its signature, its text or its origin is not as it must be.
    pub fn open(note: &str, key: &VerifierKey) -> Result<Self, CheckpointError> {
        let checkpoint = Self::parse(open(note, std::slice::from_ref(key))?)?;
        if checkpoint.origin == key.name() { Ok(checkpoint) } else { Err(CheckpointError::Origin) }
    }
}

/// What signs a house's checkpoints.
pub struct Signer(NoteSigner);

impl Signer {
    /// Takes the house and the 32 bytes that its signing key is made from; the caller wipes its own copy.
    ///
    /// # Errors
    /// When the key can't be made.
    pub fn from_seed(house: HouseId, seed: &[u8; 32]) -> Result<Self, NoteError> {
        NoteSigner::from_seed(&origin(house), seed).map(Self)
    }

    /// The public half, to be handed to whoever verifies.
    pub fn verifier_key(&self) -> &VerifierKey {
        self.0.verifier_key()
    }

    /// Signs that the log has this size and root.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn sign(&self, size: u64, root: Digest) -> Result<String, NoteError> {
        self.0.sign(&Checkpoint { origin: self.verifier_key().name().to_owned(), size, root }.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jit_types::Timestamp;

    fn house(n: u8) -> HouseId {
        HouseId::from_parts(Timestamp::from_millis(i64::from(n)), [n; 10])
    }

    #[test]
    fn a_signed_checkpoint_opens_and_another_houses_does_not() {
        let signer = Signer::from_seed(house(1), &[1; 32]).expect("a key");
        let note = signer.sign(7, Digest::of(b"root")).expect("a note");
        let key = signer.verifier_key().clone();
        let opened = Checkpoint::open(&note, &key).expect("it opens");
        assert_eq!((opened.origin.as_str(), opened.size, opened.root), (key.name(), 7, Digest::of(b"root")));

        let stranger = Signer::from_seed(house(2), &[2; 32]).expect("a key");
        let strange = stranger.sign(7, Digest::of(b"root")).expect("a note");
        assert_eq!(Checkpoint::open(&strange, &key), Err(NoteError::Unsigned.into()));

        // A house that signs in another's name.
        let forger = NoteSigner::from_seed(&origin(house(2)), &[2; 32]).expect("a key");
        let text = Checkpoint { origin: origin(house(1)), size: 1, root: Digest([0; 32]) }.text();
        let note = forger.sign(&text).expect("a note");
        assert_eq!(Checkpoint::open(&note, forger.verifier_key()), Err(CheckpointError::Origin));
    }

    #[test]
    fn the_text_is_read_strictly() {
        // The example of C2SP tlog-checkpoint.
        let good = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let read = Checkpoint::parse(good).expect("it is one");
        assert_eq!((read.size, read.text().as_str()), (20_852_163, good));
        assert!(Checkpoint::parse(&format!("{good}an extension\n")).is_ok());
        for bad in [
            "",
            "a\n1\n",
            "a\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
            "a\n+1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
            "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n",
            "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jx\n",
            "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
            "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n",
            "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        ] {
            assert_eq!(Checkpoint::parse(bad), Err(CheckpointError::Malformed), "{bad:?}");
        }
    }
}
