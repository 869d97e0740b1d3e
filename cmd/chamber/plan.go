package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
)

const planExample = `  # What does a node of this type run, and what is left on it?
  chamber plan --instance-type m5.2xlarge --enclave-cpus 2 --enclave-memory 1024 --replicas 5

  # Which types run this enclave, and how many of it?
  chamber plan --all --enclave-cpus 2 --enclave-memory 1024

  # The same of two families, all of their sizes
  chamber plan --all --family m7i,m7g --limit 0`

// planFlags are the flags of the plan command.
type planFlags struct {
	instanceType    string
	enclaveCPUs     int
	enclaveMemory   int
	imageSize       int
	enclavesPerNode int
	replicas        int
	reserve         string
	pageSize        string
	all             bool
	families        []string
	architecture    string
	limit           int
	output          string
}

func newPlanCommand() *cobra.Command {
	var f planFlags
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Say what a node can run, what is left on it, and whether a rollout can progress",
		Long: `Plan works out, without asking AWS, what an enclave node of an instance type has:
slots, CPUs, hugepages, and what is left for ordinary pods. Numbers that cannot
work are explained, with the number to change, and the exit status is 1.

Instance types are by ` + capacity.TableSource + `; pulumi asks EC2 itself.`,
		Example: planExample,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd.OutOrStdout()) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.instanceType, "instance-type", "", "EC2 instance type of the nodes")
	flags.BoolVar(&f.all, "all", false, "compare all known instance types instead")
	flags.StringSliceVar(&f.families, "family", nil, "with --all, only these families, such as m7i,c7g")
	flags.StringVar(&f.architecture, "architecture", "", "with --all, only x86_64 or arm64")
	flags.IntVar(&f.limit, "limit", 20, "with --all, rows of the table; 0 for all of them. JSON is always complete")
	flags.IntVar(&f.enclaveCPUs, "enclave-cpus", 2, "CPUs of one enclave")
	flags.IntVar(&f.enclaveMemory, "enclave-memory", 1024, "memory of one enclave in MiB")
	flags.IntVar(&f.imageSize, "image-size", 0, "size of the enclave image in MiB; 0 when it is not known")
	flags.IntVar(&f.enclavesPerNode, "enclaves-per-node", 0, "enclaves of one node; 0 for as many as fit")
	flags.IntVar(&f.replicas, "replicas", 2, "signer pods, each with an enclave of its own")
	flags.StringVar(&f.reserve, "reserve", string(capacity.Allocator), "how CPUs and memory are set aside: allocator or direct")
	flags.StringVar(&f.pageSize, "page-size", "", "hugepage size with --reserve direct: 1Gi, 2Mi, or on arm64 32Mi")
	flags.StringVarP(&f.output, "output", "o", "table", "output format: table or json")
	cmd.MarkFlagsMutuallyExclusive("instance-type", "all")
	cmd.MarkFlagsOneRequired("instance-type", "all")
	return cmd
}

func (f planFlags) run(out io.Writer) error {
	if f.output != "table" && f.output != "json" {
		return fmt.Errorf("--output %q: use table or json", f.output)
	}
	if f.replicas < 1 {
		return fmt.Errorf("--replicas %d: use 1 or more", f.replicas)
	}
	if err := f.checkFilter(); err != nil {
		return err
	}
	reports, err := f.reports()
	if err != nil {
		return err
	}
	switch {
	case f.output == "json" && f.all:
		return writeJSON(out, reports)
	case f.output == "json":
		return writeJSON(out, reports[0])
	case f.all:
		return writeComparison(out, reports, f.limit)
	}
	return writePlan(out, reports[0])
}

// reports has one element for one instance type, and all that fit with --all.
func (f planFlags) reports() ([]report, error) {
	if f.all {
		return f.compare()
	}
	shape, known := capacity.LookupShape(f.instanceType)
	if !known {
		shape = capacity.Shape{InstanceType: f.instanceType} // capacity.New says why not
	}
	one, err := f.report(shape)
	return []report{one}, err
}

func (f planFlags) report(shape capacity.Shape) (report, error) {
	plan, err := capacity.New(f.request(shape))
	if err != nil {
		return report{}, err
	}
	nodes := capacity.NodesFor(f.replicas, plan.Slots)
	rollout, err := capacity.PlanRollout(capacity.RolloutRequest{Replicas: f.replicas, Nodes: nodes, SlotsPerNode: plan.Slots})
	if err != nil {
		return report{}, err
	}
	return newReport(plan, nodes, rollout), nil
}

// request asks for as many enclaves as fit unless told otherwise. Where none fits,
// it asks for one, so that the refusal speaks of that one.
func (f planFlags) request(shape capacity.Shape) capacity.Request {
	r := capacity.Request{
		Shape:           shape,
		Enclave:         capacity.Enclave{CPUs: f.enclaveCPUs, MemoryMiB: f.enclaveMemory, ImageMiB: f.imageSize},
		EnclavesPerNode: f.enclavesPerNode,
		Reservation:     capacity.Reservation(f.reserve),
		PageSize:        capacity.PageSize(f.pageSize),
	}
	if r.EnclavesPerNode == 0 {
		r.EnclavesPerNode = max(1, capacity.MaxEnclaves(shape, r.Enclave, r.Reservation, r.PageSize))
	}
	return r
}

func writeJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // it is not for web pages
	return e.Encode(v)
}
