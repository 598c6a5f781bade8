#!/usr/bin/env python3
"""Says whether an exported audit log holds: exit code 0, or 1 with the rule that it breaks. Written from audit-format.md
alone; Ed25519 is the package `cryptography`. What form the lines have stands in audit_form.py."""
import argparse, functools, hmac, itertools, re, sys
from audit_form import b64, has, is_hash, must, read_entry, read_header, read_line, sha256
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

BROKEN = (ValueError, LookupError, TypeError, AttributeError, RecursionError, InvalidSignature)


def verify(file, vkey=None, notes=()):
    """How many entries a log has that holds; an exception says which rule another breaks."""
    header, key = read_header(file.readline().decode())
    must(vkey in (None, header["vkey"]), "the pinned key is the header's")
    pins = [open_checkpoint(note, *key) for note in notes]
    peaks, size, signed, erased, lacking = [], 0, None, set(), set()
    for line in itertools.chain(file, [None]):
        must(all(root == root_of(peaks) for at, root in pins if at == size), "the log continues what was pinned")
        if line is None:
            break
        line = read_line(line)
        if has(line, checkpoint=str):
            signed, root = open_checkpoint(line["checkpoint"], *key)
            must((signed, root) == (size, root_of(peaks)), "the entries are those that were signed")
            continue
        event, commitments, openings = read_entry(line, size)
        append(peaks, size, line["leaf"].encode())
        size += 1
        if (event["kind"], event["outcome"]) == ("subject.erased", "done"):
            erased.add(event["subject"])
        for c in commitments:
            if c["opening"] not in openings or not is_there(openings[c["opening"]], c["commitment"]):
                lacking.add(c["subject"])
    must(size == header["entries"] and all(at <= size for at, _ in pins), "no entry was cut off")
    must(signed == size, "a checkpoint stands behind the last entry")
    must(lacking <= erased, "a text is missing only where its subject was erased")
    return size


def append(peaks, n, leaf):
    """Puts entry n into the complete subtrees of which the log consists."""
    top = sha256(b"\x00", leaf)
    while n % 2:
        top, n = sha256(b"\x01", peaks.pop(), top), n // 2
    peaks.append(top)


def root_of(peaks):
    return functools.reduce(lambda right, left: sha256(b"\x01", left, right), peaks[::-1] or [sha256()])


def open_checkpoint(note, name, key_hash, public):
    must(re.fullmatch("[^\0-\x09\x0b-\x1f]*\n", note) and len(note.encode()) <= 10**6, "a note is text")
    text, _, signatures = note.rpartition("\n\n— ")
    ours, lines = 0, [line.split(" ") for line in signatures[:-1].split("\n— ")]
    for who, data in lines:
        must(re.fullmatch(r"[^+\s\x7f-\x9f]+", who) and len(b64(data)) > 4 and len(lines) <= 100, "a signature")
        if (who, b64(data)[:4]) == (name, key_hash):
            Ed25519PublicKey.from_public_bytes(public).verify(b64(data)[4:], text.encode() + b"\n")
            ours += 1
    origin, size, root, *more = text.split("\n")
    must(ours and origin == name and all(more), "a checkpoint is this log's, and signed with its key")
    must(re.fullmatch("0|[1-9][0-9]*", size) and len(b64(root)) == 32, "a checkpoint has a size and a root")
    return int(size), b64(root)


def is_there(opening, commitment):
    """Whether an opening is in the file, not erased. An opened one gives its commitment."""
    if has(opening, id=str, salt=str, field=str, value=str) and is_hash(opening["salt"]):
        parts = [t.encode() for t in ("jit audit commitment v1", opening["id"], opening["field"], opening["value"])]
        framed = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        given = hmac.digest(bytes.fromhex(opening["salt"]), framed, "sha256").hex()
        must(given == commitment, "an opening gives its commitment")
    elif has(opening, id=str, nonce=str, ciphertext=str):
        must(len(b64(opening["nonce"])) == 12 and len(b64(opening["ciphertext"])) >= 16, "a sealed opening")
    else:
        must(has(opening, id=str, erased=bool) and opening["erased"], "an opening is opened, sealed or erased")
        return False
    return True


if __name__ == "__main__":
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("export", type=argparse.FileType("rb"))
    args.add_argument("--vkey")
    args.add_argument("--checkpoint", action="append", default=[], type=argparse.FileType("rb"))
    args = args.parse_args()
    try:
        print(verify(args.export, args.vkey, [note.read().decode() for note in args.checkpoint]), "entries: the log holds")
    except BROKEN as rule:
        sys.exit(f"the log does not hold: {str(rule) or 'a checkpoint bears the signature of the key'}")
