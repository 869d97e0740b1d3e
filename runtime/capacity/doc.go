// Package capacity is the arithmetic of EKS nodes that run AWS Nitro Enclaves:
// how many enclaves fit on an instance, how many CPUs and hugepages that takes,
// what is left for ordinary pods, and whether a rollout can progress.
//
// It is pure: no I/O, no clock, no AWS. User data, autoscaler tags, pod specs and
// the Pulumi components take their numbers from here, so that a node never
// promises what its pods do not find.
//
// # The rules
//
// CPUs. An enclave gets whole cores. All CPUs of a node's pool come from one NUMA
// node, and the core of CPU 0 stays with the host. The allocator script and the
// Nitro Enclaves driver both enforce this. CPUs of the pool are offline: kubelet
// does not see them.
//
// Memory. An enclave's memory is hugepages of the NUMA node of its CPUs. AWS's
// allocator takes one total and splits it greedily, largest page first. It knows
// nothing of enclaves: for two enclaves of 512 MiB it reserves one page of 1 GiB,
// which only one of them can have. A [Plan] is therefore accepted only when the
// node's pages are exactly the sum of its enclaves' pages, size by size. With
// [Direct] our own script reserves pages of one size, and any even number of MiB
// can be had.
//
// Host. nodeadm computes kubelet's reserve from all vCPUs, before any go offline,
// and hugepages leave the allocatable memory. What remains is [Plan.HostCPUMillis]
// and [Plan.HostMemoryMiB]; schedulers that simulate a node must be told these
// and not the figures of the instance type.
//
// # Refusals
//
// [New] reports all faults of a [Request] at once. The ways out that a fault names
// are not guessed: each was applied to the request and found acceptable, together
// with the first way out of every other fault. [Diagnose] gives the same ways out
// as data.
//
// # Instance types
//
// The shapes of instance types are a table that is generated from a copy of EC2's
// own list; [TableSource] says which, and of when. It makes previews and plans work
// without AWS. EC2 is the authority: a shape that it gave, or a [Shape.Refusal],
// counts and not the table.
//
// # What arithmetic cannot know
//
// Pages of 1 GiB need contiguous memory. On a node that has run for a while the
// kernel may find fewer than there should be, and the allocator then falls back to
// smaller ones: the user data must compare what it got with the plan. EC2 does not
// publish NUMA nodes; see [AssumedNUMANodes]. Enclaves also have a limit of memory
// regions, which EC2 does not publish either: prefer 1Gi pages for large enclaves.
package capacity
