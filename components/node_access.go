package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// nodeAccess lets nodes with a role of ours join the cluster. For managed node groups
// EKS does so itself; a role that the user brings has its entry already (EKS user
// guide, "Create access entries": type EC2_LINUX).
func (b *nodeGroupBuilder) nodeAccess(role pulumi.StringOutput) ([]pulumi.Resource, error) {
	if b.args.NodeRoleARN != nil {
		return nil, nil
	}
	entry, err := eks.NewAccessEntry(b.ctx, b.name+"-node", &eks.AccessEntryArgs{
		ClusterName:  b.clusterName(),
		PrincipalArn: role,
		Type:         pulumi.String("EC2_LINUX"),
		Tags:         b.tags(),
	}, b.parent())
	if err != nil {
		return nil, fmt.Errorf("creating the nodes' access entry: %w", err)
	}
	return []pulumi.Resource{entry}, nil
}
