// Karpenter's custom resource definitions of 1.15. They are taken from the module
// cache at run time: nothing of this module is compiled. One module can require
// only one version of another, so each version has a module of its own.
module github.com/unforeseen-consequences/pulumi-containment-chamber/tests/tools/crds-karpenter-1.15

go 1.26.0

require github.com/aws/karpenter-provider-aws v1.15.1
