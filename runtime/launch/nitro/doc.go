// Package nitro starts enclaves on a Nitro instance: it drives /dev/nitro_enclaves itself,
// so that a container needs neither nitro-cli nor root.
//
// # What a launch does
//
// The order is nitro-cli's: create the slot; ask where the image goes; take hugepages,
// largest first, one region for each; read the image into them; hand them over; add CPUs,
// which the driver picks from its pool; take the boot lock; start. What a launch that
// fails had taken is given back, in the reverse order.
//
// # The boot lock
//
// Package bootlock has it: one enclave of a node boots at a time. It is free again with the
// heartbeat, and whenever the enclave ends before.
//
// # The end
//
// The driver reports an enclave's end as POLLHUP of its descriptor, without a reason.
// Closing the descriptor ends the enclave. It ends with this process, too.
//
// # What was tested
//
// Everything but the driver: the sequence runs against a model of it that enforces its
// rules (drivers/virt/nitro_enclaves/ne_misc_dev.c of Linux). It never ran on Nitro
// hardware.
package nitro
