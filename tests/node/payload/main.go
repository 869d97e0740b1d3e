// Command payload stands in for the supervisor in the chamber's pod on the real node.
// It serves what the probes ask for, drains when the preStop hook says so, and looks
// around.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

func main() {
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	if err := run(context.Background(), os.Args[1:]); err != nil {
		log.Print(err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 0:
		return serve(ctx)
	case args[0] == contract.CommandDrain:
		return post(ctx, "/drain")
	case args[0] == "look":
		return json.NewEncoder(os.Stdout).Encode(look())
	case args[0] == "pages" && len(args) == 2:
		mebibytes, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		return pages(mebibytes)
	}
	return fmt.Errorf("unknown arguments %q", args)
}
