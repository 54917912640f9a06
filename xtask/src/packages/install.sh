# Installs the packages named by the arguments, as root, without starting or enabling anything.
set -eu
export DEBIAN_FRONTEND=noninteractive
# What a task prints is its result; this is not.
exec >&2

made=''
trap 'rm -f $made' EXIT
trap 'exit 130' INT TERM HUP

# No service starts while we install.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    made="$made $policy"
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

# The server package makes no cluster of the system's own.
clusters=/etc/postgresql-common/createcluster.d
mkdir -p "$clusters"
made="$made $clusters/fragaria.conf"
echo 'create_main_cluster = false' >"$clusters/fragaria.conf"

apt_get() {
    apt-get --quiet --option DPkg::Lock::Timeout=300 "$@"
}

apt_get update
apt_get install --yes --no-install-recommends "$@"

# Nor does one start with the machine.
for package in "$@"; do
    case "$package" in
    pgbouncer) service=pgbouncer ;;
    mariadb-server) service=mariadb ;;
    redis-server) service=redis-server ;;
    *) continue ;;
    esac
    if command -v systemctl >/dev/null; then
        systemctl disable "$service.service"
    fi
    update-rc.d "$service" disable
done
