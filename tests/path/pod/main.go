package pod

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
)

// role is the argument with which the program starts itself as a container.
const role = "run-container"

// Descriptors of a program in its role: the first after the standard ones.
const (
	ordersFD = 3
	answerFD = 4
)

// prepared is what the container says when its network is there.
const prepared = "prepared\n"

// Main turns this process into a container when Start has started it, and then does not
// return. Programs that start containers call it before anything else.
func Main() {
	if len(os.Args) != 2 || os.Args[1] != role {
		return
	}
	// What is set for a thread is what its next program has.
	runtime.LockOSThread()
	orders, answer := os.NewFile(ordersFD, "orders"), os.NewFile(answerFD, "answer")
	err := become(orders, answer)
	fmt.Fprintln(answer, err)
	os.Exit(1)
}

// become ends in the container's program, which closes answer.
func become(orders io.Reader, answer *os.File) error {
	closeOnExec()
	var o struct {
		Spec Spec
		// Root is an empty folder.
		Root string
	}
	if err := json.NewDecoder(orders).Decode(&o); err != nil {
		return fmt.Errorf("reading what to run: %w", err)
	}
	if err := network(o.Spec); err != nil {
		return err
	}
	if _, err := io.WriteString(answer, prepared); err != nil {
		return err
	}
	// Until all is there that the program may look for.
	if _, err := io.Copy(io.Discard, orders); err != nil {
		return err
	}
	if err := fileSystem(o.Spec, o.Root); err != nil {
		return err
	}
	return run(o.Spec)
}
