#!/bin/sh
# Runs a command where its whole network is its own: loopback, and one address that leads nowhere.
# Browsers then reach no host outside, ports clash with nobody, and packet filter rules of a test
# end with it. A person who is not root gets the same from a user namespace, or, where the machine
# gives people none (Ubuntu 24.04 and later), from root: what runs is still that person's, with the
# right to change the network of the namespace and no other.
#
# The address and its default route are there because a page without a camera's permission tells
# a server only the address that its default route leaves from (RFC 8828, mode 2).
set -eu
network='
    ip link set lo up
    ip link add home type veth peer name nowhere
    ip address add 10.86.0.1/24 dev home
    ip link set home up
    ip link set nowhere up
    ip route add default dev home
    export FRESHET_IN_NAMESPACE=1
    exec "$@"
'
can() { unshare "$@" true 2>/dev/null; }
if [ "$(id -u)" -eq 0 ] && can --net; then
    exec unshare --net -- sh -eu -c "$network" sh "$@"
fi
if can --user --map-root-user --net; then
    exec unshare --user --map-root-user --net -- sh -eu -c "$network" sh "$@"
fi
if [ "$(id -u)" -ne 0 ] && command -v sudo >/dev/null 2>&1; then
    echo "in_namespace: this machine gives $(id -un) no network namespace, so root makes it (sudo)" >&2
    exec sudo -E env PATH="$PATH" HOME="$HOME" unshare --net -- sh -eu -c "$network" sh \
        setpriv --reuid "$(id -u)" --regid "$(id -g)" --init-groups \
        --inh-caps +net_admin,+net_raw --ambient-caps +net_admin,+net_raw "$@"
fi
echo "in_namespace: this machine gives $(id -un) no network namespace: run as root (in a container: with --privileged)" >&2
exit 1
