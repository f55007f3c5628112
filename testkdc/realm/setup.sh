#!/bin/sh
# Creates the test realm: configuration, database, principals, keytab.
#
#   setup.sh DIR
#
# DIR must exist and be empty; nothing outside it is touched. The environment is that of configure.sh.
# Users have the password NAMEpw.
set -eu

dir=$1
here=$(dirname "$0")
realm=${TESTKDC_REALM:-TGG.TEST}
export KRB5_CONFIG="$dir/krb5.conf" KRB5_KDC_PROFILE="$dir/kdc.conf" KRB5CCNAME="FILE:$dir/ccache"
umask 077

sh "$here/configure.sh" "$dir"

# The name is in the request, in the salts of the first answer, in the reply, in the ticket and, with
# two octets a letter, in the ticket's PAC. With 1000 octets the requests for a TGT still fit the 1465 octets up to
# which clients begin with UDP, while the reply is beyond the 4096 of configure.sh.
long=$(printf '%01000d' 0 | tr 0 x)

# A password that nobody needs: the stash holds the master key.
master=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n%s\n' "$master" "$master" | kdb5_util create -s -r "$realm" >"$dir/setup.log" 2>&1 || {
    cat "$dir/setup.log" >&2
    exit 1
}

# One session for everything: each start of kadmin.local costs more than a principal does.
# A service with +requires_preauth would refuse the tickets of nopreauth, so only users have it.
kadmin.local -r "$realm" >>"$dir/setup.log" 2>&1 <<ADMIN
add_policy -maxfailure 3 -failurecountinterval 1h -lockoutduration 1h lockout
add_principal -pw alicepw +requires_preauth alice
add_principal -pw bobpw +requires_preauth bob
add_principal -pw expiredpw +requires_preauth -expire "2020-01-01 00:00:00" expired
add_principal -pw pwexpiredpw +requires_preauth -pwexpire "2020-01-01 00:00:00" pwexpired
add_principal -pw lockablepw +requires_preauth -policy lockout lockable
add_principal -pw nopreauthpw -requires_preauth nopreauth
add_principal -pw müllerpw +requires_preauth müller
add_principal -pw largepw +requires_preauth large-$long
add_principal -randkey HTTP/gw.tgg.test
add_principal -randkey HTTP/localhost
add_principal -randkey host/svc.tgg.test
add_principal -randkey HTTP/large-$long.tgg.test
ktadd -norandkey -k "$dir/services.keytab" HTTP/gw.tgg.test HTTP/localhost host/svc.tgg.test HTTP/large-$long.tgg.test
ADMIN

# kadmin.local goes on after an error, so ask the result.
if [ ! -s "$dir/services.keytab" ] || grep -q '^[a-z_]*: .* while ' "$dir/setup.log"; then
    cat "$dir/setup.log" >&2
    exit 1
fi
