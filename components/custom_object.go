package components

import (
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// customObject is a Kubernetes object of a kind that the SDK has no type for. Unlike
// apiextensions.CustomResource it puts out the spec as the API server has it: what
// a definition does not know is dropped there without an error.
type customObject struct {
	pulumi.CustomResourceState

	Metadata metav1.ObjectMetaPtrOutput `pulumi:"metadata"`
	Spec     pulumi.MapOutput           `pulumi:"spec"`
}

func newCustomObject(
	ctx *pulumi.Context, apiVersion, kind, name string, metadata *metav1.ObjectMetaArgs, spec pulumi.MapInput, opts ...pulumi.ResourceOption,
) (*customObject, error) {
	args := kubernetes.UntypedArgs{
		"apiVersion": pulumi.String(apiVersion),
		"kind":       pulumi.String(kind),
		"metadata":   metadata,
		"spec":       spec,
	}
	object := &customObject{}
	if err := ctx.RegisterResource(fmt.Sprintf("kubernetes:%s:%s", apiVersion, kind), name, args, object, opts...); err != nil {
		return nil, fmt.Errorf("creating the %s %s: %w", kind, name, err)
	}
	return object, nil
}

// name is the object's name, known once it exists.
func (o *customObject) name() pulumi.StringOutput { return o.Metadata.Name().Elem() }
