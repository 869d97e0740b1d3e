package components

import (
	"fmt"
	"slices"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// namespaceNameLabel is set on every namespace by Kubernetes (1.22 and later).
const namespaceNameLabel = "kubernetes.io/metadata.name"

// dnsPort is where names are resolved, over UDP and TCP.
const dnsPort = 53

// networkPolicy registers the policy of the pods' own IP traffic. It cannot
// govern vsock: any pod of the node may reach an enclave, which is why the
// control channel authenticates itself.
func (b *chamberBuilder) networkPolicy() error {
	if b.args.NetworkPolicy != nil && !*b.args.NetworkPolicy {
		return nil
	}
	_, err := networkingv1.NewNetworkPolicy(b.ctx, b.name, &networkingv1.NetworkPolicyArgs{
		Metadata: b.metadata(),
		Spec: &networkingv1.NetworkPolicySpecArgs{
			PodSelector: &metav1.LabelSelectorArgs{MatchLabels: b.selector()},
			PolicyTypes: pulumi.ToStringArray([]string{"Ingress", "Egress"}),
			Ingress:     b.ingressRules(),
			Egress:      b.egressRules(),
		},
	}, b.parent())
	if err != nil {
		return fmt.Errorf("creating the network policy: %w", err)
	}
	return nil
}

// ingressRules let clients in to the signing API, and monitoring to the metrics.
// Kubelet's probes come from the node itself, which policies always admit.
func (b *chamberBuilder) ingressRules() networkingv1.NetworkPolicyIngressRuleArrayOutput {
	own := b.namespaceName().Elem()
	return pulumi.All(own, namesOr(b.args.ClientNamespaces), namesOr(b.args.MonitoringNamespaces)).
		ApplyT(func(v []any) []networkingv1.NetworkPolicyIngressRule {
			clients := v[1].([]string)
			if len(clients) == 0 {
				clients = []string{v[0].(string)}
			}
			rules := []networkingv1.NetworkPolicyIngressRule{ingressFrom(clients, contract.PortAPI, contract.PortTLS)}
			if monitoring := v[2].([]string); len(monitoring) > 0 {
				rules = append(rules, ingressFrom(monitoring, contract.PortMetrics, contract.PortSupervisor))
			}
			return rules
		}).(networkingv1.NetworkPolicyIngressRuleArrayOutput)
}

func ingressFrom(namespaces []string, ports ...int) networkingv1.NetworkPolicyIngressRule {
	rule := networkingv1.NetworkPolicyIngressRule{Ports: policyPorts("TCP", ports...)}
	for _, namespace := range namespaces {
		rule.From = append(rule.From, networkingv1.NetworkPolicyPeer{
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{namespaceNameLabel: namespace}},
		})
	}
	return rule
}

// egressRules let the supervisor resolve names and reach the ports of the listed
// endpoints. Which host it may reach is for the supervisor and the enclave to
// enforce: a NetworkPolicy knows addresses, and AWS's change.
func (b *chamberBuilder) egressRules() networkingv1.NetworkPolicyEgressRuleArrayOutput {
	return b.args.egress().ApplyT(func(endpoints []string) ([]networkingv1.NetworkPolicyEgressRule, error) {
		var ports []int
		for _, endpoint := range endpoints {
			port, err := parseEndpoint(endpoint)
			if err != nil {
				return nil, fmt.Errorf("egress %q %w", endpoint, err)
			}
			ports = append(ports, port)
		}
		slices.Sort(ports)
		rules := []networkingv1.NetworkPolicyEgressRule{
			{Ports: append(policyPorts("UDP", dnsPort), policyPorts("TCP", dnsPort)...)},
		}
		if ports = slices.Compact(ports); len(ports) > 0 {
			rules = append(rules, networkingv1.NetworkPolicyEgressRule{Ports: policyPorts("TCP", ports...)})
		}
		return rules, nil
	}).(networkingv1.NetworkPolicyEgressRuleArrayOutput)
}

func policyPorts(protocol string, numbers ...int) []networkingv1.NetworkPolicyPort {
	ports := make([]networkingv1.NetworkPolicyPort, 0, len(numbers))
	for _, number := range numbers {
		ports = append(ports, networkingv1.NetworkPolicyPort{Port: number, Protocol: &protocol})
	}
	return ports
}

func namesOr(in pulumi.StringArrayInput) pulumi.StringArrayInput {
	if in == nil {
		return pulumi.StringArray{}
	}
	return in
}
