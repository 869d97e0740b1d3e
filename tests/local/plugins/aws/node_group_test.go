package main

import (
	"encoding/base64"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
)

const mimeUserData = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"B\"\n\n" +
	"--B\nContent-Type: text/x-shellscript\n\n#!/bin/sh\n\n--B--\n"

func encoded(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// groupOn is a node group on a launch template, with changes.
func groupOn(template made, extra object) object {
	in := object{
		"clusterName": "local", "nodeRoleArn": "arn:aws:iam::123456789012:role/node", "subnetIds": []any{subnetID(0)},
		"scalingConfig":  object{"minSize": 1, "desiredSize": 1, "maxSize": 3},
		"launchTemplate": object{"id": template.id, "version": "1"},
	}
	maps.Copy(in, extra)
	return in
}

func TestNodeGroupOutputs(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	lt := h.create(typeLaunchTemplate, "lt", object{"name": "lt", "instanceType": "m7g.2xlarge", "userData": encoded(mimeUserData)})
	ng := h.create(typeNodeGroup, "ng", groupOn(lt, object{"nodeGroupName": "signers", "tags": object{"a": "b"}}))
	if ng.id != "local:signers" {
		t.Errorf("id %q", ng.id)
	}
	got := plain(ng.outputs)
	for name := range plain(ng.inputs) {
		if name != "launchTemplate" {
			delete(got, name)
		}
	}
	want := props{
		"amiType": "AL2023_ARM_64_STANDARD", "capacityType": "ON_DEMAND", "diskSize": 0.0, "instanceTypes": []any{},
		"arn":            "arn:aws:eks:us-east-1:123456789012:nodegroup/local/signers/00000002-0003-0004-0005-000000000006",
		"launchTemplate": object{"id": lt.id, "name": "lt", "version": "1"},
		"releaseVersion": releaseVersion, "version": kubernetesVersion, "status": "ACTIVE",
		"resources": []any{object{
			"autoscalingGroups":           []any{object{"name": "eks-signers-00000002-0003-0004-0005-000000000006"}},
			"remoteAccessSecurityGroupId": "",
		}},
		"tagsAll": object{"a": "b"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestWhatEKSRefuses(t *testing.T) {
	t.Parallel()
	size := func(lo, want, hi int) object {
		return object{"scalingConfig": object{"minSize": lo, "desiredSize": want, "maxSize": hi}}
	}
	cases := map[string]struct {
		template, group object
		want            string
	}{
		"nothing":           {nil, nil, ""},
		"cluster":           {nil, object{"clusterName": "other"}, "ResourceNotFoundException: No cluster found for name: other"},
		"desired above max": {nil, size(1, 4, 3), "desired capacity 4 can't be greater than max size 3"},
		"min above desired": {nil, size(2, 1, 3), "Minimum capacity 2 can't be greater than desired size 1"},
		"max of 0":          {nil, size(0, 0, 0), "scalingConfig.maxSize is 0"},
		"no subnets":        {nil, object{"subnetIds": []any{}}, "Subnets are required"},
		"role":              {nil, object{"nodeRoleArn": "node"}, `The role ARN "node" is not valid`},
		"template":          {nil, object{"launchTemplate": object{"id": "lt-none", "version": "1"}}, `the launch template "lt-none" does not exist`},
		"version":           {nil, object{"launchTemplate": object{"name": "lt", "version": "2"}}, `has no version "2" (it has 1 to 1)`},
		"latest":            {nil, object{"launchTemplate": object{"name": "lt", "version": "$Latest"}}, ""},
		"profile":           {object{"iamInstanceProfile": object{"arn": "a"}}, nil, "Launch template should not specify iamInstanceProfile"},
		"subnet":            {object{"networkInterfaces": []any{object{"subnetId": "subnet-1"}}}, nil, "should not specify a subnet"},
		"spot market":       {object{"instanceMarketOptions": object{"marketType": "spot"}}, nil, "use capacityType"},
		"plain user data":   {object{"userData": encoded("#!/bin/sh\n")}, nil, "User data was not in the MIME multipart format"},
		"cut user data":     {object{"userData": encoded(mimeUserData[:len(mimeUserData)-8])}, nil, "part 1: unexpected EOF"},
		"multipart":         {object{"userData": encoded(mimeUserData)}, nil, ""},
		"type twice":        {object{"instanceType": "m5.xlarge"}, object{"instanceTypes": []any{"m5.xlarge"}}, "both the launch template and the node group"},
		"disk size":         {nil, object{"diskSize": 50}, "Disk size must be specified within the launch template"},
		"own image":         {object{"imageId": "ami-1", "userData": encoded("#!/bin/sh\n")}, nil, ""},
		"image and version": {object{"imageId": "ami-1"}, object{"version": "1.37"}, "You cannot specify version when the launch template specifies an image id"},
		"image and type":    {object{"imageId": "ami-1"}, object{"amiType": "AL2023_x86_64_STANDARD"}, "You cannot specify amiType"},
		"enclaves on t3":    {object{"enclaveOptions": object{"enabled": true}}, object{"instanceTypes": []any{"t3.large"}}, "t3.large does not support Nitro Enclaves"},
		"enclaves on m5":    {object{"enclaveOptions": object{"enabled": true}, "instanceType": "m5.xlarge"}, nil, ""},
		"two at once":       {object{"hibernationOptions": object{"configured": true}}, size(1, 4, 3), "Launch template should not specify hibernationOptions"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t)
			template := object{"name": "lt"}
			maps.Copy(template, c.template)
			lt := h.create(typeLaunchTemplate, "lt", template)
			_, err := h.tryCreate(typeNodeGroup, "ng", groupOn(lt, c.group))
			wantError(t, err, c.want)
		})
	}
}

func TestNodeGroupUpdateIsVerified(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	ng := h.create(typeNodeGroup, "ng", groupOn(h.create(typeLaunchTemplate, "lt", object{}), nil))
	more := object{"scalingConfig": object{"minSize": 1, "desiredSize": 2, "maxSize": 3}}
	after := h.update(ng, groupOn(made{id: plain(ng.inputs).str("launchTemplate.id")}, more), false)
	if plain(after.outputs).str("arn") != plain(ng.outputs).str("arn") {
		t.Error("the ARN changed")
	}
	stored := h.stored(typeNodeGroup, ng.id)
	if n, _ := props(stored.Outputs).num("scalingConfig.desiredSize"); n != 2 {
		t.Errorf("the account has the desired size %v, want 2", n)
	}
	bad := object{"scalingConfig": object{"minSize": 1, "desiredSize": 9, "maxSize": 3}}
	_, err := h.tryUpdate(ng, groupOn(made{id: plain(ng.inputs).str("launchTemplate.id")}, bad), false)
	wantError(t, err, "can't be greater than max size")
}

func (h *harness) stored(typ, id string) awsstate.Resource {
	h.Helper()
	state, err := awsstate.Load(h.path)
	if err != nil {
		h.Fatal(err)
	}
	r, ok := state.Get(typ, id)
	if !ok {
		h.Fatalf("the account has no %s %s", typ, id)
	}
	return r
}
