#!/bin/sh
# Serves the test realm in the foreground; creates it first where it is missing.
#
#   serve.sh [DIR]
#
# The environment is that of configure.sh, and
#
#   TESTKDC_CONTROL=1   take orders from standard input, one a line, and answer each with a line "ok" or
#                       "failed" on standard output. The end of the input ends everything and removes DIR,
#                       so whoever holds the other end cannot leave anything behind, even when killed.
#
#     start NAME [PORT]   start the KDC called NAME; with PORT it is configured first
#     signal NAME SIGNAL  send a signal to a KDC or to kadmind; KILL waits for the end
#     kadmin QUERY        run kadmin.local; what it printed is in DIR/kadmin.out and DIR/kadmin.err
#
# Without TESTKDC_CONTROL it ends when a server ends or at SIGTERM.
set -u

here=$(dirname "$0")
dir=${1:-/realm}
realm=${TESTKDC_REALM:-TGG.TEST}
# Debian has the servers where an ordinary user's PATH does not look.
PATH=$PATH:/usr/sbin:/sbin
export PATH KRB5_CONFIG="$dir/krb5.conf" KRB5_KDC_PROFILE="$dir/kdc.conf" KRB5CCNAME="FILE:$dir/ccache"
umask 077

# How often a log says that its server has started.
starts() {
    grep -s -c -e 'commencing operation' -e '): starting' "$dir/$1.log" || :
}

# launch NAME COMMAND...: returns when the server listens, or fails when it has ended.
launch() {
    name=$1
    shift
    : >>"$dir/$name.log"
    before=$(starts "$name")
    # Standard output is for answers alone where somebody gives orders.
    if [ "${TESTKDC_CONTROL:-}" = 1 ]; then out=$dir/$name.out; else out=/dev/stderr; fi
    KRB5_KDC_PROFILE="$dir/$conf.conf" "$@" >>"$out" 2>&1 </dev/null &
    echo $! >"$dir/$name.pid"
    until [ "$(starts "$name")" -gt "$before" ]; do
        kill -0 "$(cat "$dir/$name.pid")" 2>/dev/null || return 1
        sleep 0.01
    done
}

start() {
    if [ -n "${2:-}" ]; then TESTKDC_PORT=$2 sh "$here/configure.sh" "$dir" "$1" || return; fi
    case $1 in
    kadmind) conf=kdc && launch kadmind kadmind -nofork ;;
    *) conf=$1 && launch "$1" krb5kdc -n ;;
    esac
}

send() {
    pid=$(cat "$dir/$1.pid") || return
    kill -s "$2" "$pid" || return
    if [ "$2" = KILL ]; then
        # Not the shell's own word about a killed job.
        wait "$pid" 2>/dev/null
        rm -f "$dir/$1.pid"
    fi
    return 0
}

stop() {
    for file in "$dir"/*.pid; do
        if [ -e "$file" ]; then kill -s KILL "$(cat "$file")" 2>/dev/null; fi
    done
    wait
}

orders() {
    while read -r order first rest; do
        case $order in
        start) start "$first" "$rest" ;;
        signal) send "$first" "$rest" ;;
        kadmin) kadmin.local -r "$realm" -q "$first $rest" </dev/null >"$dir/kadmin.out" 2>"$dir/kadmin.err" ;;
        *) false ;;
        esac && echo ok || echo failed
    done
}

mkdir -p "$dir" || exit
if [ "${TESTKDC_CONTROL:-}" != 1 ]; then
    # A container's log is its standard output.
    exec 2>&1
    export TESTKDC_LOG="${TESTKDC_LOG-STDERR}"
fi
if [ ! -e "$dir/stash" ]; then sh "$here/setup.sh" "$dir" || exit; fi

if [ "${TESTKDC_CONTROL:-}" = 1 ]; then
    trap 'stop; rm -rf "$dir" 2>/dev/null; exit 0' EXIT
    # PIPE too: whoever gave the last order may be gone before its answer.
    trap 'exit 0' TERM PIPE
    if start kdc && start kadmind; then echo ok; else echo failed; fi
    orders
    exit 0
fi

# A server that ends ends the rest.
trap 'stop; exit 0' TERM INT
if start kdc && start kadmind; then
    echo "serving $realm"
    # The wait lets a signal in at once; the shell's own look at its children ends with the sleep.
    while kill -0 "$(cat "$dir/kdc.pid")" && kill -0 "$(cat "$dir/kadmind.pid")"; do
        sleep 1 &
        wait $!
    done 2>/dev/null
fi
stop
exit 1
