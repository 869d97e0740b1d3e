package userdata

import (
	"strings"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// trouble is hardware or an installation with something wrong, and what the node
// says of it: on the first boot, and on a later one, when only the units run.
type trouble struct {
	reservation            capacity.Reservation
	machine                machine
	firstReason, first     string
	laterReason, later     string
	repairedByBootingAgain bool
}

func troubles() map[string]trouble {
	const noDevice = "/dev/nitro_enclaves is missing"
	fragmented := map[int]int{1048576: 2}
	return map[string]trouble{
		"fragmented memory, allocator": {
			// The allocator is content with smaller pages; pods that ask for 1Gi are not.
			capacity.Allocator, machine{MostPages: fragmented}, "pages", "the number of 1024 MiB pages is 2, wanted 6",
			"pages", "the number of 1024 MiB pages is 2, wanted 6", true,
		},
		"fragmented memory, direct": {
			capacity.Direct, machine{MostPages: fragmented}, "reservation", "starting enclave-reserve.service",
			"cpus", "the number of offline CPUs is 0, wanted 4", true,
		},
		"EnclaveOptions off, allocator": {
			capacity.Allocator, machine{NoDriver: true}, "driver", "it needs EnclaveOptions", "device", noDevice, false,
		},
		"EnclaveOptions off, direct": {
			capacity.Direct, machine{NoDriver: true}, "driver", "it needs EnclaveOptions", "device", noDevice, false,
		},
		"driver without a device": {
			capacity.Direct, machine{NoDevice: true}, "device", noDevice, "device", noDevice, true,
		},
		"package not to be had": {
			capacity.Allocator, machine{NoPackage: true}, "package", "installing aws-nitro-enclaves-cli", "cpus", "offline CPUs is 0", false,
		},
	}
}

func troublePlan(t *testing.T, reservation capacity.Reservation) capacity.Plan {
	t.Helper()
	shape, ok := capacity.LookupShape("m5.2xlarge")
	if !ok {
		t.Fatal("no such shape")
	}
	plan, err := capacity.New(capacity.Request{
		Shape: shape, Enclave: capacity.Enclave{CPUs: 2, MemoryMiB: 3072}, EnclavesPerNode: 2, Reservation: reservation,
	})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// TestFailingNode: the node says why, joins tainted, still does on the next boot,
// and is ready when the cause is gone and the script, or the units, run again.
func TestFailingNode(t *testing.T) {
	t.Parallel()
	for name, tt := range troubles() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := troublePlan(t, tt.reservation)
			tt.machine.Shape = plan.Request.Shape
			sound := machine{Shape: plan.Request.Shape}
			cure := "script"
			if tt.repairedByBootingAgain {
				cure = "boot"
			}
			outcomes := runNode(t, space{
				Script: scriptFor(t, plan), Machine: tt.machine,
				Stages: []stage{{Command: "script"}, {Command: "boot"}, {Command: cure, Machine: &sound}},
			})
			checkTainted(t, "first boot", tt.firstReason, tt.first, outcomes[0])
			checkTainted(t, "later boot", tt.laterReason, tt.later, outcomes[1])
			checkReserved(t, "cured by "+cure, plan, outcomes[2])
		})
	}
}

// TestNodeBreaksLater: a node that was ready comes up tainted.
func TestNodeBreaksLater(t *testing.T) {
	t.Parallel()
	plan := troublePlan(t, capacity.Direct)
	sound := machine{Shape: plan.Request.Shape}
	broken := sound
	broken.MostPages = map[int]int{1048576: 5}
	outcomes := runNode(t, space{
		Script: scriptFor(t, plan), Machine: sound,
		Stages: []stage{{Command: "script"}, {Command: "boot", Machine: &broken}, {Command: "boot", Machine: &sound}},
	})
	checkReserved(t, "first boot", plan, outcomes[0])
	checkTainted(t, "broken", "cpus", "the number of offline CPUs is 0", outcomes[1])
	if !strings.Contains(outcomes[1].Console, "enclave-reserve: no NUMA node has 4 CPUs") {
		t.Errorf("the console does not say what went wrong: %s", outcomes[1].Console)
	}
	checkReserved(t, "sound again", plan, outcomes[2])
}

// TestKilledScript: a script that cannot say anything any more has tainted the node
// already.
func TestKilledScript(t *testing.T) {
	t.Parallel()
	plan := troublePlan(t, capacity.Allocator)
	outcomes := runNode(t, space{
		Script: scriptFor(t, plan), Machine: machine{Shape: plan.Request.Shape, Killed: true},
		Stages: []stage{{Command: "script"}, {Command: "boot"}},
	})
	if outcomes[0].OK || !strings.Contains(outcomes[0].Fragment, contract.NotReadyTaintKey+"=unfinished:NoSchedule") {
		t.Errorf("killed: %q\n%s", outcomes[0].Fragment, outcomes[0].Output)
	}
	checkTainted(t, "later boot", "cpus", "offline CPUs is 0", outcomes[1])
}
