//! The tree's edge while a file is read: recomputed hashes, and beside them what the stored nodes say instead.
//!
//! Where entries and signed root disagree, one of the stored nodes may still agree with the root, and then tells which
//! entries were changed. This is the walk down from the signed root through the stored nodes, done upwards, so that one
//! reading and a few hashes of memory are enough: each subtree carries the hashes that it may truly have, and for each
//! the first entries that are bad if that is the true one.

use jit_types::Digest;

use crate::audit::tree::{empty_root, node_hash};

/// The first and last of some entries.
pub(super) type Entries = (u64, u64);

/// So many hashes that a subtree may have are followed up; more only arise where many stored nodes are wrong.
const MOST: usize = 8;

/// A hash that a subtree may truly have although another was recomputed, and the first bad entries if so.
type Other = (Digest, Entries);

/// A complete subtree at the edge.
struct Peak {
    level: u8,
    /// Recomputed from the entries in the file.
    hash: Digest,
    others: Vec<Other>,
}

/// What comparing with a signed root shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// The entries are those that were signed.
    Same,
    /// They are not, and these are the first that differ.
    Differs(Entries),
    /// They are not, and the stored nodes don't tell which.
    Unlocated,
}

#[derive(Default)]
pub(super) struct Edge {
    size: u64,
    peaks: Vec<Peak>,
    /// How many stored nodes were not what the entries give.
    pub(super) strange_nodes: u64,
}

/// Adds a possible hash, unless it is there already or there are enough.
fn add(others: &mut Vec<Other>, hash: &Digest, other: Other) {
    if others.len() < MOST && other.0 != *hash && others.iter().all(|(h, _)| *h != other.0) {
        others.push(other);
    }
}

/// The hashes that two neighbours may give together, other than the one recomputed.
fn combined(left: &Digest, lefts: &[Other], right: &Digest, rights: &[Other]) -> Vec<Other> {
    let mut others = Vec::new();
    // The recomputed hash stands first on each side, with no bad entries.
    for (l, bad_left) in std::iter::once((left, None)).chain(lefts.iter().map(|(h, bad)| (h, Some(*bad)))) {
        for (r, bad_right) in std::iter::once((right, None)).chain(rights.iter().map(|(h, bad)| (h, Some(*bad)))) {
            if let Some(bad) = bad_left.or(bad_right) {
                others.push((node_hash(l, r), bad));
            }
        }
    }
    others
}

impl Edge {
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// How many subtrees the next entry completes, its own hash at level 0 included.
    pub(super) fn completes(&self) -> usize {
        self.size.trailing_ones() as usize + 1
    }

    /// Appends an entry's hash. `stored` has the stored hashes of the subtrees that it completes, from level 0 upwards.
    pub(super) fn append(&mut self, leaf: Digest, stored: &[Option<Digest>]) {
        let index = self.size;
        let mut peak = Peak { level: 0, hash: leaf, others: Vec::new() };
        self.compare(&mut peak, (index, index), Vec::new(), stored);
        while index >> peak.level & 1 == 1 {
            let Some(left) = self.peaks.pop() else { break };
            let derived = if left.others.is_empty() && peak.others.is_empty() {
                Vec::new()
            } else {
                combined(&left.hash, &left.others, &peak.hash, &peak.others)
            };
            let level = peak.level + 1;
            peak = Peak { level, hash: node_hash(&left.hash, &peak.hash), others: Vec::new() };
            let first = index >> level << level;
            self.compare(&mut peak, (first, index), derived, stored);
        }
        self.peaks.push(peak);
        self.size += 1;
    }

    fn compare(&mut self, peak: &mut Peak, all: Entries, derived: Vec<Other>, stored: &[Option<Digest>]) {
        let node = stored.get(usize::from(peak.level)).copied().flatten();
        if let Some(node) = node.filter(|node| *node != peak.hash) {
            self.strange_nodes += 1;
            // What the parts explain is told more closely than "somewhere below this node".
            let bad = derived.iter().find(|(hash, _)| *hash == node).map_or(all, |(_, bad)| *bad);
            add(&mut peak.others, &peak.hash, (node, bad));
        }
        for other in derived {
            add(&mut peak.others, &peak.hash, other);
        }
    }

    /// The recomputed root.
    pub(super) fn root(&self) -> Digest {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return empty_root() };
        peaks.fold(last.hash, |right, left| node_hash(&left.hash, &right))
    }

    /// Compares with a signed root over the entries so far.
    pub(super) fn compare_root(&self, signed: &Digest) -> Compared {
        if self.root() == *signed {
            return Compared::Same;
        }
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return Compared::Unlocated };
        let (mut hash, mut others) = (last.hash, last.others.clone());
        for left in peaks {
            let derived = combined(&left.hash, &left.others, &hash, &others);
            hash = node_hash(&left.hash, &hash);
            others = Vec::new();
            for other in derived {
                add(&mut others, &hash, other);
            }
        }
        others.iter().find(|(h, _)| h == signed).map_or(Compared::Unlocated, |(_, bad)| Compared::Differs(*bad))
    }

    /// Forgets what the stored nodes say instead, once a signed root has confirmed the recomputed hashes.
    pub(super) fn confirm(&mut self) {
        for peak in &mut self.peaks {
            peak.others.clear();
        }
    }
}
