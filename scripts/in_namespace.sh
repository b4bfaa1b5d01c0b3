#!/bin/sh
# Runs a command where its whole network is its own: loopback, and one address that leads nowhere.
# Browsers then reach no host outside, ports clash with nobody, and packet filter rules of a test
# end with it. A person who is not root gets the same from a user namespace.
#
# The address and its default route are there because a page without a camera's permission tells
# a server only the address that its default route leaves from (RFC 8828, mode 2).
set -eu
kind='--net'
[ "$(id -u)" -eq 0 ] || kind='--user --map-root-user --net'
# shellcheck disable=SC2086  # a list of options
if ! unshare $kind true; then
    echo "in_namespace: this machine gives $(id -un) no network namespace: run as root (in a container: with --privileged)," \
        'or let users have namespaces (on Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0)' >&2
    exit 1
fi
# shellcheck disable=SC2086  # a list of options
exec unshare $kind -- sh -eu -c '
    ip link set lo up
    ip link add home type veth peer name nowhere
    ip address add 10.86.0.1/24 dev home
    ip link set home up
    ip link set nowhere up
    ip route add default dev home
    export FRESHET_IN_NAMESPACE=1
    exec "$@"
' sh "$@"
