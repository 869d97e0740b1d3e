package main

import (
	"cmp"
	"encoding/json"
	"fmt"
)

// policyDocument is the JSON that AWS's provider renders: a single value stands
// alone, several are a list, and empty parts are left out.
type policyDocument struct {
	Version    string      `json:"Version"`
	ID         string      `json:"Id,omitempty"`
	Statements []statement `json:"Statement,omitempty"`
}

type statement struct {
	Sid           string                    `json:"Sid,omitempty"`
	Effect        string                    `json:"Effect"`
	Actions       any                       `json:"Action,omitempty"`
	NotActions    any                       `json:"NotAction,omitempty"`
	Resources     any                       `json:"Resource,omitempty"`
	NotResources  any                       `json:"NotResource,omitempty"`
	Principals    any                       `json:"Principal,omitempty"`
	NotPrincipals any                       `json:"NotPrincipal,omitempty"`
	Conditions    map[string]map[string]any `json:"Condition,omitempty"`
}

// getPolicyDocument renders statements; merging with source and override documents is not modelled.
func getPolicyDocument(_ *account, in props) (props, error) {
	for _, name := range words("sourceJson overrideJson sourcePolicyDocuments overridePolicyDocuments") {
		if in.has(name) {
			return nil, fmt.Errorf("the local stack does not merge policy documents (%s)", name)
		}
	}
	doc := policyDocument{Version: cmp.Or(in.str("version"), "2012-10-17"), ID: in.str("policyId")}
	for _, s := range in.objs("statements") {
		doc.Statements = append(doc.Statements, statement{
			Sid: s.str("sid"), Effect: cmp.Or(s.str("effect"), "Allow"),
			Actions: oneOrMany(s.strs("actions")), NotActions: oneOrMany(s.strs("notActions")),
			Resources: oneOrMany(s.strs("resources")), NotResources: oneOrMany(s.strs("notResources")),
			Principals: principals(s.objs("principals")), NotPrincipals: principals(s.objs("notPrincipals")),
			Conditions: conditions(s.objs("conditions")),
		})
	}
	pretty, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("rendering the policy: %w", err)
	}
	mini, err := json.Marshal(doc)
	return props{"id": digest(string(mini))[:10], "json": string(pretty), "minifiedJson": string(mini)}, err
}

func oneOrMany(list []string) any {
	switch len(list) {
	case 0:
		return nil
	case 1:
		return list[0]
	}
	return list
}

func principals(list []props) any {
	byType := map[string][]string{}
	for _, p := range list {
		byType[p.str("type")] = append(byType[p.str("type")], p.strs("identifiers")...)
	}
	if ids := byType["*"]; len(byType) == 1 && len(ids) == 1 {
		return ids[0]
	}
	out := map[string]any{}
	for typ, ids := range byType {
		out[typ] = oneOrMany(ids)
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func conditions(list []props) map[string]map[string]any {
	out := map[string]map[string]any{}
	for _, c := range list {
		test := c.str("test")
		if out[test] == nil {
			out[test] = map[string]any{}
		}
		out[test][c.str("variable")] = oneOrMany(c.strs("values"))
	}
	return out
}
