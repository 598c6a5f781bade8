#!/usr/bin/env python3
"""Verifies an exported audit log. Written from audit-format.md alone, on purpose without any of jit's own code.

    verify_audit.py EXPORT [--vkey KEY] [--checkpoint FILE]...

Prints one JSON object. Exit code 0: it holds; 1: it does not; 2: usage, or a file
can't be read.
"""
import argparse, base64, hashlib, hmac, json, re, sys

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    def ed25519(public, text, signature):
        try:
            return Ed25519PublicKey.from_public_bytes(public).verify(signature, text) is None
        except (InvalidSignature, ValueError):
            return False
except ImportError:  # RFC 8032 §5.1, slow but whole
    P, Q = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
    D = -121665 * pow(121666, -1, P) % P

    def point(data):
        y, sign = int.from_bytes(data, "little") & (1 << 255) - 1, data[31] >> 7
        xx = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
        x = pow(xx, (P + 3) // 8, P)
        x = x if x * x % P == xx else x * pow(2, (P - 1) // 4, P) % P
        if y >= P or x * x % P != xx or (x == 0 and sign):
            raise ValueError
        return (P - x if x & 1 != sign else x, y)

    def add(a, b):
        t = D * a[0] * b[0] * a[1] * b[1] % P
        return ((a[0] * b[1] + b[0] * a[1]) * pow(1 + t, -1, P) % P, (a[1] * b[1] + a[0] * b[0]) * pow(1 - t, -1, P) % P)

    def times(n, a):
        total = (0, 1)
        for bit in bin(n)[2:]:
            total = add(total, total)
            total = add(total, a) if bit == "1" else total
        return total

    def ed25519(public, text, signature):
        try:
            a, r, s = point(public), point(signature[:32]), int.from_bytes(signature[32:], "little")
            h = int.from_bytes(hashlib.sha512(signature[:32] + public + text).digest(), "little") % Q
            base = point(bytes.fromhex("58" + "66" * 31))
            return len(signature) == 64 and s < Q and times(s, base) == add(r, times(h, a))
        except (ValueError, IndexError):
            return False


OPENING = dict.fromkeys(("id", "salt", "field", "value", "nonce", "ciphertext"), str) | {"erased": bool}


class Fault(Exception):
    """kind, first and last entry or None"""


def must(condition, *fault):
    if not condition:
        raise Fault(*fault)


def pairs(items):
    if len({k for k, _ in items}) < len(items):
        raise ValueError("a key stands twice")
    return dict(items)


def parse(text):
    return json.loads(text, object_pairs_hook=pairs, parse_constant=lambda c: int("no " + c))


def b64(text):
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("loose base64")
    return data


def is_hex(text):
    return type(text) is str and re.fullmatch("[0-9a-f]{64}", text) is not None


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def open_checkpoint(note, name, key_hash, public):
    """The size and root of a signed checkpoint; ValueError where it is none."""
    at = note.rfind("\n\n\u2014 ")
    if at < 0 or not note.endswith("\n") or re.search("[\x00-\x09\x0b-\x1f]", note):
        raise ValueError("no note")
    text, signed = note[: at + 1], False
    for line in note[at + 2 : -1].split("\n"):
        dash, who, data = line.split(" ")
        data = b64(data)
        if dash != "\u2014" or not who or len(data) < 5:
            raise ValueError("no signature")
        if (who, data[:4]) == (name, key_hash):
            signed = ed25519(public, text.encode(), data[4:])
            if not signed:
                raise ValueError("forged")
    lines = text[:-1].split("\n")
    size, root = lines[1], b64(lines[2])
    if not signed or "" in lines or lines[0] != name or not re.fullmatch("0|[1-9][0-9]*", size) or len(root) != 32:
        raise ValueError("no checkpoint of this log")
    return int(size), root


def read_header(line):
    h = parse(line)
    name, key_hash, key = h["vkey"].split("+", 2)
    data = b64(key)
    if (
        set(h) != {"format", "version", "house", "origin", "vkey", "exported", "entries"}
        or (h["format"], h["version"]) != ("jit-audit-export", 1) or type(h["entries"]) is not int
        or not h["origin"] == name == "jit/" + h["house"] or len(data) != 33 or data[0] != 1
        or hashlib.sha256(name.encode() + b"\n" + data).digest()[:4].hex() != key_hash
    ):
        raise ValueError("no header")
    return h, (name, bytes.fromhex(key_hash), data[1:])


def read_leaf(text):
    leaf = parse(text)
    found = []
    if leaf["v"] != 1 or any(type(leaf[k]) is not str for k in ("kind", "outcome")) or type(leaf.get("subject", "")) is not str:
        raise ValueError("no event")
    for value in leaf["fields"].values():
        if type(value) is dict:
            if set(value) != {"commitment", "opening", "subject"} or any(type(v) is not str for v in value.values()):
                raise ValueError("no commitment")
            found.append(value)
        elif type(value) not in (bool, int, str, list) or type(value) is int and not -(2**63) <= value < 2**64:
            raise ValueError("no value")
    return leaf, found


def opening_holds(shown, committed):
    """True, or False where it is wrong; None where it is erased."""
    if set(shown) == {"id", "erased"}:
        return None if shown["erased"] is True else False
    if set(shown) == {"id", "nonce", "ciphertext"}:
        try:
            return len(b64(shown["nonce"])) == 12 and len(b64(shown["ciphertext"])) >= 16
        except ValueError:
            return False
    if set(shown) != {"id", "salt", "field", "value"} or not is_hex(shown["salt"]):
        return False
    parts = [t.encode() for t in ("jit audit commitment v1", shown["id"], shown["field"], shown["value"])]
    framed = b"".join(len(p).to_bytes(8, "big") + p for p in parts)
    return hmac.new(bytes.fromhex(shown["salt"]), framed, "sha256").hexdigest() == committed["commitment"]


def collect(recomputed, candidates):
    others = []
    for hash_, bad in candidates:
        if hash_ != recomputed and all(hash_ != h for h, _ in others) and len(others) < 8:
            others.append((hash_, bad))
    return others


def derive(left, right):
    """left and right: (recomputed, others)"""
    sides = [[(hash_, None)] + others for hash_, others in (left, right)]
    return [(node(l, r), bl or br) for l, bl in sides[0] for r, br in sides[1] if bl or br]


class Log:
    def __init__(self):
        self.size, self.peaks, self.suspect, self.good, self.pinned = 0, [], None, 0, 0  # peaks: (level, hash, others)

    def append(self, leaf, nodes):
        hash_, derived, n = hashlib.sha256(b"\x00" + leaf).digest(), [], self.size
        level = 0
        while True:
            stored = nodes[level] and bytes.fromhex(nodes[level]) if nodes else None
            if stored and stored != hash_:
                if level == 0 and self.suspect is None:
                    self.suspect = n
                whole = (n >> level << level, n)
                derived = [(stored, next((bad for h, bad in derived if h == stored), whole))] + derived
            others = collect(hash_, derived)
            if not n >> level & 1:
                break
            _, left, left_others = self.peaks.pop()
            derived = derive((left, left_others), (hash_, others))
            hash_, level = node(left, hash_), level + 1
        self.peaks.append((level, hash_, others))
        self.size += 1

    def compare(self, root, since, kind):
        parts = [(h, others) for _, h, others in reversed(self.peaks)]
        hash_, others = parts[0] if parts else (hashlib.sha256(b"").digest(), [])
        for left in parts[1:]:
            derived = derive(left, (hash_, others))
            hash_ = node(left[0], hash_)
            others = collect(hash_, derived)
        if hash_ != root:
            first, last = next((bad for h, bad in others if h == root), (since, self.size - 1))
            raise Fault(kind, *((max(first, since), last) if self.size > since else (None, None)))

    def here(self, kind):
        first = self.size if self.suspect is None else self.suspect
        return kind, first, first


def read_line(log, line, entries):
    """An entry or a checkpoint in its right form, as a dict; else a fault."""
    try:
        must(line.endswith(b"\n") and len(line) <= 16 << 20, *log.here("line"))
        line = parse(line[:-1].decode())
        if set(line) == {"checkpoint"}:
            must(type(line["checkpoint"]) is str, *log.here("line"))
            return line
        must({"n", "leaf"} <= set(line) <= {"n", "leaf", "openings", "nodes"} and type(line["n"]) is int, *log.here("line"))
        nodes, shown = line.setdefault("nodes", []), line.setdefault("openings", [])
        must(all(n is None or is_hex(n) for n in nodes) and type(nodes) is type(shown) is list, *log.here("line"))
        for o in shown:
            must(all(type(v) is OPENING[k] for k, v in o.items()) and "id" in o, *log.here("line"))
        must(line["n"] == log.size < entries, *log.here("order"))
        ones = len(bin(log.size)) - len(bin(log.size).rstrip("1"))
        must(len(nodes) in (0, ones + 1), *log.here("line"))
        line["event"], line["committed"] = read_leaf(line["leaf"])
        return line
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Fault(*log.here("line"))


def verify(file, vkey=None, notes=()):
    log, remembered, erased, lacking, entries = Log(), None, set(), [], 0
    try:
        try:
            header, key = read_header(file.readline().decode())
            entries = header["entries"]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Fault("header", None, None)
        must(vkey in (None, header["vkey"]), "key", None, None)
        try:
            pins = sorted(open_checkpoint(note, *key) for note in notes)
        except (ValueError, IndexError):
            raise Fault("pin", None, None)
        checkpoints = 0
        for raw in [*file, None]:
            while pins and pins[0][0] == log.size:
                log.compare(pins[0][1], log.pinned, "fork")
                log.pinned = pins.pop(0)[0]
            if raw is None:
                break
            line = read_line(log, raw, entries)
            if "checkpoint" in line:
                try:
                    size, root = open_checkpoint(line["checkpoint"], *key)
                except (ValueError, IndexError):
                    raise Fault("checkpoint", None, None)
                must(size == log.size, *log.here("order"))
                log.compare(root, log.good, "changed")
                log.peaks = [(level, hash_, []) for level, hash_, _ in log.peaks]
                log.good, log.suspect, checkpoints = size, None, checkpoints + 1
                continue
            n, event, shown, committed = log.size, line["event"], line["openings"], line["committed"]
            log.append(line["leaf"].encode(), line["nodes"])
            if (event["kind"], event["outcome"]) == ("subject.erased", "done") and "subject" in event:
                erased.add(event["subject"])
            ids = [o["id"] for o in shown]
            holds = len(set(ids)) == len(ids) and set(ids) <= {c["opening"] for c in committed}
            for c in committed:
                state = next((opening_holds(o, c) for o in shown if o["id"] == c["opening"]), None)
                holds = holds and state is not False
                if state is None:
                    lacking.append((n, c["subject"]))
            if not holds and remembered is None:
                remembered = ("opening", n, n)
        must(log.size == entries and not pins, *log.here("truncated"))
        unsigned = (log.good, log.size - 1) if log.size > log.good else (None, None)
        must(checkpoints and log.good == log.size, "unsigned", *unsigned)
        for n, subject in lacking:
            must(subject in erased, "missing", n, n)
        fault = remembered
    except Fault as f:
        faults = [f.args] if remembered is None else [remembered, f.args]
        fault = min(faults, key=lambda a: float("inf") if a[1] is None else a[1])
    kind, first, last = fault or (None, None, None)
    return {"holds": fault is None, "fault": kind, "first": first, "last": last, "entries": log.size}


if __name__ == "__main__":
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("export")
    args.add_argument("--vkey")
    args.add_argument("--checkpoint", action="append", default=[])
    args = args.parse_args()
    try:
        kept = [open(path, encoding="utf-8", newline="").read() for path in args.checkpoint]
        with open(args.export, "rb") as opened:
            verdict = verify(opened, args.vkey, kept)
    except (OSError, UnicodeDecodeError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    print(json.dumps(verdict))
    sys.exit(0 if verdict["holds"] else 1)
