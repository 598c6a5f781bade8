//! Sound and tampered exports, each with the verdict that is due.

use jit_engine::audit::{FaultKind, Pins, Report, verify};
use serde_json::{Value, json};

use crate::support::{Export, Plan};

const OTHER_KEY: [u8; 32] = [4; 32];

/// One file with what it is verified against and what must come of it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) key: Option<String>,
    pub(crate) notes: Vec<String>,
    pub(crate) expected: Option<(FaultKind, Option<(u64, u64)>)>,
}

fn case(name: &'static str, export: &Export, kind: FaultKind, entries: impl Into<Option<(u64, u64)>>) -> Case {
    let expected = Some((kind, entries.into()));
    Case { name, bytes: export.bytes(), key: None, notes: Vec::new(), expected }
}

pub(crate) fn sound(name: &'static str, export: &Export) -> Case {
    Case { name, bytes: export.bytes(), key: None, notes: Vec::new(), expected: None }
}

impl Case {
    pub(crate) fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    pub(crate) fn notes(mut self, notes: &[&String]) -> Self {
        self.notes = notes.iter().map(|note| (*note).clone()).collect();
        self
    }

    pub(crate) fn verify(&self) -> Report {
        let key = self.key.as_ref().map(|key| key.parse().expect("a key"));
        verify(self.bytes.as_slice(), &Pins { key, checkpoints: self.notes.clone() }).expect("memory can be read")
    }
}

pub(crate) fn tampered(plan: &Plan, tamper: impl FnOnce(&mut Export)) -> Export {
    let mut export = Export::make(plan);
    tamper(&mut export);
    export
}

fn remove(list: &mut Value, key: &str) {
    list.as_object_mut().expect("an object").remove(key);
}

/// Takes an entry's row away and moves those behind it up, as somebody with the database would; the stored nodes stay.
fn delete_and_renumber(export: &mut Export, n: u64, last: u64) {
    for i in n..last {
        let (leaf, openings) = {
            let next = export.entry(i + 1);
            (next["leaf"].clone(), next["openings"].clone())
        };
        let entry = export.entry(i);
        entry["leaf"] = leaf;
        remove(entry, "openings");
        if !openings.is_null() {
            entry["openings"] = openings;
        }
    }
}

pub(crate) fn cases() -> Vec<Case> {
    use FaultKind::{Changed, Checkpoint, Fork, Header, Key, Line, Missing, Opening, Order, Pin, Truncated, Unsigned};
    let plan = Plan::default();
    let good = Export::make(&plan);
    let with = |tamper: fn(&mut Export)| tampered(&plan, tamper);
    let fork = Export::make(&Plan { otherwise: Some(13), ..Plan::default() });
    let forged = Export::make(&Plan { seed: OTHER_KEY, ..Plan::default() });
    let mut cases = vec![
        sound("as it was written", &good),
        sound("against its pins", &good).key(&good.key).notes(&[&good.notes[&10], &good.notes[&23], &good.notes[&5]]),
        sound("nothing in it", &Export::make(&Plan { entries: 0, ..Plan::default() })),
        sound("one entry", &Export::make(&Plan { entries: 1, ..Plan::default() })),
        sound("without stored nodes", &with(|e| (0..23).for_each(|n| remove(e.entry(n), "nodes")))),
        sound("a stored node is wrong, the entries are not", &with(|e| e.entry(7)["nodes"][1] = json!("0".repeat(64)))),
        case("a leaf was edited", &with(|e| e.edit(7)), Changed, (7, 7)),
        case("two were edited", &with(|e| [12, 14].into_iter().for_each(|n| e.edit(n))), Changed, (12, 12)),
        case("the last leaf was edited", &with(|e| e.edit(22)), Changed, (22, 22)),
        case(
            "a leaf and its stored hash were edited",
            &with(|e| {
                e.edit(7);
                e.entry(7)["nodes"][0] = json!(e.leaf_hash(7));
            }),
            Changed,
            (6, 7),
        ),
        case(
            "a leaf was edited, one node above is wrong too",
            &with(|e| {
                e.edit(12);
                e.entry(13)["nodes"][1] = json!("0".repeat(64));
            }),
            Changed,
            (12, 12),
        ),
        case(
            "a leaf was edited, and there are no stored nodes",
            &with(|e| {
                e.edit(7);
                (0..23).for_each(|n| remove(e.entry(n), "nodes"));
            }),
            Changed,
            (5, 9),
        ),
        case(
            "a leaf was edited, some stored nodes are missing",
            &with(|e| {
                e.edit(13);
                e.entry(13)["nodes"][0] = Value::Null;
            }),
            Changed,
            (12, 13),
        ),
        case("an entry is missing", &with(|e| drop(e.lines.remove(e.line(7)))), Order, (7, 7)),
        case(
            "an entry is missing behind an edited one",
            &with(|e| {
                e.edit(6);
                e.lines.remove(e.line(8));
            }),
            Order,
            (6, 6),
        ),
        case(
            "an entry was deleted and those behind it moved up",
            &with(|e| delete_and_renumber(e, 7, 22)),
            Changed,
            (7, 7),
        ),
        case(
            "an entry was deleted at the end",
            &with(|e| {
                delete_and_renumber(e, 21, 22);
                e.lines.remove(e.line(22));
            }),
            Order,
            (21, 21),
        ),
        case(
            "an entry stands twice",
            &with(|e| {
                let at = e.line(8);
                e.lines.insert(at, e.lines[at].clone());
            }),
            Order,
            (9, 9),
        ),
        case(
            "two leaves changed places",
            &with(|e| {
                let (a, b) = (e.entry(3)["leaf"].clone(), e.entry(11)["leaf"].clone());
                e.entry(3)["leaf"] = b;
                e.entry(11)["leaf"] = a;
            }),
            Changed,
            (3, 3),
        ),
        case(
            "two lines changed places",
            &with(|e| {
                let at = e.line(8);
                e.lines.swap(at - 1, at);
            }),
            Order,
            (7, 7),
        ),
        case("cut at a checkpoint", &with(|e| e.lines.truncate(e.checkpoint(10) + 1)), Truncated, (10, 10)),
        case("cut behind an entry", &with(|e| e.lines.truncate(e.line(11) + 1)), Truncated, (12, 12)),
        case("without its last checkpoint", &with(|e| drop(e.lines.pop())), Unsigned, (20, 22)),
        case(
            "without any checkpoint",
            &with(|e| e.lines.retain(|line| line["checkpoint"].is_null())),
            Unsigned,
            (0, 22),
        ),
        case(
            "an entry was added",
            &with(|e| {
                let mut more = e.entry(22).clone();
                more["n"] = json!(23);
                e.lines.push(more);
            }),
            Order,
            (23, 23),
        ),
        case(
            "a checkpoint of another key",
            &with(|e| {
                let at = e.checkpoint(15);
                e.lines[at] = Export::make(&Plan { seed: OTHER_KEY, ..Plan::default() }).lines[at].clone();
            }),
            Checkpoint,
            None,
        ),
        case(
            "a checkpoint's size was changed",
            &with(|e| {
                let at = e.checkpoint(15);
                let note = e.lines[at]["checkpoint"].as_str().expect("a note").replacen("\n15\n", "\n16\n", 1);
                e.lines[at]["checkpoint"] = json!(note);
            }),
            Checkpoint,
            None,
        ),
        case(
            "a checkpoint of another size",
            &with(|e| {
                let at = e.checkpoint(15);
                e.lines[at]["checkpoint"] = json!(e.notes[&10]);
            }),
            Order,
            (15, 15),
        ),
        case("a forked log, against a checkpoint kept elsewhere", &fork, Fork, (0, 14)).notes(&[&good.notes[&15]]),
        case("the same, with an earlier one that holds", &fork, Fork, (10, 14))
            .notes(&[&good.notes[&15], &good.notes[&10]]),
        sound("a forked log, against nothing", &fork),
        sound("a forked log, against a checkpoint before the fork", &fork).notes(&[&good.notes[&10]]),
        case("all signed anew with another key, against the key", &forged, Key, None).key(&good.key),
        case("the same, against a checkpoint kept elsewhere", &forged, Pin, None).notes(&[&good.notes[&15]]),
        case(
            "an opened text was changed",
            &with(|e| {
                e.entry(8)["openings"][0]["value"] = json!("\"INC-1 nothing\"");
            }),
            Opening,
            (8, 8),
        ),
        case(
            "an opened field was changed",
            &with(|e| e.entry(8)["openings"][0]["field"] = json!("note")),
            Opening,
            (8, 8),
        ),
        case(
            "two openings changed places",
            &with(|e| {
                let (a, b) = (e.entry(8)["openings"].clone(), e.entry(12)["openings"].clone());
                e.entry(8)["openings"] = b;
                e.entry(12)["openings"] = a;
            }),
            Opening,
            (8, 8),
        ),
        case(
            "an opening under another's id",
            &with(|e| {
                let id = e.entry(8)["openings"][0]["id"].clone();
                e.entry(8)["openings"] = e.entry(12)["openings"].clone();
                e.entry(8)["openings"][0]["id"] = id;
            }),
            Opening,
            (8, 8),
        ),
        case(
            "an opening stands twice",
            &with(|e| {
                let again = e.entry(8)["openings"][0].clone();
                e.entry(8)["openings"].as_array_mut().expect("a list").push(again);
            }),
            Opening,
            (8, 8),
        ),
        case(
            "an opening that is nothing",
            &with(|e| {
                let id = e.entry(8)["openings"][0]["id"].clone();
                e.entry(8)["openings"][0] = json!({ "id": id });
            }),
            Opening,
            (8, 8),
        ),
        case("a text is missing", &with(|e| remove(e.entry(12), "openings")), Missing, (12, 12)),
        case(
            "a text is said to be erased, which is not so",
            &with(|e| {
                let id = e.entry(12)["openings"][0]["id"].clone();
                e.entry(12)["openings"] = json!([{ "id": id, "erased": true }]);
            }),
            Missing,
            (12, 12),
        ),
        case(
            "no event says that the erased was erased",
            &Export::make(&Plan { erased_at: 99, ..Plan::default() }),
            Missing,
            (4, 4),
        ),
        case(
            "a bad text before an edited entry",
            &with(|e| {
                e.entry(8)["openings"][0]["value"] = json!("\"x\"");
                e.edit(11);
            }),
            Opening,
            (8, 8),
        ),
        case(
            "an edited entry before a bad text",
            &with(|e| {
                e.edit(6);
                e.entry(8)["openings"][0]["value"] = json!("\"x\"");
            }),
            Changed,
            (6, 6),
        ),
        case(
            "a node too few",
            &with(|e| drop(e.entry(7)["nodes"].as_array_mut().expect("a list").pop())),
            Line,
            (7, 7),
        ),
        case("an unknown key", &with(|e| e.entry(7)["more"] = json!(1)), Line, (7, 7)),
        case("a leaf that is no event", &with(|e| e.entry(7)["leaf"] = json!("{}")), Line, (7, 7)),
        case("a leaf that is no JSON", &with(|e| e.entry(7)["leaf"] = json!("{")), Line, (7, 7)),
        case("no header", &with(|e| drop(e.lines.remove(0))), Header, None),
        case(
            "another house in the header",
            &with(|e| e.lines[0]["house"] = json!("house_00000000000000000000000000")),
            Header,
            None,
        ),
        case("another version", &with(|e| e.lines[0]["version"] = json!(2)), Header, None),
    ];
    // Cut behind a checkpoint, with the header made to fit: the file alone can't tell, a checkpoint kept elsewhere can.
    let cut = tampered(&plan, |e| {
        e.lines.truncate(e.checkpoint(10) + 1);
        e.lines[0]["entries"] = json!(10);
    });
    cases.push(case("cut, where nothing was erased yet", &cut, Missing, (4, 4)));
    let cut = tampered(&Plan { erased_at: 3, ..Plan::default() }, |e| {
        e.lines.truncate(e.checkpoint(10) + 1);
        e.lines[0]["entries"] = json!(10);
    });
    cases.push(sound("cut with a header that fits", &cut));
    cases.push(
        case("the same, against a checkpoint kept elsewhere", &cut, Truncated, (10, 10)).notes(&[&cut.notes[&15]]),
    );
    let mut broken = sound("cut within a line", &good);
    broken.bytes.truncate(broken.bytes.len() - 10);
    broken.expected = Some((Line, Some((23, 23))));
    cases.push(broken);
    let mut broken = sound("not UTF-8", &good);
    let at = broken.bytes.iter().rposition(|b| *b == b'k').expect("a letter");
    broken.bytes[at] = 0xff;
    broken.expected = Some((Line, Some((23, 23))));
    cases.push(broken);
    // What no JSON value in memory can hold: a key that stands twice.
    for (name, from, to) in [
        ("a key stands twice in a line", r#"{"leaf":"#, r#"{"leaf":"{}","leaf":"#),
        ("a key stands twice in a leaf", r#"\"outcome\":\"done\""#, r#"\"outcome\":\"refused\",\"outcome\":\"done\""#),
        ("another stands twice in a leaf", r#"\"subject\":"#, r#"\"actor\":\"a\",\"actor\":\"b\",\"subject\":"#),
        ("a field stands twice in a leaf", r#"\"fields\":{"#, r#"\"fields\":{\"reason\":1,\"why\":1,\"why\":1,"#),
    ] {
        let text = String::from_utf8(good.bytes()).expect("text").replacen(from, to, 1);
        let mut doubled = case(name, &good, Line, (0, 0));
        assert_ne!(text.as_bytes(), doubled.bytes);
        doubled.bytes = text.into_bytes();
        cases.push(doubled);
    }
    let mut empty = case("empty", &good, Header, None);
    empty.bytes.clear();
    cases.push(empty);
    cases.extend(crate::written::cases());
    cases
}
