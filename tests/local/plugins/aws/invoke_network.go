package main

import (
	"fmt"
	"slices"
)

// The one network of the account: a default VPC with a subnet in each of three zones.
const (
	defaultVPC = "vpc-0123456789abcdef0"
	vpcCIDR    = "172.31.0.0/16"
	zones      = 3
)

func subnetID(zone int) string { return fmt.Sprintf("subnet-0123456789abcdef%d", zone) }

func zoneName(region string, zone int) string { return fmt.Sprintf("%s%c", region, 'a'+zone) }

func zoneID(zone int) string { return fmt.Sprintf("use1-az%d", zone+1) }

func subnetIDs() []any {
	var out []any
	for i := range zones {
		out = append(out, subnetID(i))
	}
	return out
}

// getSubnets ignores filters: all subnets are in the one VPC.
func getSubnets(a *account, _ props) (props, error) {
	return props{"id": a.region, "ids": subnetIDs()}, nil
}

func getVPC(a *account, in props) (props, error) {
	if id := in.str("id"); id != "" && id != defaultVPC {
		return nil, fmt.Errorf("no matching EC2 VPC found: the account has only %s", defaultVPC)
	}
	return props{
		"id": defaultVPC, "arn": a.arn("ec2", "vpc/"+defaultVPC), "cidrBlock": vpcCIDR, "default": true,
		"enableDnsHostnames": true, "enableDnsSupport": true, "instanceTenancy": "default",
		"ownerId": accountID, "state": "available",
	}, nil
}

func getSubnet(a *account, in props) (props, error) {
	id := in.str("id")
	zone := slices.Index(subnetIDs(), any(id))
	if id == "" {
		zone = 0
	}
	if zone < 0 {
		return nil, fmt.Errorf("no matching EC2 Subnet found: the account has only %v", subnetIDs())
	}
	return props{
		"id": subnetID(zone), "arn": a.arn("ec2", "subnet/"+subnetID(zone)), "vpcId": defaultVPC,
		"availabilityZone": zoneName(a.region, zone), "availabilityZoneId": zoneID(zone),
		"cidrBlock": fmt.Sprintf("172.31.%d.0/20", zone*16), "defaultForAz": true, "mapPublicIpOnLaunch": true,
		"ownerId": accountID, "state": "available",
	}, nil
}
