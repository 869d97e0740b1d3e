package main

import (
	"fmt"
	"slices"
	"strings"
)

const typeParameter = "aws:ssm/parameter:Parameter"

func ssmSpecs() map[string]spec {
	return map[string]spec{typeParameter: {
		inputs:   words("allowedPattern arn dataType description insecureValue keyId name overwrite tags tier type value"),
		required: words("type"),
		replaces: words("name dataType"),
		computed: words("arn version tier dataType"),
		secrets:  words("value"), // a SecureString; AWS encrypts it
		conflict: "ParameterAlreadyExists",
		naming:   naming{property: "name", max: 2048},
		check: func(in props) []fault {
			types := words("String StringList SecureString")
			if t := in.str("type"); t != "" && !slices.Contains(types, t) {
				return []fault{{"type", fmt.Sprintf("is %q: it must be one of %s", t, strings.Join(types, ", "))}}
			}
			return nil
		},
		create: func(a *account, in props) (string, props, error) {
			name := in.str("name")
			arn := a.arn("ssm", "parameter/"+strings.TrimPrefix(name, "/"))
			return name, props{"arn": arn, "version": 1, "tier": "Standard", "dataType": "text"}, nil
		},
	}}
}

// getParameter answers for what programs created and for EKS's AMI parameters.
func getParameter(a *account, in props) (props, error) {
	name := in.str("name")
	value, err := a.parameter(name)
	if err != nil {
		return nil, err
	}
	return props{
		"arn": a.arn("ssm", "parameter/"+strings.TrimPrefix(name, "/")), "id": name, "name": name,
		"type": "String", "value": value, "insecureValue": value, "version": 1,
	}, nil
}

func (a *account) parameter(name string) (string, error) {
	if r, ok := a.Get(typeParameter, name); ok {
		if v := props(r.Inputs).str("insecureValue"); v != "" {
			return v, nil
		}
		return "", fmt.Errorf("the local stack does not keep the value of the SecureString %s", name)
	}
	if !strings.HasPrefix(name, "/aws/service/") {
		return "", fmt.Errorf("ParameterNotFound: couldn't find resource %s", name)
	}
	switch {
	case strings.HasSuffix(name, "/release_version"):
		return releaseVersion, nil
	case strings.HasSuffix(name, "/image_name"):
		return "amazon-eks-node-" + releaseVersion, nil
	default:
		return "ami-" + digest("ami", a.region, name)[:17], nil
	}
}
