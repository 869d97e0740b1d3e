package main

import (
	"fmt"
	"strings"
)

const typeKey = "aws:kms/key:Key"

func kmsSpecs() map[string]spec {
	return map[string]spec{
		typeKey: {
			inputs: words(`bypassPolicyLockoutSafetyCheck customKeyStoreId customerMasterKeySpec deletionWindowInDays
				description enableKeyRotation isEnabled keyUsage multiRegion policy rotationPeriodInDays tags xksKeyId`),
			replaces: words("customKeyStoreId customerMasterKeySpec keyUsage multiRegion xksKeyId"),
			jsons:    words("policy"),
			computed: words("arn keyId policy description multiRegion rotationPeriodInDays"),
			check:    func(in props) []fault { return jsonFaults(in, "policy") },
			create:   createKey,
		},
		"aws:kms/keyPolicy:KeyPolicy": {
			inputs:   words("bypassPolicyLockoutSafetyCheck keyId policy"),
			required: words("keyId policy"),
			replaces: words("keyId"),
			jsons:    words("policy"),
			check:    func(in props) []fault { return jsonFaults(in, "policy") },
			verify:   func(a *account, in props) error { return a.keyExists(in.str("keyId")) },
			create:   func(_ *account, in props) (string, props, error) { return in.str("keyId"), nil, nil },
		},
		"aws:kms/alias:Alias": {
			inputs:   words("name namePrefix targetKeyId"),
			required: words("targetKeyId"),
			replaces: words("name namePrefix"),
			computed: words("arn targetKeyArn"),
			conflict: "AlreadyExistsException",
			naming:   naming{property: "name", prefix: "namePrefix", start: "alias/", max: 256},
			check:    checkAlias,
			verify:   func(a *account, in props) error { return a.keyExists(in.str("targetKeyId")) },
			create: func(a *account, in props) (string, props, error) {
				name := in.str("name")
				return name, props{"arn": a.arn("kms", name), "targetKeyArn": a.keyARN(in.str("targetKeyId"))}, nil
			},
		},
	}
}

func createKey(a *account, in props) (string, props, error) {
	id := a.random(8) + "-" + a.random(4) + "-" + a.random(4) + "-" + a.random(4) + "-" + a.random(12)
	policy := `{"Version":"2012-10-17","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow",` +
		`"Principal":{"AWS":"` + a.arn("iam", "root") + `"},"Action":"kms:*","Resource":"*"}]}`
	return id, props{
		"arn": a.keyARN(id), "keyId": id, "policy": policy, "description": "", "multiRegion": false, "rotationPeriodInDays": 0,
	}, nil
}

func checkAlias(in props) []fault {
	if name := in.str("name"); name != "" && (!strings.HasPrefix(name, "alias/") || strings.HasPrefix(name, "alias/aws/")) {
		return []fault{{"name", "must begin with 'alias/' and not be reserved (i.e. alias/aws/)"}}
	}
	return nil
}

func (a *account) keyARN(key string) string {
	if strings.HasPrefix(key, "arn:") {
		return key
	}
	return a.arn("kms", "key/"+key)
}

// keyExists takes a key's id or ARN; keys of other accounts and regions may exist.
func (a *account) keyExists(key string) error {
	own := a.keyARN("")
	id := strings.TrimPrefix(key, own)
	if _, ok := a.Get(typeKey, id); !ok && !strings.Contains(id, ":") {
		return fmt.Errorf("NotFoundException: Key %q does not exist", a.keyARN(key))
	}
	return nil
}
