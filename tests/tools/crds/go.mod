// The custom resource definitions that tests install. They are taken from the
// module cache at run time: nothing of this module is compiled.
module github.com/unforeseen-consequences/pulumi-containment-chamber/tests/tools/crds

go 1.26.0

require github.com/prometheus-operator/prometheus-operator v0.92.0
