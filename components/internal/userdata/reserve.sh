#!/bin/bash
# enclave-reserve CPUS MIB PAGE_KIB: sets CPUs and hugepages of one NUMA node
# aside for enclaves, as the driver demands: whole cores, never CPU 0's.
set -euo pipefail
readonly CPUS=$1 MIB=$2 PAGE_KIB=$3
readonly POOL=/sys/module/nitro_enclaves/parameters/ne_cpus
readonly NODES=/sys/devices/system/node

fail() {
  echo "enclave-reserve: $*" >&2
  exit 1
}

# Prints "node cpu,cpu" for every whole core but CPU 0's.
cores() {
  lscpu --online --parse=NODE,CORE,CPU | grep -v '^#' | awk -F, '
    { key = $1 " " $2; if (!(key in list)) order[++n] = key; list[key] = list[key] (list[key] == "" ? "" : ",") $3
      node[key] = $1; if ($3 == 0) skip[key] = 1 }
    END { for (i = n; i >= 1; i--) if (!(order[i] in skip)) print node[order[i]], list[order[i]] }'
}

# Prints the CPUs of one node that make up the pool, or nothing.
pool() {
  cores | awk -v want="$CPUS" -v node="$1" '
    $1 == node && n < want { n += split($2, unused, ","); list = list (list == "" ? "" : ",") $2 }
    END { if (n == want) print list }'
}

# Asks for the pages of one node; the kernel gives as many as it can find.
reserve_pages() {
  local file="$NODES/node$1/hugepages/hugepages-${PAGE_KIB}kB/nr_hugepages" count=$((MIB * 1024 / PAGE_KIB))
  [[ -w "$file" ]] || return 1
  echo 1 >/proc/sys/vm/compact_memory || true
  echo "$count" >"$file"
  [[ "$(cat "$file")" == "$count" ]] && return 0
  echo 0 >"$file"
  return 1
}

modprobe nitro_enclaves
[[ -w "$POOL" ]] || fail "$POOL is missing: EnclaveOptions are off"
[[ -z "$(cat "$POOL")" ]] || echo "" >"$POOL"
for dir in "$NODES"/node[0-9]*; do
  node=${dir##*/node}
  cpus=$(pool "$node")
  [[ -n "$cpus" ]] || continue
  if reserve_pages "$node"; then
    echo "$cpus" >"$POOL"
    echo "enclave-reserve: CPUs $cpus and $MIB MiB of NUMA node $node"
    exit 0
  fi
done
fail "no NUMA node has $CPUS CPUs beside CPU 0's core and $MIB MiB in pages of $PAGE_KIB KiB"
