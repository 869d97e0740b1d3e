package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
)

func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	role := h.create(typeRole, "r", object{"name": secret("hidden"), "assumeRolePolicy": "{}", "tags": object{"k": secret("v")}})
	for _, name := range []string{"name", "arn"} {
		if v, _ := at(role.outputs, name); !v.IsSecret() {
			t.Errorf("%s is in the clear: %v", name, v)
		}
	}
	if v, _ := at(role.outputs, "tagsAll.k"); !v.IsSecret() {
		t.Errorf("a tag is in the clear: %v", v)
	}
	if v := role.outputs["createDate"]; v.IsSecret() {
		t.Error("what has nothing to do with the secret is one too")
	}
}

// TestSecretsAreKeptLikeAWSKeepsThem: user data can be read back, so the account
// has it; a SecureString's value cannot.
func TestSecretsAreKeptLikeAWSKeepsThem(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	lt := h.create(typeLaunchTemplate, "lt", object{"userData": secret(encoded(mimeUserData))})
	if got := props(h.stored(typeLaunchTemplate, lt.id).Outputs).str("userData"); got != encoded(mimeUserData) {
		t.Errorf("the account has the user data %q", got)
	}
	p := h.create(typeParameter, "p", object{"name": "/p", "type": "SecureString", "value": secret("hunter2")})
	data, err := os.ReadFile(h.path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "hunter2") || !strings.Contains(string(data), awsstate.Redacted) {
		t.Errorf("the account keeps the value: %s", data)
	}
	read, err := h.read(p)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(p.outputs, read.outputs); d != "" {
		t.Errorf("a refresh changes the outputs: %s", d)
	}
	if d := cmp.Diff(p.inputs, read.inputs); d != "" {
		t.Errorf("a refresh changes the inputs: %s", d)
	}
}

func (h *harness) read(m made) (made, error) {
	h.Helper()
	r, err := h.server.Read(h.Context(), &pulumirpc.ReadRequest{
		Id: m.id, Urn: urn(m.typ, m.name), Inputs: h.encode(m.inputs), Properties: h.encode(m.outputs),
	})
	return made{m.typ, m.name, r.GetId(), h.decode(r.GetInputs()), h.decode(r.GetProperties())}, err
}

// TestDriftOfASecretListIsSecret: the list got shorter, so that its parts cannot be told apart.
func TestDriftOfASecretListIsSecret(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	sg := h.create(typeSecurityGroup, "sg", object{"ingress": []any{object{"description": secret("a")}, object{"description": "b"}}})
	err := h.server.store.Update(func(s *awsstate.State) error {
		r, _ := s.Get(typeSecurityGroup, sg.id)
		r.Outputs["ingress"] = r.Outputs["ingress"].([]any)[:1]
		s.Put(r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	drifted, err := h.read(sg)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []resource.PropertyMap{drifted.inputs, drifted.outputs} {
		if v := m["ingress"]; !v.IsSecret() {
			t.Errorf("a secret came back in the clear: %v", v)
		}
	}
}

// TestReadSeesDrift: someone scaled the group behind the program's back.
func TestReadSeesDrift(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	ng := h.create(typeNodeGroup, "ng", groupOn(h.create(typeLaunchTemplate, "lt", nil), object{"labels": object{"a": secret("1")}}))
	same, err := h.read(ng)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]any{ng.inputs, ng.outputs}, []any{same.inputs, same.outputs}); d != "" {
		t.Errorf("a refresh of nothing: %s", d)
	}
	err = h.server.store.Update(func(s *awsstate.State) error {
		r, _ := s.Get(typeNodeGroup, ng.id)
		r.Outputs["scalingConfig"].(map[string]any)["desiredSize"] = 2.0
		s.Put(r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	drifted, err := h.read(ng)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []props{plain(drifted.inputs), plain(drifted.outputs)} {
		if n, _ := m.num("scalingConfig.desiredSize"); n != 2 {
			t.Errorf("read %v, want 2", n)
		}
	}
	wantError(t, h.delete(ng), "")
	if gone, err := h.read(ng); err != nil || gone.id != "" {
		t.Errorf("what has gone is read as %q (%v)", gone.id, err)
	}
}
