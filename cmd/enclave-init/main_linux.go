// Command enclave-init is the first program of an enclave, statically linked and in
// the image's bootstrap ramdisk. All it does is in runtime/guest.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/machine"
)

func main() {
	err := guest.Run(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, "enclave-init:", err)
	}
	if os.Getpid() != 1 { // somebody tries it out: their machine must not restart
		os.Exit(1)
	}
	machine.End()
}
