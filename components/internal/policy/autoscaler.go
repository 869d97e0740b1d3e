package policy

import "fmt"

// ClusterAutoscaler lets Cluster Autoscaler see what it must see, and change the
// Auto Scaling groups that have the tag ownedKey=ownedValue, and no others. The
// actions are those of cluster-autoscaler's cloudprovider/aws/README.md, "Full
// Cluster Autoscaler Features Policy".
//
// What can be narrowed is: see the service authorization reference of Amazon EC2
// Auto Scaling and EKS. The describing actions of EC2 and Auto Scaling take no
// resource. Account and region stay open, since a role is of one account and its
// autoscaler asks in one region.
func ClusterAutoscaler(partition, cluster, ownedKey, ownedValue string) Document {
	return Document{Version: Version, Statement: []Statement{
		{
			Sid:    "See",
			Effect: "Allow",
			Action: []string{
				"autoscaling:DescribeAutoScalingGroups",
				"autoscaling:DescribeAutoScalingInstances",
				"autoscaling:DescribeLaunchConfigurations",
				"autoscaling:DescribeScalingActivities",
				"ec2:DescribeImages",
				"ec2:DescribeInstanceTypes",
				"ec2:DescribeLaunchTemplateVersions",
				"ec2:GetInstanceTypesFromInstanceRequirements",
			},
			Resource: []string{"*"},
		},
		{
			Sid:      "ReadNodeGroups",
			Effect:   "Allow",
			Action:   []string{"eks:DescribeNodegroup"},
			Resource: []string{fmt.Sprintf("arn:%s:eks:*:*:nodegroup/%s/*/*", partition, cluster)},
		},
		{
			Sid:       "ScaleOwnGroups",
			Effect:    "Allow",
			Action:    []string{"autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"},
			Resource:  []string{fmt.Sprintf("arn:%s:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/*", partition)},
			Condition: map[string]map[string]Values{"StringEquals": {"aws:ResourceTag/" + ownedKey: {ownedValue}}},
		},
	}}
}
