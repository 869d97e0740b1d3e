package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/cmd/chamber/internal/nodecheck"
)

const nodesExample = `  # Are the enclave nodes of the cluster in use what they should be?
  chamber nodes

  # Those of one node group, of another cluster of the kubeconfig, for a program
  chamber nodes --context prod --selector containment-chamber.io/node-group=enclaves -o json`

const nodesLong = `Nodes reads a cluster and says for each enclave node whether label, taint, slots,
CPUs, pages and device plugin agree with each other, and with what the chambers'
pods ask for. What does not is explained, with what to do about it, and the exit
status is 1.

It changes nothing. It needs the right to list nodes and pods, of all namespaces:

  apiVersion: rbac.authorization.k8s.io/v1
  kind: ClusterRole
  metadata: {name: chamber-nodes}
  rules: [{apiGroups: [""], resources: [nodes, pods], verbs: [list]}]

What Kubernetes does not know is not checked: whether the seccomp profile is on a
node, who may open /dev/nitro_enclaves, and whether an enclave starts.`

const noEnclaveNodes = `The cluster has no enclave node. EnclaveNodeGroup makes them. A node counts as one
when it has the label aws-nitro-enclaves-k8s-dp or containment-chamber.io/node-group,
the taint containment-chamber.io/enclave, or the resources of the device plugin.
`

// nodesFlags are the flags of the nodes command.
type nodesFlags struct {
	clusterFlags
	selector string
	output   string
}

func newNodesCommand() *cobra.Command {
	var f nodesFlags
	cmd := &cobra.Command{
		Use:     "nodes",
		Short:   "Say whether the enclave nodes of a cluster are what they should be",
		Long:    nodesLong,
		Example: nodesExample,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f.addTo(cmd)
	flags := cmd.Flags()
	flags.StringVarP(&f.selector, "selector", "l", "", "look only at nodes with these labels: key=value,...")
	flags.StringVarP(&f.output, "output", "o", "table", "output format: table or json")
	return cmd
}

func (f nodesFlags) run(ctx context.Context, out, notes io.Writer) error {
	if f.output != "table" && f.output != "json" {
		return fmt.Errorf("--output %q: use table or json", f.output)
	}
	cluster, err := f.cluster()
	if err != nil {
		return err
	}
	seen, err := readCluster(ctx, cluster.core, f.selector)
	if err != nil {
		return err
	}
	result := nodecheck.Inspect(seen)
	if len(result.Nodes) == 0 {
		fmt.Fprint(notes, noEnclaveNodes)
	}
	if err := writeNodes(out, f.output, result); err != nil {
		return err
	}
	if wrong := result.Wrong(); wrong > 0 {
		return fmt.Errorf("something is wrong with %d of %d enclave nodes", wrong, len(result.Nodes))
	}
	return nil
}
