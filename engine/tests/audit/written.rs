//! One log, written as JSON in ways that `jit` does not use: what says the same must hold, what is not the form must not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jit_engine::audit::FaultKind;
use serde_json::json;

use crate::cases::{Case, sound, tampered};
use crate::support::{Export, Plan};

/// The sound file with some text in it replaced where it first stands.
fn replaced(name: &'static str, from: &str, to: &str) -> Case {
    let mut case = sound(name, &Export::make(&Plan::default()));
    let text = String::from_utf8(case.bytes).expect("text");
    assert!(text.contains(from), "{name}: {from} does not stand in the file");
    case.bytes = text.replacen(from, to, 1).into_bytes();
    case
}

fn bad(mut case: Case, kind: FaultKind, entry: impl Into<Option<u64>>) -> Case {
    case.expected = Some((kind, entry.into().map(|n| (n, n))));
    case
}

/// Entry 0 has an opened text, entry 4 an erased one, entry 6 sealed ones.
pub(crate) fn cases() -> Vec<Case> {
    use FaultKind::{Checkpoint, Header, Line, Opening};
    let good = Export::make(&Plan::default());
    let first = good.lines[1]["nodes"][0].as_str().and_then(|hash| hash.chars().next()).expect("a stored hash");
    let nodes = |digit: &dyn std::fmt::Display| format!("\"nodes\":[\"{digit}");
    let mut cases = vec![
        replaced("blanks", r#"{"n":1,"leaf":"#, "\t{ \"n\" :\r1 , \"leaf\" : "),
        replaced("a carriage return at the end of a line", "}\n", "}\r\n"),
        replaced("an escape in a key", r#""n":1,"#, r#""\u006e":1,"#),
        replaced("an escape in an id", r#""id":"op_"#, r#""id":"o\u0070_"#),
        replaced("an escape in the name of a field", r#""field":"reason""#, r#""field":"r\u0065ason""#),
        replaced("an escape in a stored hash", &nodes(&first), &nodes(&format!("\\u{:04x}", u32::from(first)))),
        replaced("a slash with its escape", "jit/house", "jit\\/house"),
        bad(replaced("a byte order mark", "{", "\u{feff}{"), Header, None),
        bad(replaced("an empty line", "}\n", "}\n\n"), Line, 0),
        bad(replaced("a comma too many", r#"{"n":1,"#, r#"{"n":1,,"#), Line, 1),
        bad(replaced("a number with a fraction", r#""n":1,"#, r#""n":1.0,"#), Line, 1),
        bad(replaced("a number with an exponent", r#""n":1,"#, r#""n":1e0,"#), Line, 1),
        bad(replaced("a number that is none", r#""n":1,"#, r#""n":true,"#), Line, 1),
        bad(replaced("a number in quotes", r#""n":1,"#, r#""n":"1","#), Line, 1),
        bad(replaced("a zero in front", r#""n":1,"#, r#""n":01,"#), Line, 1),
        bad(replaced("less than no number", r#""n":0,"#, r#""n":-0,"#), Line, 0),
        bad(replaced("no list of nodes", r#""n":1,"#, r#""n":1,"nodes":null,"#), Line, 1),
        bad(replaced("a checkpoint in an entry", r#""n":1,"#, r#""n":1,"checkpoint":"","#), Line, 1),
        bad(replaced("an entry's nodes in a checkpoint", r#"{"checkpoint":"#, r#"{"nodes":[],"checkpoint":"#), Line, 5),
        bad(replaced("a comment", r#""n":1,"#, r#"/**/"n":1,"#), Line, 1),
        bad(replaced("half a letter", r#""field":"reason""#, r#""field":"reason\ud800""#), Line, 0),
        bad(replaced("a key twice in an opening", r#""id":"op_"#, r#""id":"op_x","id":"op_"#), Line, 0),
        bad(replaced("a text that is none", r#""field":"reason""#, r#""field":null"#), Line, 0),
        bad(replaced("a salt beside what is erased", r#""erased":true"#, r#""erased":true,"salt":"""#), Opening, 4),
        bad(replaced("nothing beside what is erased", r#""erased":true"#, r#""erased":true,"salt":null"#), Line, 4),
        bad(replaced("not erased", r#""erased":true"#, r#""erased":false"#), Opening, 4),
        bad(replaced("a sealed text beside an opened one", r#""nonce":"#, r#""value":"","nonce":"#), Opening, 6),
        bad(replaced("a nonce of another length", r#""nonce":""#, r#""nonce":"AAAA"#), Opening, 6),
        bad(replaced("a ciphertext that is no base64", r#""ciphertext":""#, r#""ciphertext":"-"#), Opening, 6),
        bad(replaced("a time that is none", r#""exported":"2026-"#, r#""exported":"then-"#), Header, None),
        bad(replaced("an unknown key in the header", r#"{"entries":"#, r#"{"more":1,"entries":"#), Header, None),
        bad(replaced("the header's number in quotes", r#""entries":23"#, r#""entries":"23""#), Header, None),
    ];
    let salted = |change: fn(&str) -> String| {
        tampered(&Plan::default(), |e| {
            let salt = change(e.entry(0)["openings"][0]["salt"].as_str().expect("a salt"));
            e.entry(0)["openings"][0]["salt"] = json!(salt);
        })
    };
    let upper = sound("a salt in upper case", &salted(|salt| salt.to_uppercase()));
    let other = sound("another salt", &salted(|salt| salt.chars().rev().collect()));
    cases.extend([bad(upper, Opening, 0), bad(other, Opening, 0)]);
    // The first checkpoint's note, with something done to it.
    let noted = |name, change: &dyn Fn(&str) -> String| {
        let export = tampered(&Plan::default(), |e| {
            let at = e.checkpoint(5);
            e.lines[at]["checkpoint"] = json!(change(&good.notes[&5]));
        });
        sound(name, &export)
    };
    let added = |line: &'static str| move |note: &str| format!("{note}{line}\n");
    let more = "A".repeat(8);
    let signatures = |count: usize| format!("— witness.example {more}\n").repeat(count);
    cases.extend([
        noted("a witness has signed too", &added("— witness.example AAAAAAAA")),
        noted("a hundred signatures", &|note| note.to_owned() + &signatures(99)),
        bad(noted("a hundred and one", &|note| note.to_owned() + &signatures(100)), Checkpoint, None),
        bad(noted("a witness with a plus", &added("— wit+ness AAAAAAAA")), Checkpoint, None),
        bad(noted("a witness without a signature", &added("— witness.example AAAA")), Checkpoint, None),
        bad(noted("a line that is no signature", &added("witness.example AAAAAAAA")), Checkpoint, None),
        bad(noted("no line feed at the end", &|note| note.trim_end().to_owned()), Checkpoint, None),
        bad(
            noted("an extension that was not signed", &|note| note.replacen("\n\n", "\nmore\n\n", 1)),
            Checkpoint,
            None,
        ),
        bad(noted("another root", &|note| note.replacen("\n5\n", "\n5\nA", 1)), Checkpoint, None),
        bad(noted("a forged signature", &|note| bent(note, 40)), Checkpoint, None),
        bad(noted("a signature of another key hash", &|note| bent(note, 0)), Checkpoint, None),
        bad(noted("a signature with bits that mean nothing", &loose), Checkpoint, None),
    ]);
    cases
}

/// A note whose signature, the four bytes of the key's hash in front, has one bit changed.
fn bent(note: &str, byte: usize) -> String {
    let (text, encoded) = note.trim_end().rsplit_once(' ').expect("a signature");
    let mut bytes = STANDARD.decode(encoded).expect("base64");
    bytes[byte] ^= 1;
    format!("{text} {}\n", STANDARD.encode(bytes))
}

/// A note whose signature has an unused bit set: 68 bytes leave two over in their last digit.
fn loose(note: &str) -> String {
    let (signature, digit) = note.trim_end().strip_suffix('=').expect("padding").split_at(note.trim_end().len() - 2);
    let next = char::from(digit.as_bytes()[0] + 1);
    format!("{signature}{next}=\n")
}
