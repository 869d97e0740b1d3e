// Command langhost is pulumi-language-go of the local stack: it lets the real
// Pulumi engine run programs with `runtime: go` where no Pulumi installation has
// brought its own language host, which cannot be had as a Go module.
//
// It is a test fixture. It builds a program with the ordinary go command, keeps
// the binary for the next run, and runs it with the environment that the Go SDK
// reads. It does not make projects, generate or pack SDKs, convert programs, run
// component providers from source, or attach debuggers; `pulumi install` has
// nothing to do, since the go command fetches what a build needs.
package main
