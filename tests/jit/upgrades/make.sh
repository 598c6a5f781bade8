#!/bin/sh
# Makes a store with grants in every standing by a jit of an earlier version, kills it, and keeps what it leaves.
#     make.sh JIT DIRECTORY        as root; OS user jit-test-d is the administrator
set -eu
jit=$1 out=$2 root=$(mktemp -d) admin=jit-test-d
chmod 711 "$root"
trap 'kill -9 $broker $SSH_AGENT_PID 2>/dev/null || :; rm -rf "$root"' EXIT
mkdir "$root/bin"
install -m 755 "$jit" "$root/bin/jit"
ssh-keygen -q -t ed25519 -N '' -C 'the CA of a test' -f "$root/ca"
# In an agent: a backend's target names the place of a CA's file, and nothing of this machine may stay.
eval "$(ssh-agent -a "$root/agent")" >/dev/null
ssh-add -q "$root/ca"
sed "s|@CA@|$(cut -d' ' -f1,2 "$root/ca.pub")|; s|@ROOT@|$root|; s|@ADMIN@|$admin|" "$(dirname "$0")/jit.toml" >"$root/jit.toml"

as() { # NAME COMMAND…: in a home of its own, with a token where there is one
    name=$1; shift
    home=$root/$name user=root token=
    [ "$name" = ada ] && user=$admin
    [ -d "$home" ] || install -d -m 700 -o "$user" -g "$user" "$home" "$home/run"
    [ -e "$home/token" ] && token=$home/token
    (cd / && exec setpriv --reuid "$user" --regid "$user" --clear-groups env -i PATH="$PATH" HOME="$home" LC_ALL=C.UTF-8 \
        XDG_RUNTIME_DIR="$home/run" XDG_CONFIG_HOME="$home/config" XDG_STATE_HOME="$home/state" JIT_BROKER="$root/jit.sock" \
        ${token:+JIT_TOKEN_FILE="$token"} "$root/bin/jit" "$@")
}
filed() { as alice request "$@" --reason 'INC-42 slow orders' --no-wait; }
approved() {
    id=$(filed "$@")
    hash=$(as bob show "$id" --output json | python3 -c 'import json, sys; print(json.load(sys.stdin)["hash"])')
    as bob approve "$id" --hash "$hash" >&2
    echo "$id"
}

env -i PATH="$PATH" HOME="$root" "$root/bin/jit" serve --config "$root/jit.toml" --socket "$root/jit.sock" --state "$root/state" \
    2>"$root/log" & broker=$!
until [ -S "$root/jit.sock" ]; do sleep 0.1; done
for name in alice bob; do
    as $name --version >/dev/null
    as ada token create --person "$name@example.com" --output json |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["secret"])' >"$root/$name/token"
    chmod 600 "$root/$name/token"
done
live=$(approved shell --param login=live --for 1h)
long=$(approved long --for 8h)
ready=$(approved shell --param login=ready --for 30m)
waiting=$(filed shell --param login=waiting --for 2h)
early=$(approved shell --param login=early --for 3m)
late=$(approved shell --param login=late --for 1h)
for id in "$live" "$long" "$early" "$late"; do as alice exec "$id" -- true; done
# Without a list of revoked keys only the certificate's own end proves an early end: until then both are ending.
as alice release "$early" --no-wait
as alice release "$late" --no-wait
sleep 2
for id in "$live" "$long" "$ready" "$waiting" "$early" "$late"; do
    as ada show "$id" --output json
done >"$root/shown"
as ada audit export >"$root/log.jsonl"
as alice agent stop || :
kill -9 $broker; wait $broker 2>/dev/null || :
killed=$(date -u +%s)

mkdir -p "$out"
cp "$root"/state/* "$out"/
cp "$root/ca" "$out/ca"
# What the write-ahead logs hold goes into the files, which are packed; nothing else is changed.
python3 - "$out" "$killed" "$root" <<'END'
import json, pathlib, sqlite3, sys
out, killed, root = pathlib.Path(sys.argv[1]), int(sys.argv[2]), pathlib.Path(sys.argv[3])
for file in out.glob("*.db"):
    db = sqlite3.connect(file)
    for statement in ("PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
        db.execute(statement).fetchall()
    db.close()
shown = {}
for name, view in zip(("live", "long", "ready", "waiting", "early", "late"), map(json.loads, (root / "shown").open())):
    grant = view.get("grant") or {}
    end = grant["window"]["end"] if grant.get("window") else grant.get("start_by") or view["decide_by"]
    shown[name] = {"id": view["id"], "standing": view["standing"], "end": end}
note = [line["checkpoint"] for line in map(json.loads, (root / "log.jsonl").open()) if "checkpoint" in line][-1]
told = {"killed": killed, "checkpoint": note, "requests": shown}
(out / "told.json").write_text(json.dumps(told, indent=1) + "\n")
END
rm -f "$out/lock"
