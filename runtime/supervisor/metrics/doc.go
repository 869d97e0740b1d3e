// Package metrics has what the supervisor tells Prometheus about itself, its enclave and
// the bridges between the two. docs/supervisor-metrics.md lists it for people; a test
// holds that list to the code.
//
// What the bridges count already is read from them when somebody asks, and counted
// nowhere else. All series of a bridge are there from its beginning, at zero, so that a
// rate has no gap before the first event.
package metrics
