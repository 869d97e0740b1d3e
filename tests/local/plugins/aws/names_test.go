package main

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func TestAutonaming(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	role := object{"assumeRolePolicy": "{}"}
	first, _ := h.check(typeRole, "node", nil, role)
	name := plain(first).str("name")
	if !strings.HasPrefix(name, "node-") || len(name) != len("node-")+7 {
		t.Errorf("named %q, want node- and seven digits", name)
	}
	if again, _ := h.check(typeRole, "node", nil, role); plain(again).str("name") != name {
		t.Errorf("the same seed gave %q and %q", name, plain(again).str("name"))
	}
	old := first.Copy()
	old["name"] = resource.NewProperty("node-before")
	if kept, _ := h.check(typeRole, "node", old, role); plain(kept).str("name") != "node-before" {
		t.Errorf("the old name became %q", plain(kept).str("name"))
	}
	typed := resource.PropertyMap{"name": resource.NewProperty("mine")}
	if fresh, _ := h.check(typeRole, "node", typed, role); plain(fresh).str("name") != name {
		t.Errorf("a name the program dropped stayed: %q", plain(fresh).str("name"))
	}
	if alias, _ := h.check("aws:kms/alias:Alias", "key", nil, object{"targetKeyId": "k"}); !strings.HasPrefix(plain(alias).str("name"), "alias/key-") {
		t.Errorf("the alias is named %q", plain(alias).str("name"))
	}
}

func TestNamePrefix(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	in := object{"namePrefix": "chamber-"}
	if _, ok := plain(h.preview(typeLaunchTemplate, "lt", in)).get("name").(unknown); !ok {
		t.Error("the name is known before it is made")
	}
	m := h.create(typeLaunchTemplate, "lt", in)
	if name := plain(m.outputs).str("name"); !strings.HasPrefix(name, "chamber-") || len(name) != len("chamber-")+26 {
		t.Errorf("named %q", name)
	}
	if m.inputs.HasValue("name") {
		t.Error("the name became an input, which would be a change")
	}
}

func TestNamesAreUnique(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		typ  string
		in   object
		code string
	}{
		"launch template": {typeLaunchTemplate, object{"name": "n"}, "InvalidLaunchTemplateName.AlreadyExistsException"},
		"role":            {typeRole, object{"name": "n", "assumeRolePolicy": "{}"}, "EntityAlreadyExists"},
		"security group":  {typeSecurityGroup, object{"name": "n", "vpcId": defaultVPC}, "InvalidGroup.Duplicate"},
		"access entry":    {typeAccessEntry, object{"clusterName": "local", "principalArn": "arn:aws:iam::1:role/r"}, "already in use on this cluster"},
		"table":           {"aws:dynamodb/table:Table", object{"name": "n", "hashKey": "id", "attributes": []any{object{"name": "id", "type": "S"}}}, "Table already exists"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t)
			m := h.create(c.typ, "a", c.in)
			_, err := h.tryCreate(c.typ, "b", c.in)
			wantError(t, err, c.code)
			wantError(t, h.delete(m), "")
			_, err = h.tryCreate(c.typ, "b", c.in)
			wantError(t, err, "")
		})
	}
}
