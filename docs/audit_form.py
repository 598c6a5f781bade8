"""What form an exported audit log has, line by line, as audit-format.md says; verify_audit.py is what proves something."""
import base64, hashlib, json, re


def read_header(line):
    head = parse(line)
    must(has(head, format=str, version=int, house=str, origin=str, vkey=str, exported=str, entries=int), "a header")
    must((head["format"], head["version"]) == ("jit-audit-export", 1), "the format is known")
    must(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", head["exported"]), "a time")
    (name, told, key), house = head["vkey"].split("+", 2), head["house"]
    must(re.fullmatch("house_[0-9a-z]{26}", house) and head["origin"] == name == "jit/" + house, "one origin")
    key_hash, key = sha256(name.encode(), b"\n", b64(key))[:4], b64(key)
    must(len(key) == 33 and key[0] == 1 and key_hash.hex() == told, "a key of Ed25519 with its hash")
    return head, (name, key_hash, key[1:])


def read_line(line):
    must(line.endswith(b"\n") and len(line) <= 2**24, "a line is whole")
    line = parse(line.decode())
    return line if has(line, checkpoint=str) else {"openings": [], "nodes": []} | line


def read_entry(line, n):
    """What kind of event an entry is, its commitments, and its openings by their id."""
    must(has(line, n=int, leaf=str, openings=list, nodes=list) and line["n"] == n, "this entry stands here")
    completes = ((n + 1) & -(n + 1)).bit_length()
    must(len(line["nodes"]) in (0, completes) and all(x is None or is_hash(x) for x in line["nodes"]), "stored nodes")
    leaf = {"subject": ""} | parse(line["leaf"])
    event = {key: leaf[key] for key in ("v", "kind", "outcome", "subject", "fields")}
    must(has(event, v=int, kind=str, outcome=str, subject=str, fields=dict) and leaf["v"] == 1, "a leaf is an event")
    must(all(is_value(value) for value in leaf["fields"].values()), "a field is a plain value or a commitment")
    commitments = [value for value in leaf["fields"].values() if type(value) is dict]
    openings = {o["id"]: o for o in line["openings"]}
    must(len(openings) == len(line["openings"]), "an opening stands once")
    must(openings.keys() <= {c["opening"] for c in commitments}, "an opening is one that the leaf names")
    return event, commitments, openings


def is_value(value):
    number = type(value) is int and -(2**63) <= value < 2**64
    return number or type(value) in (list, str, bool) or has(value, commitment=str, opening=str, subject=str)


def must(condition, rule):
    if not condition:
        raise ValueError(rule)


def has(value, /, **form):
    """Whether a JSON value is an object with just these keys, and values of these types."""
    return type(value) is dict and {key: type(v) for key, v in value.items()} == form


def parse(text):
    def once(pairs):
        must(len(dict(pairs)) == len(pairs), "no key stands twice")
        return dict(pairs)
    value = json.loads(text, object_pairs_hook=once, parse_int=lambda n: int(n) if n != "-0" else 0.0)
    json.dumps(value, ensure_ascii=False).encode()  # refuses half a surrogate pair, which is no text
    return value


def b64(text):
    data = base64.b64decode(text, validate=True)
    must(base64.b64encode(data).decode() == text, "base64 is padded, its unused bits are zero")
    return data


def is_hash(text):
    return type(text) is str and re.fullmatch("[0-9a-f]{64}", text)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()
