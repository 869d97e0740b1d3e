//go:build !linux

package main

// launchers is empty: enclaves run on Linux.
var launchers map[string]newLauncher
