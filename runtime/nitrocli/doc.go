// Package nitrocli is the supervisor's binary under the name of AWS's nitro-cli
// (contract.NitroCLIPath), so that people and programs can ask about an enclave in the way
// they know: `kubectl exec POD -- nitro-cli describe-enclaves`. It asks the supervisor by
// package admin, and answers in nitro-cli's shape.
package nitrocli
