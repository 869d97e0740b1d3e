// Package node has tests of what a real kubelet and kernel make of the chamber's pod:
// its security context, its share of hugepages, slots and devices, its probes, its end,
// and its rollout when no slot is free. The pod is the one that ContainmentChamber
// registers.
//
// Most tests give it an image with a small program that stands in for the supervisor.
// TestEnclave and its neighbours give it its own: supervisor, a signed enclave image with
// the test signer, and QEMU to boot it. Of the pod spec they change what arguments of
// ContainmentChamber do (image, enclave memory, hostMemory, region, drain), add what
// EKS's webhook adds for IRSA, and nothing else: CHAMBER_LAUNCHER is in the image's
// environment, and AWS's names are the node's DNS server's matter.
package node
