package userdata

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
)

const groupID = 64990

// planFor asks of a shape as many enclaves as fit, with as many CPUs as there are,
// in the largest of a few memory sizes; odd ones, to get pages of several sizes.
func planFor(shape capacity.Shape, reservation capacity.Reservation) (capacity.Plan, bool) {
	for _, mib := range []int{3584, 1536, 1024, 512, 256} {
		enclave := capacity.Enclave{CPUs: shape.ThreadsPerCore, MemoryMiB: mib}
		n := capacity.MaxEnclaves(shape, enclave, reservation, "")
		if n == 0 {
			continue
		}
		most := shape.MaxPool() / n
		for cpus := most - most%shape.ThreadsPerCore; cpus > 0; cpus -= shape.ThreadsPerCore {
			enclave.CPUs = cpus
			plan, err := capacity.New(capacity.Request{Shape: shape, Enclave: enclave, EnclavesPerNode: n, Reservation: reservation})
			if err == nil {
				return plan, true
			}
		}
	}
	return capacity.Plan{}, false
}

// specFor is what the component makes of a plan.
func specFor(plan capacity.Plan) Spec {
	spec := Spec{
		Reservation: string(plan.Request.Reservation), CPUCount: plan.CPUPool, MemoryMiB: plan.ReservedMiB,
		DeviceGroupID: groupID, SeccompPath: seccompPath,
	}
	for _, p := range plan.NodePages {
		spec.Pages = append(spec.Pages, Pages{p.Size.MiB(), p.Count})
	}
	if spec.Reservation == direct {
		spec.PageMiB = plan.NodePages[0].Size.MiB()
	}
	return spec
}

func scriptFor(t *testing.T, plan capacity.Plan) string {
	t.Helper()
	document, err := Render(specFor(plan))
	if err != nil {
		t.Fatal(err)
	}
	return parts(t, document)["text/x-shellscript"]
}

// scriptRun is a node on which the script is run.
type scriptRun struct {
	shape       capacity.Shape
	reservation capacity.Reservation
	twice       bool
}

// scriptRuns picks nodes from the catalogue: for each kind of processors the type with
// the least memory, in both ways to reserve, and the one with the most in that way
// which has more pages. Types between them take the same branches, and hundreds of
// runs take long; so does a second run, which each number of vCPUs gets once.
func scriptRuns() (runs []scriptRun, kinds int) {
	shapes := capacity.Catalogue()
	slices.SortStableFunc(shapes, func(a, b capacity.Shape) int { return a.MemoryMiB - b.MemoryMiB })
	most, vcpus := map[string]capacity.Shape{}, map[string]bool{}
	for _, s := range shapes {
		kind := fmt.Sprint(s.Architecture, s.VCPUs, s.ThreadsPerCore, s.NUMANodes)
		if _, seen := most[kind]; !seen {
			twice := !vcpus[fmt.Sprint(s.Architecture, s.VCPUs)]
			vcpus[fmt.Sprint(s.Architecture, s.VCPUs)] = true
			runs = append(runs, scriptRun{s, capacity.Allocator, twice}, scriptRun{s, capacity.Direct, twice})
		}
		most[kind] = s
	}
	for _, s := range most {
		if !slices.ContainsFunc(runs, func(r scriptRun) bool { return r.shape == s }) {
			runs = append(runs, scriptRun{s, capacity.Direct, false})
		}
	}
	return runs, len(most)
}

// TestNodeScript runs the script on the nodes of scriptRuns: the first boot, the
// script once more, and a later boot, on which only the units run.
func TestNodeScript(t *testing.T) {
	t.Parallel()
	runs, kinds := scriptRuns()
	rows := 0
	for _, r := range runs {
		plan, fits := planFor(r.shape, r.reservation)
		if !fits {
			t.Logf("%s %s: nothing fits", r.shape.InstanceType, r.reservation)
			continue
		}
		stages := []stage{{Command: "script"}, {Command: "boot"}}
		if r.twice {
			stages = []stage{{Command: "script"}, {Command: "script"}, {Command: "boot"}}
		}
		rows++
		t.Run(r.shape.InstanceType+"/"+string(r.reservation), func(t *testing.T) {
			t.Parallel()
			outcomes := runNode(t, space{Script: scriptFor(t, plan), Machine: machine{Shape: r.shape}, Stages: stages})
			for i, o := range outcomes {
				checkReserved(t, fmt.Sprintf("stage %d (%s)", i+1, stages[i].Command), plan, o)
			}
		})
	}
	t.Logf("%d kinds of processors, %d rows", kinds, rows)
	if rows < 100 {
		t.Errorf("only %d rows", rows)
	}
}

// checkReserved compares a node with its plan, and with the driver's rules.
func checkReserved(t *testing.T, when string, plan capacity.Plan, o outcome) {
	t.Helper()
	if !o.OK || o.Fragment != "" || !strings.Contains(o.Console, "ready for enclaves") {
		t.Fatalf("%s failed:\n%s\nfragment: %q\nconsole: %s", when, o.Output, o.Fragment, o.Console)
	}
	if len(o.Pool) != plan.CPUPool {
		t.Errorf("%s: %d CPUs are offline, planned %d", when, len(o.Pool), plan.CPUPool)
	}
	node := checkPool(t, machine{Shape: plan.Request.Shape}, o.Pool)
	want := map[int]map[int]int{node: {}}
	for _, p := range plan.NodePages {
		want[node][p.Size.MiB()*1024] = p.Count
	}
	if diff := cmp.Diff(want, o.Pages); diff != "" {
		t.Errorf("%s: pages by NUMA node and KiB (-planned +reserved):\n%s", when, diff)
	}
	if o.DeviceMode != 0o660 || o.DeviceGroup != groupID || o.Seccomp == 0 || o.UdevRule == 0 || o.Units != 2 {
		t.Errorf("%s: device %o of group %d, seccomp %d bytes, rule %d bytes, %d units", when, o.DeviceMode, o.DeviceGroup, o.Seccomp, o.UdevRule, o.Units)
	}
}

// checkPool holds a pool to the driver's rules (ne_misc_dev.c): one NUMA node,
// whole cores, not CPU 0's. It returns the NUMA node.
func checkPool(t *testing.T, m machine, pool map[int]bool) int {
	t.Helper()
	threads, nodes, node := map[int]int{}, map[int]bool{}, 0
	for _, c := range m.cpus() {
		if pool[c.id] {
			threads[c.core]++
			nodes[c.node] = true
			node = c.node
		}
	}
	for core, n := range threads {
		if core == 0 || n != m.Shape.ThreadsPerCore {
			t.Errorf("the driver refuses the pool: core %d with %d threads", core, n)
		}
	}
	if len(nodes) != 1 {
		t.Errorf("the driver refuses the pool: NUMA nodes %v", nodes)
	}
	return node
}

// checkTainted reads the fragment as nodeadm would.
func checkTainted(t *testing.T, when, reason, message string, o outcome) {
	t.Helper()
	if o.OK || !strings.Contains(o.Console, "FAILED ("+reason+"): ") || !strings.Contains(o.Console, message) {
		t.Errorf("%s: no failure for %q (%q):\n%s\nconsole: %s", when, reason, message, o.Output, o.Console)
	}
	var config struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Spec       struct{ Kubelet struct{ Flags []string } }
	}
	if err := yaml.Unmarshal([]byte(o.Fragment), &config); err != nil {
		t.Fatalf("%s: %v\n%s", when, err, o.Fragment)
	}
	want := []string{
		"--node-labels=aws-nitro-enclaves-k8s-dp=not-ready",
		"--register-with-taints=containment-chamber.io/enclave=true:NoSchedule,containment-chamber.io/not-ready=" + reason + ":NoSchedule",
	}
	if diff := cmp.Diff(want, config.Spec.Kubelet.Flags); diff != "" || config.APIVersion != "node.eks.aws/v1alpha1" || config.Kind != "NodeConfig" {
		t.Errorf("%s: %s %s %s", when, config.APIVersion, config.Kind, diff)
	}
}
