"""Names the fault of an exported audit log and its entries, by the rules of docs/audit-format.md: step by step under
"Verifying", and "Which entry is named". Beside docs/verify_audit.py, whose parts it uses and which only says whether."""
import json, sys

from audit_form import has, is_hash, read_entry, read_header, read_line, sha256
from verify_audit import BROKEN, is_there, open_checkpoint


class Fault(Exception):
    """kind, first and last entry or None"""


def attempt(fault, step, *arguments):
    try:
        return step(*arguments)
    except BROKEN:
        raise Fault(*fault)


def must(condition, *fault):
    if not condition:
        raise Fault(*fault)


def node(left, right):
    return sha256(b"\x01", left, right)


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
        hash_, derived, n, level = sha256(b"\x00", leaf), [], self.size, 0
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
        hash_, others = parts[0] if parts else (sha256(), [])
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


def opening_holds(opening, commitment):
    """True, or False where it is wrong; None where it is erased."""
    try:
        return is_there(opening, commitment) or None
    except BROKEN:
        return False


def read(log, raw, entries):
    """A line after the header in its right form; a line that has it but for its number, its place or its texts is more."""
    line = attempt(log.here("line"), read_line, raw)
    if has(line, checkpoint=str):
        return line, None
    right = has(line, n=int, leaf=str, openings=list, nodes=list) and line["leaf"]
    must(right and all(x is None or is_hash(x) for x in line["nodes"]), *log.here("line"))
    for o in line["openings"]:
        known = dict.fromkeys(("id", "salt", "field", "value", "nonce", "ciphertext"), str) | {"erased": bool}
        must(type(o) is dict and "id" in o and all(type(v) is known.get(k) for k, v in o.items()), *log.here("line"))
    must(line["n"] == log.size < entries, *log.here("order"))
    # The openings are judged apart, because reading goes on behind a bad one.
    event, commitments, _ = attempt(log.here("line"), read_entry, line | {"openings": []}, log.size)
    return line, (event, commitments)


def verify(file, vkey=None, notes=()):
    log, remembered, erased, lacking, entries = Log(), None, set(), [], 0
    try:
        header, key = attempt(("header", None, None), lambda: read_header(file.readline().decode()))
        entries = header["entries"]
        must(vkey in (None, header["vkey"]), "key", None, None)
        pins = attempt(("pin", None, None), lambda: sorted(open_checkpoint(note, *key) for note in notes))
        checkpoints = 0
        for raw in [*file, None]:
            while pins and pins[0][0] == log.size:
                log.compare(pins[0][1], log.pinned, "fork")
                log.pinned = pins.pop(0)[0]
            if raw is None:
                break
            line, entry = read(log, raw, entries)
            if entry is None:
                size, root = attempt(("checkpoint", None, None), open_checkpoint, line["checkpoint"], *key)
                must(size == log.size, *log.here("order"))
                log.compare(root, log.good, "changed")
                log.peaks = [(level, hash_, []) for level, hash_, _ in log.peaks]
                log.good, log.suspect, checkpoints = size, None, checkpoints + 1
                continue
            n, (event, commitments), shown = log.size, entry, line["openings"]
            log.append(line["leaf"].encode(), line["nodes"])
            if (event["kind"], event["outcome"]) == ("subject.erased", "done"):
                erased.add(event["subject"])
            ids = [o["id"] for o in shown]
            holds = len(set(ids)) == len(ids) and set(ids) <= {c["opening"] for c in commitments}
            for c in commitments:
                opening = next((o for o in shown if o["id"] == c["opening"]), None)
                state = opening and opening_holds(opening, c["commitment"])
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
    # Each line of the input: a file, the pinned key or null, and the pinned checkpoints.
    for path, vkey, notes in map(json.loads, sys.stdin):
        with open(path, "rb") as file:
            print(json.dumps(verify(file, vkey, notes)), flush=True)
