package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// verifyNodeGroup is what EKS refuses, all of it at once.
func verifyNodeGroup(a *account, in props) error {
	_, content, err := a.template(in)
	if err != nil {
		return err
	}
	return errors.Join(
		a.clusterExists(in.str("clusterName")),
		scalingFault(in), placementFault(in), countFault(in),
		templateFault(in, content), imageFault(in, content), enclaveFault(in, content),
	)
}

func scalingFault(in props) error {
	lo, _ := in.num("scalingConfig.minSize")
	want, _ := in.num("scalingConfig.desiredSize")
	hi, _ := in.num("scalingConfig.maxSize")
	switch {
	case hi < 1:
		return invalid("scalingConfig.maxSize is %v: it must be at least 1", hi)
	case lo < 0 || lo > want:
		return invalid("Minimum capacity %v can't be greater than desired size %v", lo, want)
	case want > hi:
		return invalid("desired capacity %v can't be greater than max size %v", want, hi)
	}
	return nil
}

func placementFault(in props) error {
	if len(in.list("subnetIds")) == 0 {
		return invalid("Subnets are required")
	}
	for _, id := range in.strs("subnetIds") {
		if !strings.HasPrefix(id, "subnet-") {
			return invalid("The subnet ID '%s' does not exist", id)
		}
	}
	if role := in.str("nodeRoleArn"); !strings.HasPrefix(role, "arn:") || !strings.Contains(role, ":role/") {
		return invalid("The role ARN %q is not valid: nodeRoleArn must be the ARN of an IAM role", role)
	}
	return nil
}

func countFault(in props) error {
	if n := len(in.list("taints")); n > 50 {
		return invalid("%d taints: a node group may have 50", n)
	}
	for _, t := range in.objs("taints") {
		if !t.has("key") {
			return invalid("a taint has no key")
		}
	}
	return nil
}

// templateFault is what a launch template for a managed node group may not contain.
func templateFault(in, content props) error {
	if content == nil {
		return nil
	}
	var out []error
	for _, name := range words("iamInstanceProfile hibernationOptions instanceInitiatedShutdownBehavior") {
		if content.has(name) {
			out = append(out, invalid("Launch template should not specify %s", name))
		}
	}
	for _, nic := range content.objs("networkInterfaces") {
		if nic.has("subnetId") {
			out = append(out, invalid("Launch template should not specify a subnet in its network interfaces"))
		}
	}
	if content.has("instanceMarketOptions") {
		out = append(out, invalid("Launch template should not specify instance market options; use capacityType"))
	}
	if content.has("instanceType") && len(in.list("instanceTypes")) > 0 {
		out = append(out, invalid("You cannot specify instance types in both the launch template and the node group"))
	}
	if in.has("diskSize") {
		out = append(out, invalid("Disk size must be specified within the launch template"))
	}
	return errors.Join(out...)
}

func imageFault(in, content props) error {
	if content.has("imageId") {
		for _, name := range words("version releaseVersion amiType") {
			if in.has(name) && in.str(name) != "CUSTOM" {
				return invalid("You cannot specify %s when the launch template specifies an image id", name)
			}
		}
		return nil // a custom image's user data is the user's own affair
	}
	if ud := content.str("userData"); ud != "" && !strings.HasPrefix(in.str("amiType"), "BOTTLEROCKET") {
		if err := multipart(ud); err != nil {
			return fmt.Errorf("InvalidParameterException: User data was not in the MIME multipart format: %w", err)
		}
	}
	return nil
}

// enclaveFault is a node that EC2 would not launch.
func enclaveFault(in, content props) error {
	if !content.flag("enclaveOptions.enabled") {
		return nil
	}
	for _, name := range append(in.strs("instanceTypes"), content.str("instanceType")) {
		if t, ok := describeInstanceType(name); ok && !t.enclaves {
			return fmt.Errorf("NodeCreationFailure: AsgInstanceLaunchFailures: the instance type %s does not support Nitro Enclaves", name)
		}
	}
	if slices.ContainsFunc(content.objs("networkInterfaces"), func(n props) bool { return n.has("networkInterfaceId") }) {
		return invalid("Launch template should not specify a network interface id")
	}
	return nil
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("InvalidParameterException: "+format, args...)
}
