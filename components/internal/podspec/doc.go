// Package podspec writes the pod specs of the chamber and of the device plugin:
// one pure function each, from a spec to Pulumi's typed arguments.
//
// Specs hold inputs and not values, so that a preview shows everything that is
// known even where one field is not.
package podspec
