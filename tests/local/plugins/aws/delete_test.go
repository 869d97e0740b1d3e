package main

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// TestDeleteWaitsForUsers: the first resource cannot go before the second.
func TestDeleteWaitsForUsers(t *testing.T) {
	t.Parallel()
	role := func(h *harness) made { return h.create(typeRole, "r", object{"assumeRolePolicy": "{}"}) }
	cases := map[string]struct {
		used func(h *harness) made
		user func(h *harness, used made) made
		want string
	}{
		"launch template": {
			func(h *harness) made { return h.create(typeLaunchTemplate, "lt", nil) },
			func(h *harness, lt made) made { return h.create(typeNodeGroup, "ng", groupOn(lt, nil)) },
			"still uses the launch template",
		},
		"role with a policy": {role, func(h *harness, r made) made {
			return h.create(typeRoleAttachment, "a", object{"role": r.id, "policyArn": "arn:aws:iam::aws:policy/P"})
		}, "DeleteConflict: Cannot delete entity, must detach all policies first"},
		"role with an inline policy": {role, func(h *harness, r made) made {
			return h.create(typeRolePolicy, "a", object{"role": r.id, "policy": "{}"})
		}, "must delete policies first"},
		"role in a profile": {role, func(h *harness, r made) made {
			return h.create(typeProfile, "p", object{"role": r.id})
		}, "must remove roles from instance profile first"},
		"policy": {
			func(h *harness) made { return h.create(typePolicy, "p", object{"policy": "{}"}) },
			func(h *harness, p made) made {
				return h.create(typeRoleAttachment, "a", object{"role": "r", "policyArn": p.id})
			}, "DeleteConflict: Cannot delete a policy attached to entities",
		},
		"cluster": {createTestCluster, func(h *harness, c made) made {
			lt := h.create(typeLaunchTemplate, "lt", nil)
			return h.create(typeNodeGroup, "ng", groupOn(lt, object{"clusterName": c.id}))
		}, "ResourceInUseException: Cluster has nodegroups attached"},
		"security group": {
			func(h *harness) made { return h.create(typeSecurityGroup, "sg", nil) },
			func(h *harness, sg made) made {
				return h.create(typeIngressRule, "r", object{"securityGroupId": "sg-other", "ipProtocol": "-1", "referencedSecurityGroupId": sg.id})
			}, "DependencyViolation",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t)
			used := c.used(h)
			user := c.user(h, used)
			wantError(t, h.delete(used), c.want)
			wantError(t, h.delete(user), "")
			wantError(t, h.delete(used), "")
			wantError(t, h.delete(used), "") // gone already
		})
	}
}

func createTestCluster(h *harness) made {
	return h.create(typeCluster, "c", object{
		"name": "c", "roleArn": "arn:aws:iam::1:role/c", "vpcConfig": object{"subnetIds": subnetIDs()},
	})
}

func TestDeletionProtection(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	in := object{"hashKey": "id", "attributes": []any{object{"name": "id", "type": "S"}}, "deletionProtectionEnabled": true}
	table := h.create("aws:dynamodb/table:Table", "t", in)
	wantError(t, h.delete(table), "protected against deletion")
	in["deletionProtectionEnabled"] = false
	wantError(t, h.delete(h.update(table, in, false)), "")
}

func TestReferences(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	_, err := h.tryCreate("aws:autoscaling/tag:Tag", "t", object{
		"autoscalingGroupName": "asg", "tag": object{"key": "k", "value": "v", "propagateAtLaunch": true},
	})
	wantError(t, err, `AutoScalingGroup "asg" not found`)
	ng := h.create(typeNodeGroup, "ng", groupOn(h.create(typeLaunchTemplate, "lt", nil), nil))
	asg := plain(ng.outputs).objs("resources")[0].objs("autoscalingGroups")[0].str("name")
	tag := h.create("aws:autoscaling/tag:Tag", "t", object{
		"autoscalingGroupName": asg, "tag": object{"key": "k", "value": "v", "propagateAtLaunch": true},
	})
	if tag.id != asg+",k" {
		t.Errorf("id %q", tag.id)
	}
	_, err = h.tryCreate("aws:kms/alias:Alias", "a", object{"targetKeyId": "none"})
	wantError(t, err, "NotFoundException: Key")
	key := h.create(typeKey, "k", nil)
	for _, property := range []resource.PropertyKey{"keyId", "arn"} {
		target := key.outputs[property].StringValue()
		h.create("aws:kms/alias:Alias", "a-"+string(property), object{"targetKeyId": target})
	}
	_, err = h.tryCreate("aws:eks/podIdentityAssociation:PodIdentityAssociation", "p", object{
		"clusterName": "none", "namespace": "n", "serviceAccount": "s", "roleArn": "arn:aws:iam::1:role/r",
	})
	wantError(t, err, "No cluster found for name: none")
}
