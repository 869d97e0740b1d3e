package main

import "fmt"

func autoscalingSpecs() map[string]spec {
	return map[string]spec{"aws:autoscaling/tag:Tag": {
		inputs:   words("autoscalingGroupName tag"),
		required: words("autoscalingGroupName tag"),
		replaces: words("autoscalingGroupName tag.key"),
		check: func(in props) []fault {
			var out []fault
			for _, name := range words("tag.key tag.propagateAtLaunch") {
				if in.has("tag") && !in.has(name) {
					out = append(out, fault{name, "is required and missing"})
				}
			}
			return out
		},
		verify: func(a *account, in props) error { return a.groupExists(in.str("autoscalingGroupName")) },
		create: func(_ *account, in props) (string, props, error) {
			return in.str("autoscalingGroupName") + "," + in.str("tag.key"), nil, nil
		},
	}}
}

// groupExists knows the groups that node groups made; programs cannot make any here.
func (a *account) groupExists(name string) error {
	for _, group := range a.OfType(typeNodeGroup) {
		for _, r := range props(group.Outputs).objs("resources") {
			for _, asg := range r.objs("autoscalingGroups") {
				if asg.str("name") == name {
					return nil
				}
			}
		}
	}
	return fmt.Errorf("ValidationError: AutoScalingGroup name not found - AutoScalingGroup %q not found", name)
}
