package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNodeTrust(t *testing.T) {
	got, err := NodeTrust().JSON()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Version":"2012-10-17","Statement":[{"Sid":"EKSNodeAssumeRole","Effect":"Allow","Principal":{"Service":["ec2.amazonaws.com"]},"Action":["sts:AssumeRole"]}]}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestClusterAutoscaler(t *testing.T) {
	document := ClusterAutoscaler("aws-cn", "prod", "k8s.io/cluster-autoscaler/prod", "owned")
	got, err := document.JSON()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Version":"2012-10-17","Statement":[` +
		`{"Sid":"See","Effect":"Allow","Action":["autoscaling:DescribeAutoScalingGroups","autoscaling:DescribeAutoScalingInstances",` +
		`"autoscaling:DescribeLaunchConfigurations","autoscaling:DescribeScalingActivities","ec2:DescribeImages","ec2:DescribeInstanceTypes",` +
		`"ec2:DescribeLaunchTemplateVersions","ec2:GetInstanceTypesFromInstanceRequirements"],"Resource":["*"]},` +
		`{"Sid":"ReadNodeGroups","Effect":"Allow","Action":["eks:DescribeNodegroup"],"Resource":["arn:aws-cn:eks:*:*:nodegroup/prod/*/*"]},` +
		`{"Sid":"ScaleOwnGroups","Effect":"Allow","Action":["autoscaling:SetDesiredCapacity","autoscaling:TerminateInstanceInAutoScalingGroup"],` +
		`"Resource":["arn:aws-cn:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/*"],` +
		`"Condition":{"StringEquals":{"aws:ResourceTag/k8s.io/cluster-autoscaler/prod":"owned"}}}]}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestClusterAutoscalerChangesOnlyItsOwn: whatever changes something has a
// condition, and "*" is only for what describes.
func TestClusterAutoscalerChangesOnlyItsOwn(t *testing.T) {
	for _, s := range ClusterAutoscaler("aws", "prod", "key", "owned").Statement {
		for _, action := range s.Action {
			_, verb, _ := strings.Cut(action, ":")
			reads := strings.HasPrefix(verb, "Describe") || strings.HasPrefix(verb, "Get")
			if !reads && !slices.Equal(s.Condition["StringEquals"]["aws:ResourceTag/key"], []string{"owned"}) {
				t.Errorf("%s has no condition", action)
			}
			if !reads && slices.Contains(s.Resource, "*") {
				t.Errorf("%s is allowed on everything", action)
			}
		}
	}
}

// TestKarpenterPassRole: one role, and to EC2 only.
func TestKarpenterPassRole(t *testing.T) {
	got, err := KarpenterPassRole("arn:aws:iam::123456789012:role/nodes").JSON()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Version":"2012-10-17","Statement":[{"Sid":"PassNodeRole","Effect":"Allow","Action":["iam:PassRole"],` +
		`"Resource":["arn:aws:iam::123456789012:role/nodes"],` +
		`"Condition":{"StringEquals":{"iam:PassedToService":["ec2.amazonaws.com","ec2.amazonaws.com.cn"]}}}]}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
