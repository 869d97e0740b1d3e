package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/components/internal/karpenter"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/components/internal/userdata"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// rootDevice is the root volume of Amazon Linux AMIs.
const rootDevice = "/dev/xvda"

// launchTemplate registers the template. It leaves out what EKS forbids in the
// template of a managed node group: subnets, instance profile, shutdown
// behaviour (EKS user guide, "Customize managed nodes with launch templates").
func (b *nodeGroupBuilder) launchTemplate() (*ec2.LaunchTemplate, error) {
	args := &ec2.LaunchTemplateArgs{
		Description:          pulumi.String("Nodes of the enclave node group " + b.name),
		InstanceType:         b.args.InstanceType.ToStringOutput().ToStringPtrOutput(),
		EnclaveOptions:       &ec2.LaunchTemplateEnclaveOptionsArgs{Enabled: pulumi.Bool(true)},
		UserData:             b.userData(),
		UpdateDefaultVersion: pulumi.Bool(true),
		MetadataOptions: &ec2.LaunchTemplateMetadataOptionsArgs{
			HttpEndpoint:            pulumi.String("enabled"),
			HttpTokens:              pulumi.String("required"),
			HttpPutResponseHopLimit: intOr(b.args.MetadataHopLimit, defaultHopLimit).ToIntOutput().ToIntPtrOutput(),
		},
		BlockDeviceMappings: ec2.LaunchTemplateBlockDeviceMappingArray{b.rootVolume()},
		TagSpecifications: ec2.LaunchTemplateTagSpecificationArray{
			b.tagSpecification("instance"), b.tagSpecification("volume"),
		},
		Tags: b.tags(),
	}
	if b.args.AMIID != nil {
		args.ImageId = b.args.AMIID.ToStringOutput().ToStringPtrOutput()
	}
	template, err := ec2.NewLaunchTemplate(b.ctx, b.name, args, b.parent())
	if err != nil {
		return nil, fmt.Errorf("creating the launch template: %w", err)
	}
	return template, nil
}

func (b *nodeGroupBuilder) rootVolume() *ec2.LaunchTemplateBlockDeviceMappingArgs {
	ebs := &ec2.LaunchTemplateBlockDeviceMappingEbsArgs{
		DeleteOnTermination: pulumi.String("true"),
		Encrypted:           pulumi.String("true"),
		VolumeSize:          intOr(b.args.DiskSizeGiB, defaultDiskSizeGiB).ToIntOutput().ToIntPtrOutput(),
		VolumeType:          pulumi.String("gp3"),
	}
	if b.args.DiskKMSKeyID != nil {
		ebs.KmsKeyId = b.args.DiskKMSKeyID.ToStringOutput().ToStringPtrOutput()
	}
	return &ec2.LaunchTemplateBlockDeviceMappingArgs{DeviceName: pulumi.String(rootDevice), Ebs: ebs}
}

func (b *nodeGroupBuilder) tagSpecification(resourceType string) ec2.LaunchTemplateTagSpecificationInput {
	return &ec2.LaunchTemplateTagSpecificationArgs{ResourceType: pulumi.String(resourceType), Tags: b.namedTags()}
}

// userData is unknown while the sizing is, or while a custom AMI's cluster is.
func (b *nodeGroupBuilder) userData() pulumi.StringPtrOutput {
	parts := []any{b.plan.sizing}
	if b.args.AMIID != nil {
		parts = append(parts, b.cluster(), b.labels())
	}
	return pulumi.All(parts...).ApplyT(func(v []any) (*string, error) {
		spec := userDataSpec(v[0].(sizing).plan)
		if len(v) > 1 {
			spec.Node = nodeConfig(v[1].(Cluster), v[2].(map[string]string))
		}
		text, err := userdata.RenderBase64(spec)
		return &text, err
	}).(pulumi.StringPtrOutput)
}

// userDataText is the user data of Karpenter's nodes, to which Karpenter adds the
// NodeConfig, also for an AMI of the user's.
func (b *nodeGroupBuilder) userDataText() pulumi.StringOutput {
	return b.plan.sizing.ApplyT(func(s any) (string, error) {
		spec := userDataSpec(s.(sizing).plan)
		spec.ManagerTaint = karpenter.UnregisteredTaint
		return userdata.Render(spec)
	}).(pulumi.StringOutput)
}

func nodeConfig(cluster Cluster, labels map[string]string) *userdata.NodeConfig {
	return &userdata.NodeConfig{
		ClusterName:          cluster.Name,
		Endpoint:             deref(cluster.Endpoint),
		CertificateAuthority: deref(cluster.CertificateAuthority),
		ServiceIPv4CIDR:      deref(cluster.ServiceIPv4CIDR),
		Labels:               labels,
		Taints:               []string{contract.TaintKey + "=" + contract.TaintValue + ":" + contract.TaintEffect},
	}
}
