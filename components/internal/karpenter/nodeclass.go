package karpenter

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// NodeClassSpec is all that an EC2NodeClass depends on.
type NodeClassSpec struct {
	// Role is the name, not the ARN, of the nodes' role.
	Role pulumi.StringInput
	// AMIAlias is a pinned release of EKS's AMIs (al2023@v20260724); AMIID is an AMI
	// of Amazon Linux 2023. One of them is nil.
	AMIAlias, AMIID             pulumi.StringInput
	SubnetIDs, SecurityGroupIDs pulumi.StringArrayInput
	// UserData is the document as text: Karpenter encodes it.
	UserData     pulumi.StringInput
	HopLimit     pulumi.IntInput
	RootDevice   string
	DiskSizeGiB  pulumi.IntInput
	DiskKMSKeyID pulumi.StringInput // nil for the account's key
	Tags         pulumi.StringMapInput
}

// NodeClass is the spec of an EC2NodeClass whose instances can have enclaves.
func NodeClass(s NodeClassSpec) pulumi.Map {
	spec := pulumi.Map{
		"amiSelectorTerms":           pulumi.Array{s.ami()},
		"blockDeviceMappings":        pulumi.Array{s.rootVolume()},
		"enclaveOptions":             pulumi.Map{"enabled": pulumi.Bool(true)},
		"role":                       s.Role,
		"securityGroupSelectorTerms": byID(s.SecurityGroupIDs),
		"subnetSelectorTerms":        byID(s.SubnetIDs),
		"tags":                       s.Tags,
		"userData":                   s.UserData,
		"metadataOptions": pulumi.Map{
			"httpEndpoint":            pulumi.String("enabled"),
			"httpProtocolIPv6":        pulumi.String("disabled"),
			"httpPutResponseHopLimit": s.HopLimit,
			"httpTokens":              pulumi.String("required"),
		},
	}
	// An alias implies the family; without one Karpenter must be told how to
	// configure the node.
	if s.AMIID != nil {
		spec["amiFamily"] = pulumi.String("AL2023")
	}
	return spec
}

func (s NodeClassSpec) ami() pulumi.Map {
	if s.AMIID != nil {
		return pulumi.Map{"id": s.AMIID}
	}
	return pulumi.Map{"alias": s.AMIAlias}
}

func (s NodeClassSpec) rootVolume() pulumi.Map {
	ebs := pulumi.Map{
		"deleteOnTermination": pulumi.Bool(true),
		"encrypted":           pulumi.Bool(true),
		"volumeSize":          pulumi.Sprintf("%dGi", s.DiskSizeGiB),
		"volumeType":          pulumi.String("gp3"),
	}
	if s.DiskKMSKeyID != nil {
		ebs["kmsKeyID"] = s.DiskKMSKeyID
	}
	return pulumi.Map{"deviceName": pulumi.String(s.RootDevice), "ebs": ebs}
}

// byID are selector terms that name each thing: a selection by tags would change
// with whatever else carries them.
func byID(ids pulumi.StringArrayInput) pulumi.ArrayOutput {
	return ids.ToStringArrayOutput().ApplyT(func(ids []string) []any {
		terms := make([]any, 0, len(ids))
		for _, id := range ids {
			terms = append(terms, map[string]any{"id": id})
		}
		return terms
	}).(pulumi.ArrayOutput)
}
