package main

import "fmt"

// getCluster answers for clusters that programs created and for seeded ones. A
// data source wraps some of a resource's objects in lists.
func getCluster(a *account, in props) (props, error) {
	name := in.str("name")
	if r, ok := a.Get(typeCluster, name); ok {
		out := props(r.Outputs)
		return describeCluster(a, name, out.str("endpoint"), out.str("certificateAuthority.data"), out.get("vpcConfig"), out), nil
	}
	c, ok := a.Clusters[name]
	if !ok {
		return nil, fmt.Errorf("reading EKS Cluster (%s): couldn't find resource: operation error EKS: DescribeCluster, "+
			"https response error StatusCode: 404, ResourceNotFoundException: No cluster found for name: %s", name, name)
	}
	network := map[string]any{
		"clusterSecurityGroupId": clusterSecurityGroup(name), "subnetIds": subnetIDs(), "vpcId": defaultVPC,
		"endpointPrivateAccess": false, "endpointPublicAccess": true,
		"publicAccessCidrs": []any{"0.0.0.0/0"}, "securityGroupIds": []any{},
	}
	return describeCluster(a, name, c.Endpoint, c.CertificateAuthority, network, props{}), nil
}

func describeCluster(a *account, name, endpoint, ca string, network any, has props) props {
	or := func(path, otherwise string) string {
		if v := has.str(path); v != "" {
			return v
		}
		return otherwise
	}
	return props{
		"id": name, "name": name, "status": "ACTIVE", "endpoint": endpoint, "createdAt": createdAt,
		"arn":                    a.arn("eks", "cluster/"+name),
		"certificateAuthorities": []any{map[string]any{"data": ca}},
		"identities":             identities(a.region, name),
		"kubernetesNetworkConfigs": []any{map[string]any{
			"ipFamily":        or("kubernetesNetworkConfig.ipFamily", "ipv4"),
			"serviceIpv4Cidr": or("kubernetesNetworkConfig.serviceIpv4Cidr", serviceCIDR),
		}},
		"platformVersion": "eks.1",
		"roleArn":         or("roleArn", a.arn("iam", "role/"+name)),
		"version":         or("version", kubernetesVersion),
		"vpcConfig":       network,
		"accessConfigs": []any{map[string]any{
			"authenticationMode": or("accessConfig.authenticationMode", "API_AND_CONFIG_MAP"),
		}},
	}
}
