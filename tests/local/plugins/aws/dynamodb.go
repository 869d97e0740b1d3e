package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
)

func dynamodbSpecs() map[string]spec {
	return map[string]spec{"aws:dynamodb/table:Table": {
		inputs: words(`attributes billingMode deletionProtectionEnabled globalSecondaryIndexes hashKey importTable
			localSecondaryIndexes name onDemandThroughput pointInTimeRecovery rangeKey readCapacity replicas
			restoreDateTime restoreSourceName restoreSourceTableArn restoreToLatestTime serverSideEncryption
			streamEnabled streamViewType tableClass tags ttl writeCapacity`),
		replaces: words("hashKey importTable localSecondaryIndexes name rangeKey"),
		sets:     words("attributes globalSecondaryIndexes replicas"),
		computed: words("arn streamArn streamLabel readCapacity writeCapacity"),
		conflict: "ResourceInUseException: Table already exists",
		naming:   naming{property: "name", max: 255},
		check:    checkTable,
		create: func(a *account, in props) (string, props, error) {
			name := in.str("name")
			arn := a.arn("dynamodb", "table/"+name)
			return name, props{"arn": arn, "streamArn": "", "streamLabel": "", "readCapacity": 0, "writeCapacity": 0}, nil
		},
		remove: func(_ *account, r awsstate.Resource) error {
			if props(r.Outputs).flag("deletionProtectionEnabled") {
				return errors.New("ValidationException: Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first")
			}
			return nil
		},
	}}
}

// checkTable: every key needs an attribute, and every attribute must be a key.
func checkTable(in props) []fault {
	var out []fault
	if !in.has("hashKey") && !in.has("restoreSourceName") && !in.has("restoreSourceTableArn") {
		out = append(out, fault{"hashKey", "is required and missing"})
	}
	var names []string
	for _, a := range in.objs("attributes") {
		names = append(names, a.str("name"))
	}
	keys := tableKeys(in)
	for _, key := range keys {
		if !slices.Contains(names, key) {
			out = append(out, fault{"attributes", fmt.Sprintf("has no attribute for the key %q", key)})
		}
	}
	for _, name := range names {
		if name != "" && !slices.Contains(keys, name) {
			out = append(out, fault{"attributes", fmt.Sprintf("has %q, which no key uses", name)})
		}
	}
	return out
}

func tableKeys(in props) []string {
	tables := append([]props{in}, in.objs("globalSecondaryIndexes")...)
	var out []string
	for _, t := range append(tables, in.objs("localSecondaryIndexes")...) {
		for _, name := range words("hashKey rangeKey") {
			if key := t.str(name); key != "" {
				out = append(out, key)
			}
		}
	}
	return out
}
