// Package contract holds every name that two sides of the product must agree
// on: the pod spec and the supervisor in the pod, the node's user data and the
// device plugin, the image builder and the init inside the enclave.
//
// A name is written here once and imported by both sides. The package has no
// dependencies and no behaviour.
package contract
