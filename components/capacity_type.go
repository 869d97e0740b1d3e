package components

import (
	"context"
	"reflect"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Capacity is what one group of enclave nodes offers to pods, and how pods get
// onto it. EnclaveNodeGroup puts it out; users with nodes of their own write it.
type Capacity struct {
	// Slots is the number of enclaves that one node runs, 1 to 4.
	Slots int `pulumi:"slots"`
	// Nodes is the number of nodes that are there for certain.
	Nodes int `pulumi:"nodes"`
	// MaxNodes is how many nodes an autoscaler may bring the group to. Nodes by
	// default.
	MaxNodes *int `pulumi:"maxNodes,optional"`
	// EnclaveCPUs is the number of CPUs of one enclave.
	EnclaveCPUs int `pulumi:"enclaveCpus"`
	// EnclaveMemoryMiB is the memory of one enclave in MiB.
	EnclaveMemoryMiB int `pulumi:"enclaveMemoryMib"`
	// EnclaveHugepages are the hugepages of one enclave, by resource name:
	// {"hugepages-1Gi": "2Gi"}.
	EnclaveHugepages map[string]string `pulumi:"enclaveHugepages"`
	// NodeResources are the resources that one node offers to the scheduler, by
	// name, as Kubernetes quantities: slots, enclave CPUs, hugepages, and the cpu and
	// memory that are left for ordinary pods.
	NodeResources map[string]string `pulumi:"nodeResources,optional"`
	// NodeLabels select the nodes. The device plugin's label by default.
	NodeLabels map[string]string `pulumi:"nodeLabels,optional"`
	// TaintKey is the key of the taint of the nodes, "" for none.
	TaintKey *string `pulumi:"taintKey,optional"`
	// TaintValue is the value of the taint.
	TaintValue *string `pulumi:"taintValue,optional"`
	// TaintEffect is the effect of the taint in Kubernetes's spelling: NoSchedule.
	TaintEffect *string `pulumi:"taintEffect,optional"`
}

// Annotate describes the type in the schema.
func (x *Capacity) Annotate(a infer.Annotator) {
	a.Describe(&x, "What one group of enclave nodes offers to pods, and how pods get onto it. EnclaveNodeGroup puts it out; users with nodes of their own write it.")
	a.Describe(&x.Slots, "The number of enclaves that one node runs, 1 to 4.")
	a.Describe(&x.Nodes, "The number of nodes that are there for certain.")
	a.Describe(&x.MaxNodes, "How many nodes an autoscaler may bring the group to. Nodes by default.")
	a.Describe(&x.EnclaveCPUs, "The number of CPUs of one enclave.")
	a.Describe(&x.EnclaveMemoryMiB, "The memory of one enclave in MiB.")
	a.Describe(&x.EnclaveHugepages, "The hugepages of one enclave, by resource name: {\"hugepages-1Gi\": \"2Gi\"}.")
	a.Describe(&x.NodeResources, "The resources that one node offers to the scheduler, by name, as Kubernetes quantities: slots, enclave CPUs, hugepages, and the cpu and memory that are left for ordinary pods.")
	a.Describe(&x.NodeLabels, "Labels that select the nodes. The device plugin's label by default.")
	a.Describe(&x.TaintKey, "The key of the taint of the nodes, \"\" for none.")
	a.Describe(&x.TaintValue, "The value of the taint.")
	a.Describe(&x.TaintEffect, "The effect of the taint in Kubernetes's spelling: NoSchedule.")
}

// CapacityInput is accepted where a Capacity is wanted: CapacityArgs or a CapacityOutput.
type CapacityInput interface {
	pulumi.Input

	ToCapacityOutput() CapacityOutput
	ToCapacityOutputWithContext(context.Context) CapacityOutput
}

// CapacityArgs are the inputs that make a Capacity.
type CapacityArgs struct {
	// Slots is the number of enclaves that one node runs, 1 to 4.
	Slots pulumi.IntInput `pulumi:"slots"`
	// Nodes is the number of nodes that are there for certain.
	Nodes pulumi.IntInput `pulumi:"nodes"`
	// MaxNodes is how many nodes an autoscaler may bring the group to. Nodes by
	// default.
	MaxNodes pulumi.IntPtrInput `pulumi:"maxNodes,optional"`
	// EnclaveCPUs is the number of CPUs of one enclave.
	EnclaveCPUs pulumi.IntInput `pulumi:"enclaveCpus"`
	// EnclaveMemoryMiB is the memory of one enclave in MiB.
	EnclaveMemoryMiB pulumi.IntInput `pulumi:"enclaveMemoryMib"`
	// EnclaveHugepages are the hugepages of one enclave, by resource name:
	// {"hugepages-1Gi": "2Gi"}.
	EnclaveHugepages pulumi.StringMapInput `pulumi:"enclaveHugepages"`
	// NodeResources are the resources that one node offers to the scheduler, by
	// name, as Kubernetes quantities: slots, enclave CPUs, hugepages, and the cpu and
	// memory that are left for ordinary pods.
	NodeResources pulumi.StringMapInput `pulumi:"nodeResources,optional"`
	// NodeLabels select the nodes. The device plugin's label by default.
	NodeLabels pulumi.StringMapInput `pulumi:"nodeLabels,optional"`
	// TaintKey is the key of the taint of the nodes, "" for none.
	TaintKey pulumi.StringPtrInput `pulumi:"taintKey,optional"`
	// TaintValue is the value of the taint.
	TaintValue pulumi.StringPtrInput `pulumi:"taintValue,optional"`
	// TaintEffect is the effect of the taint in Kubernetes's spelling: NoSchedule.
	TaintEffect pulumi.StringPtrInput `pulumi:"taintEffect,optional"`
}

// ElementType is the plain type behind the arguments.
func (CapacityArgs) ElementType() reflect.Type { return reflect.TypeFor[Capacity]() }

// ToCapacityOutput returns the arguments as an output.
func (a CapacityArgs) ToCapacityOutput() CapacityOutput {
	return a.ToCapacityOutputWithContext(context.Background())
}

// ToCapacityOutputWithContext is ToCapacityOutput with a context of the caller's.
func (a CapacityArgs) ToCapacityOutputWithContext(ctx context.Context) CapacityOutput {
	return pulumi.ToOutputWithContext(ctx, a).(CapacityOutput)
}

// CapacityOutput is a Capacity that may be known only later.
type CapacityOutput struct{ *pulumi.OutputState }

// ElementType is the plain type behind the output.
func (CapacityOutput) ElementType() reflect.Type { return reflect.TypeFor[Capacity]() }

// ToCapacityOutput returns the output itself.
func (o CapacityOutput) ToCapacityOutput() CapacityOutput { return o }

// ToCapacityOutputWithContext returns the output itself.
func (o CapacityOutput) ToCapacityOutputWithContext(context.Context) CapacityOutput { return o }

func init() {
	pulumi.RegisterInputType(reflect.TypeFor[CapacityInput](), CapacityArgs{})
	pulumi.RegisterOutputType(CapacityOutput{})
}
