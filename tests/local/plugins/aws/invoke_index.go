package main

func getAvailabilityZones(a *account, _ props) (props, error) {
	var names, ids []any
	for i := range zones {
		names, ids = append(names, zoneName(a.region, i)), append(ids, zoneID(i))
	}
	return props{"id": a.region, "names": names, "zoneIds": ids, "groupNames": []any{a.region}}, nil
}

func getCallerIdentity(a *account, _ props) (props, error) {
	return props{
		"id": accountID, "accountId": accountID,
		"arn": a.arn("iam", "user/local-stack"), "userId": "AIDALOCALSTACK",
	}, nil
}

func getPartition(*account, props) (props, error) {
	return props{"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}, nil
}

func getRegion(a *account, in props) (props, error) {
	name := in.str("name")
	if name == "" {
		name = a.region
	}
	return props{"id": name, "name": name, "description": "local stack", "endpoint": "ec2." + name + ".amazonaws.com"}, nil
}
