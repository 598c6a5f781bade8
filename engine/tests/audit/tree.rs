//! The tree against a naive reading of RFC 6962 §2.1, and against the vectors of certificate-transparency's own tests.

use std::collections::HashMap;

use jit_engine::audit::tree::{
    Appender, Place, consistency_proof, empty_root, inclusion_proof, leaf_hash, needs, node_hash, peaks, root_at,
    verify_consistency, verify_inclusion,
};
use jit_types::Digest;
use proptest::prelude::*;

/// MTH of RFC 6962 §2.1, word for word.
fn mth(leaves: &[Vec<u8>]) -> Digest {
    match leaves {
        [] => Digest::of(b""),
        [one] => Digest::of(&[&[0u8], one.as_slice()].concat()),
        many => {
            let mut k = 1;
            while k * 2 < many.len() {
                k *= 2;
            }
            Digest::of(&[&[1u8], mth(&many[..k]).0.as_slice(), mth(&many[k..]).0.as_slice()].concat())
        }
    }
}

fn grow(leaves: &[Vec<u8>]) -> (Appender, HashMap<Place, Digest>) {
    let mut appender = Appender::new();
    let mut nodes = HashMap::new();
    for (i, leaf) in leaves.iter().enumerate() {
        let appended = appender.append(leaf);
        assert_eq!(appended.index, i as u64);
        for node in appended.nodes {
            assert_eq!(nodes.insert(node.place, node.hash), None, "a stored node never changes");
        }
    }
    (appender, nodes)
}

fn reference_leaves() -> Vec<Vec<u8>> {
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
        .iter()
        .map(|h| hex::decode(h).expect("hexadecimal"))
        .collect()
}

#[test]
fn the_reference_roots() {
    // Roots from certificate-transparency, cpp/merkletree/merkle_tree_test.cc.
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    assert_eq!(empty_root().to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    let mut appender = Appender::new();
    for (leaf, root) in reference_leaves().iter().zip(roots) {
        appender.append(leaf);
        assert_eq!(appender.root().to_string(), root);
    }
}

#[test]
fn the_reference_proofs() {
    // The same file's path and proof vectors, given there for 8 leaves and fewer.
    let (_, nodes) = grow(&reference_leaves());
    let get = |p: Place| nodes.get(&p).copied();
    let texts = |proof: Vec<Digest>| proof.iter().map(Digest::to_string).collect::<Vec<_>>();
    assert_eq!(
        texts(inclusion_proof(0, 8, &get).expect("a proof")),
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ]
    );
    assert_eq!(
        texts(inclusion_proof(5, 8, &get).expect("a proof")),
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
    assert_eq!(
        texts(consistency_proof(6, 8, &get).expect("a proof")),
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
    assert_eq!(
        texts(consistency_proof(1, 8, &get).expect("a proof")),
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ]
    );
}

#[test]
fn all_proofs_of_small_logs_hold_and_no_other() {
    let leaves: Vec<Vec<u8>> = (0..33u8).map(|i| vec![i; 3]).collect();
    let (_, nodes) = grow(&leaves);
    let get = |p: Place| nodes.get(&p).copied();
    let roots: Vec<Digest> = (0..=33).map(|n| mth(&leaves[..n])).collect();
    for new in 0..=33u64 {
        assert_eq!(root_at(new, &get), Ok(roots[new as usize]));
        for index in 0..new {
            let proof = inclusion_proof(index, new, &get).expect("a proof");
            for (other, leaf) in leaves.iter().enumerate() {
                let hash = leaf_hash(leaf);
                let holds = verify_inclusion(&hash, index, new, &roots[new as usize], &proof);
                assert_eq!(holds, other as u64 == index, "{index} of {new}, shown leaf {other}");
            }
            let longer = [proof.clone(), vec![Digest([0; 32])]].concat();
            assert!(!verify_inclusion(&leaf_hash(&leaves[index as usize]), index, new, &roots[new as usize], &longer));
        }
        for old in 0..=new {
            let proof = consistency_proof(old, new, &get).expect("a proof");
            let (a, b) = (&roots[old as usize], &roots[new as usize]);
            assert!(verify_consistency(old, a, new, b, &proof), "{old} to {new}");
            let forged = Digest([9; 32]);
            assert!(!verify_consistency(old, &forged, new, b, &proof), "{old} to {new}");
            // From nothing to anything there is nothing to compare the new root with.
            assert!(old == 0 || !verify_consistency(old, a, new, &forged, &proof), "{old} to {new}");
            for i in 0..proof.len() {
                let mut bent = proof.clone();
                bent[i].0[31] ^= 1;
                assert!(!verify_consistency(old, a, new, b, &bent), "{old} to {new}, part {i}");
                assert!(!verify_consistency(old, a, new, b, &proof[..i]), "{old} to {new}, cut at {i}");
            }
        }
    }
    assert!(inclusion_proof(5, 5, &get).is_err());
    assert!(consistency_proof(6, 5, &get).is_err());
}

proptest! {
    #[test]
    fn roots_are_those_of_the_definition(leaves in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..70)) {
        let (appender, nodes) = grow(&leaves);
        prop_assert_eq!(appender.root(), mth(&leaves));
        let get = |p: Place| nodes.get(&p).copied();
        for size in 0..=leaves.len() {
            prop_assert_eq!(root_at(size as u64, &get), Ok(mth(&leaves[..size])));
            let restored = Appender::restore(size as u64, &get).expect("all nodes are there");
            prop_assert_eq!(restored.root(), mth(&leaves[..size]));
        }
        prop_assert_eq!(Appender::restore(leaves.len() as u64, &get), Ok(appender));
    }

    #[test]
    fn what_is_needed_is_what_is_read(size in 1u64..5000, part in 0.0f64..1.0) {
        let index = ((size as f64) * part) as u64;
        let wanted = needs(|get| inclusion_proof(index, size, &get));
        // Only the wanted nodes are given, each with a hash of its own: that is enough.
        let hash = |p: Place| node_hash(&Digest([p.level; 32]), &Digest::of(&p.index.to_be_bytes()));
        let get = |p: Place| wanted.contains(&p).then(|| hash(p));
        prop_assert!(inclusion_proof(index, size, &get).is_ok());
        for left_out in &wanted {
            let get = |p: Place| (p != *left_out).then(|| hash(p));
            prop_assert!(inclusion_proof(index, size, &get).is_err());
        }
        prop_assert_eq!(peaks(size), needs(|get| Appender::restore(size, &get)));
    }
}
