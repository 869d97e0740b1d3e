package components

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/egress"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/config"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/credentials"
)

// podFields are what Kubernetes fills in.
var podFields = map[string]string{"metadata.name": "chamber-0", "metadata.namespace": "signers", "spec.nodeName": "node-1"}

// supervisorPod returns the pod spec of a chamber and its container's environment.
func supervisorPod(t *testing.T, args *ContainmentChamberArgs) (spec, container map[string]any, environment map[string]string) {
	t.Helper()
	resources, err := run(t, newChamber(args))
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(resources, func(r registered) bool { return r.Type == "kubernetes:apps/v1:Deployment" })
	template := resources[at].Inputs["spec"].(map[string]any)["template"].(map[string]any)
	spec = template["spec"].(map[string]any)
	container = spec["containers"].([]any)[0].(map[string]any)
	environment = map[string]string{}
	for _, item := range container["env"].([]any) {
		variable := item.(map[string]any)
		value, given := variable["value"].(string)
		if !given {
			field := variable["valueFrom"].(map[string]any)["fieldRef"].(map[string]any)["fieldPath"].(string)
			value = podFields[field]
		}
		environment[variable["name"].(string)] = value
	}
	return spec, container, environment
}

// TestSupervisorTakesThePodsEnvironment: what the component writes is what the supervisor
// reads, to the last variable.
func TestSupervisorTakesThePodsEnvironment(t *testing.T) {
	args := chamberArgs()
	args.Region = pulumi.String("eu-central-1")
	args.Egress = pulumi.ToStringArray([]string{"db.example.com:5432"})
	args.DrainSeconds = pulumi.Int(60)
	_, _, environment := supervisorPod(t, args)
	// Nothing of ours reads where nitro-cli's logs are; scripts of others may.
	read := map[string]bool{contract.EnvNitroLogsPath: true}
	getenv := func(name string) string {
		read[name] = true
		return environment[name]
	}
	got, err := config.Load(getenv)
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		Enclave:    launch.Request{Image: contract.EnclaveImagePath, CPUs: 2, MemoryMiB: 1024},
		Launcher:   contract.LauncherNitro,
		ConfigPath: "/etc/containment-chamber/config.json",
		Ports:      config.Ports{API: 9000, TLS: 9443, Metrics: 3000, Supervisor: 9090},
		Drain:      time.Minute,
		Egress: []egress.Endpoint{
			{Host: "169.254.170.23", Port: 80}, {Host: "db.example.com", Port: 5432}, {Host: "dynamodb.eu-central-1.amazonaws.com", Port: 443},
			{Host: "kms.eu-central-1.amazonaws.com", Port: 443}, {Host: "sts.eu-central-1.amazonaws.com", Port: 443},
		},
		SocketsDir: "/run/nitro_enclaves",
		Pod:        config.Pod{Name: "chamber-0", Namespace: "signers", Node: "node-1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	set, err := credentials.Discover(getenv)
	if err != nil || set.Environment[contract.EnvAWSRegion] != "eu-central-1" {
		t.Errorf("the region is %q: %v", set.Environment[contract.EnvAWSRegion], err)
	}
	for name := range environment {
		if !read[name] {
			t.Errorf("%s is written and not read", name)
		}
	}
}

// TestCredentialsHaveTheirEndpoints: what EKS adds to the pod leads to endpoints that the
// component has allowed.
func TestCredentialsHaveTheirEndpoints(t *testing.T) {
	args := chamberArgs()
	args.Region = pulumi.String("eu-central-1")
	_, _, environment := supervisorPod(t, args)
	for _, added := range []map[string]string{
		{"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/signer", "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"},
		{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token"},
	} {
		getenv := func(name string) string {
			if value, ok := added[name]; ok {
				return value
			}
			return environment[name]
		}
		c, err := config.Load(getenv)
		if err != nil {
			t.Fatal(err)
		}
		list, err := c.List()
		if err != nil {
			t.Fatal(err)
		}
		set, err := credentials.Discover(getenv)
		if err != nil || len(set.Files) != 1 {
			t.Fatalf("files %v: %v", set.Files, err)
		}
		if err := set.CheckEgress(contract.EnvEgress, list); err != nil {
			t.Error(err)
		}
	}
}

// TestGracePeriod covers what the supervisor does between the preStop hook and its end.
func TestGracePeriod(t *testing.T) {
	args := chamberArgs()
	args.DrainSeconds = pulumi.Int(60)
	spec, container, _ := supervisorPod(t, args)
	if got := spec["terminationGracePeriodSeconds"]; got != float64(contract.EndpointSeconds+60+contract.TerminateSeconds) {
		t.Errorf("the grace period is %v", got)
	}
	hook := container["lifecycle"].(map[string]any)["preStop"].(map[string]any)["exec"].(map[string]any)["command"]
	if diff := cmp.Diff([]any{contract.SupervisorPath, contract.CommandDrain}, hook); diff != "" {
		t.Error(diff)
	}
	probe := container["readinessProbe"].(map[string]any)["httpGet"].(map[string]any)
	if diff := cmp.Diff(map[string]any{"path": "/readyz", "port": "supervisor"}, probe); diff != "" {
		t.Error(diff)
	}
}
