package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/cmd/chamber/internal/podcheck"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/cmd/chamber/internal/podlink"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

const statusExample = `  # Is the chamber in the namespace signers what it should be, and is it mine?
  chamber status -n signers --measurements measurements.json

  # In the middle of a rollout: the old image or the new one
  chamber status -n signers --measurements old.json --measurements new.json

  # Can every pod sign with this key?
  chamber status -n signers --sign 0xa99a… --network hoodi --auth-token env:TOKEN

  # All chambers of another cluster of the kubeconfig, for a program
  chamber status --context prod --all-namespaces -o json`

const statusLong = `Status looks at every pod of a chamber: what Kubernetes and the supervisor say of it,
whether the signer answers /upcheck and /healthcheck and lists keys, whether the pod is
ready for clients, and, with --measurements or --pcr, whether its enclave attests to the
right image for a nonce that is made up for it. What is wrong is explained, with what to
do about it, and the exit status is 1. docs/verifying.md does the same step by step with
kubectl.

It needs neither kubectl nor a network path to the pods, but these rights in the
chamber's namespace; it changes nothing:

  apiVersion: rbac.authorization.k8s.io/v1
  kind: Role
  metadata: {name: chamber-status}
  rules:
  - {apiGroups: [""], resources: [pods], verbs: [list]}
  - {apiGroups: [""], resources: [pods/exec, pods/portforward], verbs: [create, get]}

Whoever may exec in a chamber's pod may end its enclave: give the role to operators only.

Attestation is verified here, and not in the pod: what runs in the pod could say anything.
For the same reason the measurements must come from where the image was built. Those that
the pod itself names prove nothing. The flags are those of chamber attest verify. Documents
of emulated enclaves never verify: nobody signs them.

--sign asks every pod for a signature, which nothing else here does: signing is what the
key is for, and your alarms may go off. The message is a RANDAO reveal of epoch 0. It can
neither be slashed nor used, since epoch 0 of every network is long finalized. The signature
is not verified, but must be the same from all pods, as BLS signatures of one key are.`

// statusMost is how many pods are asked at a time.
const statusMost = 8

// statusFlags are the flags of the status command.
type statusFlags struct {
	clusterFlags
	namespace     string
	allNamespaces bool
	selector      string
	timeout       time.Duration
	attest        attestFlags
	sign          signFlags
}

func newStatusCommand() *cobra.Command {
	var f statusFlags
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "Say whether a chamber's pods are what they should be, and what to do where not",
		Long:    statusLong,
		Example: statusExample,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd.Context(), cmd.OutOrStdout())
		},
	}
	f.addTo(cmd)
	flags := cmd.Flags()
	flags.StringVarP(&f.namespace, "namespace", "n", "", "namespace of the chamber; by default the context's")
	flags.BoolVarP(&f.allNamespaces, "all-namespaces", "A", false, "look at the chambers of all namespaces")
	flags.StringVarP(&f.selector, "selector", "l", contract.LabelName+"="+contract.AppName, "look only at pods with these labels: key=value,...")
	flags.DurationVar(&f.timeout, "timeout", 30*time.Second, "how long one pod may take to answer everything")
	f.attest.addPolicy(cmd)
	f.attest.addOutput(cmd)
	f.sign.addTo(cmd)
	return cmd
}

func (f *statusFlags) run(ctx context.Context, out io.Writer) error {
	q, options, err := f.questions()
	if err != nil {
		return err
	}
	cluster, err := f.cluster()
	if err != nil {
		return err
	}
	pods, err := f.listPods(ctx, cluster.core, cluster.namespace)
	if err != nil {
		return err
	}
	facts := q.askAll(ctx, podlink.New(cluster.config, cluster.core), pods)
	if err := ctx.Err(); err != nil {
		return err // what is missing would be reported as wrong
	}
	result := podcheck.Inspect(facts, options)
	if err := writeStatus(out, f.attest.output, result, q.sign != nil); err != nil {
		return err
	}
	if wrong := result.Wrong(); wrong > 0 {
		return fmt.Errorf("something is wrong with %d of %d pods", wrong, len(result.Pods))
	}
	return nil
}

// questions are what the flags ask of a pod, and how answers are judged.
func (f *statusFlags) questions() (questions, podcheck.Options, error) {
	q := questions{timeout: f.timeout}
	var options podcheck.Options
	if err := f.attest.checkOutput(); err != nil {
		return q, options, err
	}
	if f.timeout <= 0 {
		return q, options, fmt.Errorf("--timeout %s: must be more than 0", f.timeout)
	}
	if f.allNamespaces && f.namespace != "" {
		return q, options, errors.New("--namespace and --all-namespaces: use one of them")
	}
	var err error
	if q.token, q.sign, err = f.sign.request(); err != nil {
		return q, options, err
	}
	if f.attest.asks() {
		policy, err := f.attest.policy()
		if err != nil {
			return q, options, err
		}
		// A fault of the policy is found now, and not once for each pod.
		if _, err := attest.Verify(nil, policy); !errors.As(err, &attest.Violations{}) {
			return q, options, err
		}
		q.attest, options.Policy = true, &policy
	}
	return q, options, nil
}

// asks tells whether there is anything that a document is to be verified by.
func (f *attestFlags) asks() bool {
	return len(f.measurements)+len(f.pcrs)+len(f.roots) > 0 || f.anyImage || f.allowDebug || f.maxAge != 0
}

// listPods lists the chamber's pods. A chamber without any is not what it should be.
func (f *statusFlags) listPods(ctx context.Context, c client.CoreV1Interface, namespace string) ([]corev1.Pod, error) {
	where := metav1.NamespaceAll
	if !f.allNamespaces {
		where = namespace
		if f.namespace != "" {
			where = f.namespace
		}
	}
	var pods []corev1.Pod
	err := list(ctx, metav1.ListOptions{LabelSelector: f.selector}, c.Pods(where).List, func(p *corev1.Pod) { pods = append(pods, *p) })
	switch {
	case err != nil:
		return nil, listError("pods", "status", err)
	case len(pods) > 0:
		return pods, nil
	case where == metav1.NamespaceAll:
		return nil, fmt.Errorf("there is no pod with the labels %s in any namespace: see --selector", f.selector)
	}
	return nil, fmt.Errorf("there is no pod with the labels %s in the namespace %q: see --namespace, --all-namespaces and --selector", f.selector, where)
}
