//! The Merkle tree over the log's leaves: RFC 6962 §2.1, with SHA-256.
//!
//! A complete subtree at level `l` with index `i` covers the leaves from `i * 2^l` up to, but not including,
//! `(i + 1) * 2^l`. Only complete subtrees are stored; they never change once they are there.

use jit_types::Digest;
use sha2::{Digest as _, Sha256};

/// Where a complete subtree stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The level: 0 is a leaf's hash.
    pub level: u8,
    /// The index within the level, from 0.
    pub index: u64,
}

/// A complete subtree's hash, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where it stands.
    pub place: Place,
    /// Its hash.
    pub hash: Digest,
}

/// Why a root or a proof could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// A stored node that must be there is not.
    #[error("the log's stored tree lacks the node at level {}, index {}", .0.level, .0.index)]
    Missing(Place),
    /// The sizes or the index contradict each other.
    #[error("there is no such entry or size in the log")]
    OutOfRange,
}

/// Where stored nodes are read. Every closure from a place to a hash is one.
pub trait Nodes {
    /// The hash at a place, where it is stored.
    fn node(&self, place: Place) -> Option<Digest>;
}

impl<F: Fn(Place) -> Option<Digest>> Nodes for F {
    fn node(&self, place: Place) -> Option<Digest> {
        self(place)
    }
}

/// Hashes a leaf: SHA-256 over 0x00 and its bytes.
pub fn leaf_hash(leaf: &[u8]) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update([0x00]);
    hasher.update(leaf);
    Digest(hasher.finalize().into())
}

/// Hashes two neighbours: SHA-256 over 0x01 and both hashes.
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut bytes = [0x01; 65];
    for (to, from) in bytes.iter_mut().skip(1).zip(left.0.iter().chain(&right.0)) {
        *to = *from;
    }
    Digest::of(&bytes)
}

/// The root of a log without entries: SHA-256 over nothing.
pub fn empty_root() -> Digest {
    Digest::of(b"")
}

/// The complete subtrees that a log of this size consists of, the largest first.
pub fn peaks(size: u64) -> Vec<Place> {
    let mut begin = 0u64;
    let mut places = Vec::new();
    for level in (0..64u8).rev().filter(|level| size >> level & 1 == 1) {
        places.push(Place { level, index: begin >> level });
        begin += 1 << level;
    }
    places
}

/// The growing edge of the tree: the hashes of the complete subtrees, with which a leaf can be appended and the root be
/// told without reading anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Appender {
    size: u64,
    /// One hash for each of [`peaks`], the largest first.
    edge: Vec<Digest>,
}

/// What appending a leaf gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The leaf's index in the log, from 0.
    pub index: u64,
    /// The subtrees that it completed and that are to be stored: the leaf's own hash at level 0 first.
    pub nodes: Vec<Node>,
}

impl Appender {
    /// Begins a log.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes up a log of this size again; [`peaks`] names what is read.
    ///
    /// # Errors
    /// When a node is missing.
    pub fn restore(size: u64, nodes: &impl Nodes) -> Result<Self, TreeError> {
        let edge =
            peaks(size).into_iter().map(|p| nodes.node(p).ok_or(TreeError::Missing(p))).collect::<Result<_, _>>()?;
        Ok(Self { size, edge })
    }

    /// How many leaves the log has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root at this size.
    pub fn root(&self) -> Digest {
        let mut hashes = self.edge.iter().rev();
        let Some(last) = hashes.next() else { return empty_root() };
        hashes.fold(*last, |right, left| node_hash(left, &right))
    }

    /// Appends a leaf's bytes.
    pub fn append(&mut self, leaf: &[u8]) -> Appended {
        self.append_hash(leaf_hash(leaf))
    }

    /// Appends a leaf of which only the hash is at hand.
    pub fn append_hash(&mut self, leaf: Digest) -> Appended {
        let index = self.size;
        let mut nodes = vec![Node { place: Place { level: 0, index }, hash: leaf }];
        let mut hash = leaf;
        let mut level = 0u8;
        // Each trailing one of the old size is a subtree that the new leaf makes a left neighbour of.
        while index >> level & 1 == 1 {
            let Some(left) = self.edge.pop() else { break };
            hash = node_hash(&left, &hash);
            level += 1;
            nodes.push(Node { place: Place { level, index: index >> level }, hash });
        }
        self.edge.push(hash);
        self.size += 1;
        Appended { index, nodes }
    }
}

/// The largest power of two below `n`; `n` is at least 2.
fn split(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}

/// The hash over leaves `begin..end`, where `begin` is a multiple of a power of two not below the length.
fn range(begin: u64, end: u64, nodes: &impl Nodes) -> Result<Digest, TreeError> {
    let n = end - begin;
    if n.is_power_of_two() {
        let level = n.trailing_zeros() as u8;
        let place = Place { level, index: begin >> level };
        return nodes.node(place).ok_or(TreeError::Missing(place));
    }
    let middle = begin + split(n);
    Ok(node_hash(&range(begin, middle, nodes)?, &range(middle, end, nodes)?))
}

/// The root of the log when it had this size, from stored nodes.
///
/// # Errors
/// When a node is missing.
pub fn root_at(size: u64, nodes: &impl Nodes) -> Result<Digest, TreeError> {
    if size == 0 { Ok(empty_root()) } else { range(0, size, nodes) }
}

/// The proof that the leaf at `index` is in the log of this size: RFC 6962 §2.1.1.
///
/// # Errors
/// When there is no such leaf, or a node is missing.
pub fn inclusion_proof(index: u64, size: u64, nodes: &impl Nodes) -> Result<Vec<Digest>, TreeError> {
    if index >= size {
        return Err(TreeError::OutOfRange);
    }
    let (mut begin, mut end) = (0, size);
    let mut proof = Vec::new();
    while end - begin > 1 {
        let middle = begin + split(end - begin);
        if index < middle {
            proof.push(range(middle, end, nodes)?);
            end = middle;
        } else {
            proof.push(range(begin, middle, nodes)?);
            begin = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the log of size `new` begins with the log of size `old`: RFC 6962 §2.1.2.
///
/// # Errors
/// When `old` is larger than `new`, or a node is missing.
pub fn consistency_proof(old: u64, new: u64, nodes: &impl Nodes) -> Result<Vec<Digest>, TreeError> {
    if old > new {
        return Err(TreeError::OutOfRange);
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let (mut begin, mut end) = (0, new);
    let mut proof = Vec::new();
    while end != old {
        let middle = begin + split(end - begin);
        if old <= middle {
            proof.push(range(middle, end, nodes)?);
            end = middle;
        } else {
            proof.push(range(begin, middle, nodes)?);
            begin = middle;
        }
    }
    // The old root is known to the verifier; where it is not a subtree of its own, its last part is told.
    if begin != 0 {
        proof.push(range(begin, end, nodes)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Names the stored nodes that a root or a proof reads, so that a store can fetch them in one query.
pub fn needs<T>(make: impl FnOnce(&dyn Fn(Place) -> Option<Digest>) -> Result<T, TreeError>) -> Vec<Place> {
    let places = std::cell::RefCell::new(Vec::new());
    // The result is of no use: it was made from zeros, for the sake of the questions.
    let _ = make(&|place| {
        places.borrow_mut().push(place);
        Some(Digest([0; 32]))
    });
    places.into_inner()
}

/// Whether `proof` shows that a leaf with this hash is at `index` in the log of this size and root: RFC 9162 §2.1.3.2.
pub fn verify_inclusion(leaf: &Digest, index: u64, size: u64, root: &Digest, proof: &[Digest]) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether `proof` shows that the log of size `new` begins with the log of size `old`: RFC 9162 §2.1.4.2.
pub fn verify_consistency(old: u64, old_root: &Digest, new: u64, new_root: &Digest, proof: &[Digest]) -> bool {
    if old > new {
        return false;
    }
    if old == 0 {
        return proof.is_empty() && *old_root == empty_root();
    }
    if old == new {
        return proof.is_empty() && old_root == new_root;
    }
    let mut path = proof.iter();
    let first = if old.is_power_of_two() { Some(old_root) } else { path.next() };
    let Some(first) = first else { return false };
    let (mut at, mut last) = (old - 1, new - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut old_hash, mut new_hash) = (*first, *first);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == *old_root && new_hash == *new_root
}
