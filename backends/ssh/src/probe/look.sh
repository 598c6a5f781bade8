# What the probe's certificate forces: it reads, prints words of its own, and changes nothing.
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
# sshd wants a host key before it says how it is configured; this one is made for the question.
K='@KEY@'
set -- $SSH_CONNECTION
W="addr=${1:-192.0.2.1},laddr=${3:-192.0.2.2},lport=${4:-22},host=jit.invalid"
S=$(command -v sshd) || S=/usr/sbin/sshd
told() { printf '%s\n' "$K" | "$S" -T -f '@CONFIG@' -h /dev/stdin -C "user=$1,$W" 2>/dev/null; }
of() { printf '%s\n' "$T" | sed -n "s/^$1 //p" | head -n 1; }
may() {
    if [ -e "$1" ]; then
        [ -r "$1" ] || { echo unknown; return; }
        if grep -qxF -e "$u" "$1"; then echo may; else echo no; fi
    elif [ -e "$2" ]; then
        [ -r "$2" ] || { echo unknown; return; }
        if grep -qxF -e "$u" "$2"; then echo no; else echo may; fi
    else
        echo "$3"
    fi
}
echo 'jit-look 1'
echo "now $(date +%s)"
T=$(told '@ACCOUNT@')
[ -n "$T" ] || { echo 'config unreadable'; echo end; exit 0; }
echo 'config read'
R=$(of revokedkeys) C=$(of trustedusercakeys) P=$(of authorizedprincipalsfile)
if [ "${R:-none}" = none ]; then
    echo 'list none'
elif [ ! -r "$R" ]; then
    echo 'list unreadable'
elif [ "$(wc -c <"$R")" -gt @MOST@ ]; then
    echo 'list long'
else
    printf 'list %s ' "$(stat -L -c %Y "$R")"
    base64 <"$R" | tr -d '\n'
    echo
fi
if [ "${C:-none}" = none ]; then
    echo 'trust none'
elif [ ! -r "$C" ]; then
    echo 'trust unreadable'
else
    echo "trust $(grep -c '^[[:space:]]*[^#[:space:]]' "$C")"
fi
echo "self $(of permittty) $(of disableforwarding)"
set --
case "$P" in
*/%u) if [ -r "${P%/%u}" ]; then set -- "${P%/%u}"/*; else echo 'accounts unlisted'; fi ;;
*) echo 'accounts unlisted' ;;
esac
n=0 seen=
for f in @USER@ "$@"; do
    u=${f##*/}
    case "$u" in '' | [!A-Za-z_]* | *[!A-Za-z0-9._-]*) continue ;; esac
    [ "${#u}" -le 32 ] || continue
    case " $seen " in *" $u "*) continue ;; esac
    id -u "$u" >/dev/null 2>&1 || continue
    seen="$seen $u" n=$((n + 1))
    [ "$n" -le 64 ] || { echo 'accounts cut'; break; }
    T=$(told "$u")
    keys=some revoked=other trusted=other cron=absent at=absent linger=no run=unknown
    [ "$(of authorizedkeysfile) $(of authorizedkeyscommand)" = 'none none' ] && keys=none
    [ "$(of revokedkeys)" = "$R" ] && revoked=same
    [ "$(of trustedusercakeys)" = "$C" ] && trusted=same
    command -v crontab >/dev/null && cron=$(may /etc/cron.allow /etc/cron.deny may)
    command -v at >/dev/null && at=$(may /etc/at.allow /etc/at.deny no)
    [ -e "/var/lib/systemd/linger/$u" ] && linger=yes
    [ -d /proc/1 ] && command -v ps >/dev/null && run=$(($(ps -o pid= -u "$u" | wc -l)))
    echo "account $u $keys $revoked $trusted $cron $at $linger $run"
done
echo end
