#!/bin/bash
# enclave-check CPUS GROUP_ID PROFILE PAGE_KIB=COUNT...: is there all that the
# scheduler has been told of? If not, the node joins without enclave pods.
set -euo pipefail
readonly CPUS=$1 GROUP_ID=$2 PROFILE=$3
shift 3

fail() {
  /usr/local/sbin/enclave-not-ready "$@"
  exit 1
}

pages() {
  local total=0 file
  for file in /sys/devices/system/node/node*/hugepages/"hugepages-$1kB"/nr_hugepages; do
    [[ ! -e "$file" ]] || total=$((total + $(cat "$file")))
  done
  echo "$total"
}

/usr/local/sbin/enclave-not-ready unchecked
udevadm settle || true
[[ -c /dev/nitro_enclaves ]] || fail device "/dev/nitro_enclaves is missing: are EnclaveOptions on?"
chown "0:$GROUP_ID" /dev/nitro_enclaves
chmod 0660 /dev/nitro_enclaves
[[ -s "$PROFILE" ]] || fail seccomp "$PROFILE is missing"
offline=$(lscpu --offline --parse=CPU | grep -vc '^#' || true)
[[ "$offline" == "$CPUS" ]] || fail cpus "the number of offline CPUs is $offline, wanted $CPUS"
for want in "$@"; do
  kib=${want%=*} count=$(pages "${want%=*}")
  [[ "$count" == "${want#*=}" ]] || fail pages "the number of $((kib / 1024)) MiB pages is $count, wanted ${want#*=}"
done
/usr/local/sbin/enclave-not-ready
echo "containment-chamber: ready for enclaves"
