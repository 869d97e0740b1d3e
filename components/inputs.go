package components

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// known waits for an output and returns its value, or false where a preview
// cannot know it yet. It is how arguments are validated before anything is
// registered: an apply would run too late, and its error would leave what had
// been registered behind.
func known[T any](ctx *pulumi.Context, out pulumi.Output) (value T, ok bool, err error) {
	result, err := internals.UnsafeAwaitOutput(ctx.Context(), out)
	if err != nil || !result.Known {
		return value, false, err
	}
	value, ok = result.Value.(T)
	if !ok && result.Value != nil {
		return value, false, fmt.Errorf("expected %T, got %T", value, result.Value)
	}
	return value, ok, nil
}

// checks collects the faults of a constructor's arguments. Its methods ignore
// what is unknown: a preview goes on, and the update checks again.
type checks struct {
	ctx    *pulumi.Context
	faults fault.List
}

// err returns all faults under the name of the component that has them.
func (c *checks) err(component, name string) error {
	if err := c.faults.Err(); err != nil {
		return fmt.Errorf("%s %q: %w", component, name, err)
	}
	return nil
}

// required adds a fault when an input was not given at all.
func (c *checks) required(property string, given bool, wayOut string) bool {
	if !given {
		c.faults.Add(property, nil, "is required", wayOut)
	}
	return given
}

// text checks a string input that is given and known.
func (c *checks) text(property string, in pulumi.StringInput, rule func(string) (broken, wayOut string)) {
	if in == nil {
		return
	}
	value, ok, err := known[string](c.ctx, in.ToStringOutput())
	c.faults.Join(property, err)
	if !ok {
		return
	}
	if broken, wayOut := rule(value); broken != "" {
		c.faults.Add(property, c.shown(in.ToStringOutput(), value), broken, wayOut)
	}
}

// number checks an integer input that is given and known against a range.
func (c *checks) number(property string, in pulumi.IntInput, low, high int, why string) {
	if in == nil {
		return
	}
	value, ok, err := known[int](c.ctx, in.ToIntOutput())
	c.faults.Join(property, err)
	if ok && (value < low || value > high) {
		c.faults.Add(property, c.shown(in.ToIntOutput(), value), fmt.Sprintf("must be from %d to %d", low, high), why)
	}
}

// shown is the value as a fault may show it: errors end up in logs, where a secret
// must not.
func (c *checks) shown(out pulumi.Output, value any) any {
	if result, err := internals.UnsafeAwaitOutput(c.ctx.Context(), out); err != nil || result.Secret {
		return "[secret]"
	}
	return value
}

func intOr(in pulumi.IntInput, value int) pulumi.IntInput {
	if in == nil {
		return pulumi.Int(value)
	}
	return in
}

func stringOr(in pulumi.StringInput, value string) pulumi.StringInput {
	if in == nil {
		return pulumi.String(value)
	}
	return in
}

func mapOr(in pulumi.StringMapInput) pulumi.StringMapInput {
	if in == nil {
		return pulumi.StringMap{}
	}
	return in
}

// oneOf is a rule for text: the value is one of those listed.
func oneOf(values ...string) func(string) (string, string) {
	return func(v string) (string, string) {
		if slices.Contains(values, v) {
			return "", ""
		}
		return fmt.Sprintf("must be one of %q", values), ""
	}
}

// notEmpty is a rule for text.
func notEmpty(wayOut string) func(string) (string, string) {
	return func(v string) (string, string) {
		if v == "" {
			return "must not be empty", wayOut
		}
		return "", ""
	}
}

// deref returns what p points to, or the zero value.
func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
