package main

func addonSpecs() map[string]spec {
	return map[string]spec{"aws:eks/addon:Addon": {
		inputs: words(`addonName addonVersion clusterName configurationValues podIdentityAssociations preserve
			resolveConflicts resolveConflictsOnCreate resolveConflictsOnUpdate serviceAccountRoleArn tags`),
		required: words("addonName clusterName"),
		replaces: words("addonName clusterName"),
		jsons:    words("configurationValues"),
		computed: words("addonVersion arn configurationValues createdAt modifiedAt"),
		conflict: "ResourceInUseException: Addon already exists",
		verify:   verifyClusterName,
		create: func(a *account, in props) (string, props, error) {
			cluster, name := in.str("clusterName"), in.str("addonName")
			return cluster + ":" + name, props{
				"addonVersion":        "v1.0.0-eksbuild.1",
				"arn":                 a.arn("eks", "addon/"+cluster+"/"+name+"/"+a.random(32)),
				"configurationValues": "",
				"createdAt":           createdAt,
				"modifiedAt":          createdAt,
			}, nil
		},
	}}
}
