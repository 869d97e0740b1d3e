package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/components/internal/policy"
)

// nodeRole returns the ARN of the nodes' role, creating it unless one is given,
// and what must exist before a node starts with it.
func (b *nodeGroupBuilder) nodeRole() (pulumi.StringOutput, []pulumi.Resource, error) {
	if b.args.NodeRoleARN != nil {
		return b.args.NodeRoleARN.ToStringOutput(), nil, nil
	}
	trust, err := policy.NodeTrust().JSON()
	if err != nil {
		return pulumi.StringOutput{}, nil, err
	}
	role, err := iam.NewRole(b.ctx, b.name+"-node", &iam.RoleArgs{
		Description:      pulumi.String("Nodes of the enclave node group " + b.name),
		AssumeRolePolicy: pulumi.String(trust),
		Tags:             b.tags(),
	}, b.parent())
	if err != nil {
		return pulumi.StringOutput{}, nil, fmt.Errorf("creating the node role: %w", err)
	}
	attached, err := b.attachNodePolicies(role)
	return role.Arn, attached, err
}

func (b *nodeGroupBuilder) attachNodePolicies(role *iam.Role) ([]pulumi.Resource, error) {
	partition := b.partition()
	var attached []pulumi.Resource
	for _, name := range policy.NodePolicies() {
		attachment, err := iam.NewRolePolicyAttachment(b.ctx, b.name+"-node-"+name, &iam.RolePolicyAttachmentArgs{
			Role:      role.Name,
			PolicyArn: pulumi.Sprintf("arn:%s:iam::aws:policy/%s", partition, name),
		}, b.parent())
		if err != nil {
			return nil, fmt.Errorf("attaching %s: %w", name, err)
		}
		attached = append(attached, attachment)
	}
	return attached, nil
}

// partition is the first part of ARNs. China and GovCloud have their own.
func (b *nodeGroupBuilder) partition() pulumi.StringOutput {
	return aws.GetPartitionOutput(b.ctx, aws.GetPartitionOutputArgs{}, pulumi.Parent(b.group)).Partition()
}
