package realnode

import (
	"fmt"
	"os"
	"testing"
)

// childRole is the argument with which the tests start themselves as a program that has
// a node, so that they can kill it.
const childRole = "child"

func TestMain(m *testing.M) {
	Main()
	if len(os.Args) == 3 && os.Args[1] == childRole {
		fmt.Println(child(os.Args[2]))
		return
	}
	os.Exit(m.Run())
}
