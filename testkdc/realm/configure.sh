#!/bin/sh
# Writes the configuration of one KDC: what it listens on and where its files are.
#
#   configure.sh DIR [NAME]
#
# DIR is the realm's directory; NAME (default "kdc") names this KDC's files, so that a second one
# can serve the same database on other ports. The environment says the rest:
#
#   TESTKDC_REALM         realm name                           TGG.TEST
#   TESTKDC_LISTEN        address that everything is bound to  127.0.0.1
#   TESTKDC_PORT          UDP and TCP port of the KDC          88
#   TESTKDC_KPASSWD_PORT  UDP and TCP port for new passwords   464
#   TESTKDC_KADMIN_PORT   TCP port of the administration       749
#   TESTKDC_MAX_DGRAM     longest reply over UDP, in octets    4096
#   TESTKDC_SPAKE         groups of SPAKE that are offered     none
#   TESTKDC_SPAKE_FIRST   the group of a challenge that is sent before it is asked for
#   TESTKDC_LOG           a further place for the logs, such as STDERR
set -eu

dir=$1
name=${2:-kdc}
realm=${TESTKDC_REALM:-TGG.TEST}
listen=${TESTKDC_LISTEN:-127.0.0.1}
port=${TESTKDC_PORT:-88}
kpasswd_port=${TESTKDC_KPASSWD_PORT:-464}
kadmin_port=${TESTKDC_KADMIN_PORT:-749}

# A key in the configuration, or nothing at all where the value is empty.
maybe() {
    if [ -n "$2" ]; then printf '    %s = %s\n' "$1" "$2"; fi
}

# The limit for datagrams is the one that MIT's manual calls the default; release 1.20 sends 64 KiB without it.
cat >"$dir/$name.conf" <<CONF
[kdcdefaults]
    kdc_listen = $listen:$port
    kdc_tcp_listen = $listen:$port
    kdc_max_dgram_reply_size = ${TESTKDC_MAX_DGRAM:-4096}
$(maybe spake_preauth_kdc_challenge "${TESTKDC_SPAKE_FIRST:-}")

[realms]
    $realm = {
        database_name = $dir/principal
        key_stash_file = $dir/stash
        acl_file = $dir/kadm5.acl
        kadmind_listen = $listen:$kadmin_port
        kpasswd_listen = $listen:$kpasswd_port
        supported_enctypes = aes256-cts-hmac-sha384-192:normal aes128-cts-hmac-sha256-128:normal aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal
        max_life = 10h 0m 0s
        max_renewable_life = 7d 0h 0m 0s
    }

[logging]
    kdc = FILE:$dir/$name.log
    admin_server = FILE:$dir/kadmind.log
$(maybe kdc "${TESTKDC_LOG:-}")
$(maybe admin_server "${TESTKDC_LOG:-}")
CONF

# The servers and kadmin.local read this one; clients get their own.
cat >"$dir/krb5.conf" <<CONF
[libdefaults]
    default_realm = $realm
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
$(maybe spake_preauth_groups "${TESTKDC_SPAKE:-}")

[realms]
    $realm = {
        kdc = 127.0.0.1:$port
        kpasswd_server = 127.0.0.1:$kpasswd_port
        admin_server = 127.0.0.1:$kadmin_port
    }

[domain_realm]
    localhost = $realm
    .tgg.test = $realm
CONF

# Nobody administers the realm over the network: kadmin.local does that.
printf '# empty on purpose\n' >"$dir/kadm5.acl"
