// Package node has tests of what a real kubelet and kernel make of the chamber's pod:
// its security context, its share of hugepages, slots and devices, its probes, its end,
// and its rollout when no slot is free. The pod is the one that ContainmentChamber
// registers; only its image is a small program that stands in for the supervisor.
package node
