package main

import (
	"fmt"
	"slices"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
)

const typeLaunchTemplate = "aws:ec2/launchTemplate:LaunchTemplate"

func launchTemplateSpecs() map[string]spec {
	return map[string]spec{typeLaunchTemplate: {
		inputs: words(`blockDeviceMappings capacityReservationSpecification cpuOptions creditSpecification
			defaultVersion description disableApiStop disableApiTermination ebsOptimized elasticGpuSpecifications
			elasticInferenceAccelerator enclaveOptions hibernationOptions iamInstanceProfile imageId
			instanceInitiatedShutdownBehavior instanceMarketOptions instanceRequirements instanceType kernelId keyName
			licenseSpecifications maintenanceOptions metadataOptions monitoring name namePrefix networkInterfaces
			placement privateDnsNameOptions ramDiskId securityGroupNames tagSpecifications tags updateDefaultVersion
			userData vpcSecurityGroupIds`),
		replaces: words("name namePrefix"),
		sets:     words("vpcSecurityGroupIds securityGroupNames"),
		computed: words("arn latestVersion defaultVersion"),
		unique:   words("name"),
		conflict: "InvalidLaunchTemplateName.AlreadyExistsException",
		naming:   naming{property: "name", prefix: "namePrefix", max: 125},
		check:    checkLaunchTemplate,
		create:   createLaunchTemplate,
		update:   updateLaunchTemplate,
		volatile: volatileLaunchTemplate,
		versions: launchTemplateVersions,
		remove:   removeLaunchTemplate,
	}}
}

func checkLaunchTemplate(in props) []fault {
	var out []fault
	if in.has("instanceType") && in.has("instanceRequirements") {
		out = append(out, fault{"instanceType", "conflicts with instanceRequirements"})
	}
	if in.has("vpcSecurityGroupIds") && in.has("securityGroupNames") {
		out = append(out, fault{"vpcSecurityGroupIds", "conflicts with securityGroupNames"})
	}
	if in.has("defaultVersion") && in.has("updateDefaultVersion") {
		out = append(out, fault{"defaultVersion", "conflicts with updateDefaultVersion"})
	}
	if ud := in.str("userData"); ud != "" {
		if _, err := decodeUserData(ud); err != nil {
			out = append(out, fault{"userData", err.Error()})
		}
	}
	return out
}

func createLaunchTemplate(a *account, in props) (string, props, error) {
	id := "lt-" + a.random(17)
	return id, props{"arn": a.arn("ec2", "launch-template/"+id), "latestVersion": 1, "defaultVersion": 1}, nil
}

func updateLaunchTemplate(_ *account, r awsstate.Resource, in props, changed []string) (props, error) {
	if !newVersion(changed) {
		return nil, nil
	}
	latest, _ := props(r.Outputs).num("latestVersion")
	out := props{"latestVersion": latest + 1}
	if in.flag("updateDefaultVersion") {
		out["defaultVersion"] = latest + 1
	}
	return out, nil
}

func volatileLaunchTemplate(in props, changed []string) []string {
	switch {
	case !newVersion(changed):
		return nil
	case in.flag("updateDefaultVersion"):
		return words("latestVersion defaultVersion")
	default:
		return words("latestVersion")
	}
}

// newVersion tells whether a change is one of a template's content.
func newVersion(changed []string) bool {
	return slices.ContainsFunc(changed, func(name string) bool {
		return !slices.Contains(words("tags defaultVersion updateDefaultVersion"), name)
	})
}

func launchTemplateVersions(r awsstate.Resource) []map[string]any {
	if latest, _ := props(r.Outputs).num("latestVersion"); int(latest) > len(r.Versions) {
		return append(r.Versions, r.Inputs)
	}
	return r.Versions
}

func removeLaunchTemplate(a *account, r awsstate.Resource) error {
	for _, group := range a.OfType(typeNodeGroup) {
		ref := props(group.Outputs)
		if ref.str("launchTemplate.id") == r.ID || ref.str("launchTemplate.name") == props(r.Outputs).str("name") {
			return fmt.Errorf("ResourceInUse: the node group %q still uses the launch template", group.ID)
		}
	}
	return nil
}
