package components

import (
	"strings"
	"testing"

	"github.com/blang/semver"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// construct creates a component as programs in other languages do: through the
// provider's gRPC server.
func construct(t *testing.T, r *recorder, component string, inputs map[string]property.Value) (p.ConstructResponse, error) {
	t.Helper()
	provider, err := Provider()
	if err != nil {
		t.Fatal(err)
	}
	server, err := integration.NewServer(t.Context(), PackageName, semver.MustParse("0.1.0"),
		integration.WithProvider(provider), integration.WithMocks(r))
	if err != nil {
		t.Fatal(err)
	}
	return server.Construct(p.ConstructRequest{
		Urn:    resource.NewURN("stack", "project", "", tokens.Type(tokenPrefix+component), strings.ToLower(component)),
		Inputs: property.NewMap(inputs),
	})
}

func object(fields map[string]property.Value) property.Value { return property.New(fields) }

func texts(values ...string) property.Value {
	list := make([]property.Value, 0, len(values))
	for _, v := range values {
		list = append(list, property.New(v))
	}
	return property.New(list)
}

func capacityValue(slots float64) property.Value {
	return object(map[string]property.Value{
		"slots": property.New(slots), "nodes": property.New(2.0), "maxNodes": property.New(3.0),
		"enclaveCpus": property.New(2.0), "enclaveMemoryMib": property.New(1024.0),
		"enclaveHugepages": object(map[string]property.Value{"hugepages-1Gi": property.New("1Gi")}),
		"taintKey":         property.New("dedicated"), "taintValue": property.New("enclaves"), "taintEffect": property.New("NoSchedule"),
	})
}

func TestConstructEnclaveNodeGroup(t *testing.T) {
	r := &recorder{}
	response, err := construct(t, r, "EnclaveNodeGroup", map[string]property.Value{
		"cluster":                  object(map[string]property.Value{"name": property.New("prod"), "subnetIds": texts("subnet-1")}),
		"instanceType":             property.New("custom.2xlarge"),
		"instanceShape":            object(map[string]property.Value{"architecture": property.New("x86_64"), "vcpus": property.New(8.0), "threadsPerCore": property.New(2.0), "memoryMib": property.New(32768.0)}),
		"enclaveCpus":              property.New(2.0),
		"enclaveMemoryMib":         property.New(1024.0),
		"enclavesPerNode":          property.New(2.0),
		"ignoreDesiredSizeChanges": property.New(true),
		"tags":                     object(map[string]property.Value{"a": property.New("b")}),
	})
	if err != nil {
		t.Fatal(err)
	}
	capacity := response.State.Get("capacity").AsMap()
	if got := capacity.Get("slots").AsNumber(); got != 2 {
		t.Errorf("slots is %v", got)
	}
	if got := capacity.Get("nodeResources").AsMap().Get("hugepages-1Gi").AsString(); got != "2Gi" {
		t.Errorf("hugepages-1Gi is %q", got)
	}
	if got := response.State.Get("autoScalingGroupNames").AsArray().Get(0).AsString(); got != "eks-enclavenodegroup" {
		t.Errorf("the Auto Scaling group is %q", got)
	}
	if len(r.resources) < 6 {
		t.Errorf("only %d resources have been registered", len(r.resources))
	}
}

func TestConstructDevicePlugin(t *testing.T) {
	r := &recorder{}
	response, err := construct(t, r, "DevicePlugin", map[string]property.Value{"capacity": capacityValue(3)})
	if err != nil {
		t.Fatal(err)
	}
	if got := response.State.Get("namespace").AsString(); got != "kube-system" {
		t.Errorf("namespace is %q", got)
	}
}

func TestConstructContainmentChamber(t *testing.T) {
	r := &recorder{}
	response, err := construct(t, r, "ContainmentChamber", map[string]property.Value{
		"capacity": capacityValue(2),
		"tag":      property.New("v1.5.0"),
		"replicas": property.New(4.0),
		"config": object(map[string]property.Value{
			"signer_state":  object(map[string]property.Value{"backend": property.New("dynamodb")}),
			"anti_slashing": object(map[string]property.Value{"url": property.New("postgres://user:hunter2@db").WithSecret(true)}),
		}),
		"egress": texts("db.example.com:5432"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := response.State.Get("endpoint").AsString(); got != "http://containmentchamber.containment-chamber.svc:9000" {
		t.Errorf("endpoint is %q", got)
	}
	if got := response.State.Get("rolloutStrategy").AsString(); !strings.HasPrefix(got, "maxSurge 0, maxUnavailable 1: ") {
		t.Errorf("rolloutStrategy is %q", got)
	}
	if !secretInside(r, "hunter2") {
		t.Error("the configuration does not arrive, or is not secret")
	}
}

// secretInside tells whether the text is in the configuration Secret, and
// nowhere in the open.
func secretInside(r *recorder, text string) bool {
	found := false
	for _, res := range r.resources {
		data, ok := res.Inputs["stringData"].(map[string]any)
		if !ok {
			continue
		}
		hidden, ok := data["secret"].(map[string]any)
		found = ok && strings.Contains(hidden["config.json"].(string), text)
	}
	return found
}

func TestConstructReportsFaults(t *testing.T) {
	r := &recorder{}
	_, err := construct(t, r, "ContainmentChamber", map[string]property.Value{
		"capacity": capacityValue(9), "tag": property.New("latest"), "config": object(map[string]property.Value{"network": property.New("hoodi")}),
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"capacity.slots (9)", `tag ("latest")`, "config.signer_state.backend"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
	if len(r.resources) > 0 {
		t.Errorf("%d resources have been registered", len(r.resources))
	}
}

// TestConstructKarpenter: the nested object of other languages reaches the children,
// and what managed node groups would put out is empty.
func TestConstructKarpenter(t *testing.T) {
	r := &recorder{}
	response, err := construct(t, r, "EnclaveNodeGroup", map[string]property.Value{
		"cluster":          object(map[string]property.Value{"name": property.New("prod")}),
		"instanceType":     property.New("m5.2xlarge"),
		"enclaveCpus":      property.New(2.0),
		"enclaveMemoryMib": property.New(1024.0),
		"maxSize":          property.New(3.0),
		"karpenter": object(map[string]property.Value{
			"amiAlias":         property.New("al2023@v20260724"),
			"instanceTypes":    texts("m6i.2xlarge", "m5.4xlarge"),
			"securityGroupIds": texts("sg-1"),
			"weight":           property.New(5.0),
			"skipVersionCheck": property.New(true), // the server of this test reads nothing
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := response.State.Get("nodePoolName").AsString(); got != "enclavenodegroup" {
		t.Errorf("the NodePool is %q", got)
	}
	if got := response.State.Get("nodeGroupName").AsString(); got != "" {
		t.Errorf("the managed node group is %q", got)
	}
	overlays := 0
	for _, resource := range r.resources {
		if strings.HasSuffix(resource.Type, ":NodeOverlay") {
			overlays++
		}
	}
	if overlays != 3 {
		t.Errorf("%d overlays for three instance types", overlays)
	}
}
