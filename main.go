// Command pulumi-resource-containment-chamber serves the components of this
// module to every Pulumi language.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/components"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "containment-chamber:", err)
		os.Exit(1)
	}
}

func run() error {
	provider, err := components.Provider()
	if err != nil {
		return err
	}
	return provider.Run(context.Background(), components.PackageName, components.Version)
}
