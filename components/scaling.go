package components

import (
	"math"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// scaling is the number of nodes of a group.
type scaling struct{ desired, low, high int }

// unset marks a number that was not given. It is none that a user would write: 0
// means something, and a negative number is a mistake to be told about.
const unset = math.MinInt

// scaling fills in the sizes that were not given.
func (a *EnclaveNodeGroupArgs) scaling() pulumi.Output {
	if a.Karpenter != nil {
		return a.karpenterScaling()
	}
	return pulumi.All(intOr(a.DesiredSize, unset), intOr(a.MinSize, unset), intOr(a.MaxSize, unset)).
		ApplyT(func(v []any) scaling {
			s := scaling{desired: v[0].(int), low: v[1].(int), high: v[2].(int)}
			switch {
			case s.desired == unset && s.low == unset:
				s.desired, s.low = 1, 1
			case s.desired == unset:
				s.desired = s.low
			case s.low == unset:
				s.low = s.desired
			}
			if s.high == unset {
				s.high = max(s.desired, s.low, 1)
			}
			return s
		})
}

// check applies EKS's rules for scalingConfig.
func (s scaling) check() error {
	var faults fault.List
	if s.low < 0 {
		faults.Add("minSize", s.low, "must not be negative", "")
	}
	if s.high < 1 {
		faults.Add("maxSize", s.high, "must be at least 1", "a group without nodes runs no enclave")
	}
	if s.low > s.high {
		faults.Add("minSize", s.low, "must not be above maxSize", "raise maxSize or lower minSize")
	}
	if s.desired < s.low || s.desired > s.high {
		faults.Add("desiredSize", s.desired, "must be from minSize to maxSize", "raise maxSize or change desiredSize")
	}
	return faults.Err()
}

// certain is the number of nodes that can be counted on: an autoscaler that
// decides about the desired size may go down to the minimum.
func (s scaling) certain(autoscaled bool) int {
	if autoscaled {
		return s.low
	}
	return s.desired
}
