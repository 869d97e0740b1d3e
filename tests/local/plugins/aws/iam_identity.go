package main

import "strings"

func identitySpecs() map[string]spec {
	return map[string]spec{
		"aws:iam/openIdConnectProvider:OpenIdConnectProvider": {
			inputs:   words("clientIdLists tags thumbprintLists url"),
			required: words("clientIdLists url"),
			replaces: words("url"),
			sets:     words("clientIdLists"),
			computed: words("arn thumbprintLists"),
			conflict: "EntityAlreadyExists",
			check: func(in props) []fault {
				if url := in.str("url"); url != "" && !strings.HasPrefix(url, "https://") {
					return []fault{{"url", "must begin with https://"}}
				}
				return nil
			},
			create: func(a *account, in props) (string, props, error) {
				arn := a.arn("iam", "oidc-provider/"+strings.TrimPrefix(in.str("url"), "https://"))
				return arn, props{"arn": arn, "thumbprintLists": []any{digest("thumbprint")[:40]}}, nil
			},
		},
		typeProfile: {
			inputs:   words("name namePrefix path role tags"),
			replaces: words("name namePrefix path"),
			computed: words("arn createDate uniqueId"),
			conflict: "EntityAlreadyExists",
			naming:   naming{property: "name", prefix: "namePrefix", max: 128},
			create: func(a *account, in props) (string, props, error) {
				name := in.str("name")
				id := "AIPA" + strings.ToUpper(digest("profile", name)[:17])
				return name, props{"arn": a.arn("iam", "instance-profile"+iamPath(in)+name), "createDate": createdAt, "uniqueId": id}, nil
			},
		},
	}
}
