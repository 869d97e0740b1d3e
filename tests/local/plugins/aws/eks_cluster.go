package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
)

const (
	typeCluster = "aws:eks/cluster:Cluster"

	kubernetesVersion = "1.37"
	releaseVersion    = "1.37.2-20261101"
	serviceCIDR       = "10.96.0.0/16"
	createdAt         = "2026-01-01T00:00:00Z" // the account has no clock
)

func clusterSpecs() map[string]spec {
	return map[string]spec{typeCluster: {
		inputs: words(`accessConfig bootstrapSelfManagedAddons computeConfig defaultAddonsToRemoves enabledClusterLogTypes
			encryptionConfig forceUpdateVersion kubernetesNetworkConfig name outpostConfig remoteNetworkConfig roleArn
			storageConfig tags upgradePolicy version vpcConfig zonalShiftConfig`),
		required: words("roleArn vpcConfig"),
		replaces: words(`name roleArn bootstrapSelfManagedAddons encryptionConfig outpostConfig vpcConfig.subnetIds
			kubernetesNetworkConfig.ipFamily kubernetesNetworkConfig.serviceIpv4Cidr
			accessConfig.bootstrapClusterCreatorAdminPermissions`),
		sets: words("enabledClusterLogTypes"),
		computed: words(`accessConfig kubernetesNetworkConfig arn certificateAuthorities certificateAuthority createdAt endpoint identities
			kubernetesNetworkConfig.ipFamily kubernetesNetworkConfig.serviceIpv4Cidr platformVersion status version
			vpcConfig.clusterSecurityGroupId vpcConfig.vpcId`),
		conflict: "ResourceInUseException: Cluster already exists",
		naming:   naming{property: "name", max: 100},
		check:    checkCluster,
		create:   createCluster,
		remove:   removeCluster,
	}}
}

func checkCluster(in props) []fault {
	if in.has("vpcConfig") && !in.has("vpcConfig.subnetIds") {
		return []fault{{"vpcConfig.subnetIds", "is required and missing"}}
	}
	return nil
}

func createCluster(a *account, in props) (string, props, error) {
	name := in.str("name")
	if _, ok := a.Clusters[name]; ok {
		return "", nil, fmt.Errorf("ResourceInUseException: Cluster already exists with name: %s", name)
	}
	if len(in.list("vpcConfig.subnetIds")) < 2 {
		return "", nil, invalid("Subnets specified must be in at least two different AZs")
	}
	server, ok := a.APIServer()
	if !ok {
		return "", nil, errors.New("the local stack's account knows no API server: start the stack, which seeds one, first")
	}
	ca := map[string]any{"data": server.CertificateAuthority}
	return name, props{
		"accessConfig":            map[string]any{"authenticationMode": "CONFIG_MAP"},
		"arn":                     a.arn("eks", "cluster/"+name),
		"certificateAuthorities":  []any{ca},
		"certificateAuthority":    ca,
		"createdAt":               createdAt,
		"endpoint":                server.Endpoint,
		"identities":              identities(a.region, name),
		"kubernetesNetworkConfig": map[string]any{"ipFamily": "ipv4", "serviceIpv4Cidr": serviceCIDR},
		"platformVersion":         "eks.1",
		"status":                  "ACTIVE",
		"version":                 kubernetesVersion,
		"vpcConfig":               map[string]any{"clusterSecurityGroupId": clusterSecurityGroup(name), "vpcId": defaultVPC},
	}, nil
}

// identities are the cluster's OIDC issuer; nothing answers at its address.
func identities(region, cluster string) []any {
	id := strings.ToUpper(digest("oidc", cluster)[:32])
	issuer := "https://oidc.eks." + region + ".amazonaws.com/id/" + id
	return []any{map[string]any{"oidcs": []any{map[string]any{"issuer": issuer}}}}
}

func clusterSecurityGroup(cluster string) string { return "sg-" + digest("sg", cluster)[:17] }

func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

func removeCluster(a *account, r awsstate.Resource) error {
	for _, group := range a.OfType(typeNodeGroup) {
		if props(group.Outputs).str("clusterName") == r.ID {
			return fmt.Errorf("ResourceInUseException: Cluster has nodegroups attached: %s", group.ID)
		}
	}
	return nil
}

// clusterExists is AWS's answer to calls that name a cluster.
func (a *account) clusterExists(name string) error {
	_, created := a.Get(typeCluster, name)
	_, seeded := a.Clusters[name]
	if created || seeded {
		return nil
	}
	return fmt.Errorf("ResourceNotFoundException: No cluster found for name: %s", name)
}
