// Package demo shows the product on the local stack: it runs an example with the
// real Pulumi engine, waits for the chamber's pods and prints who is where and
// what is left.
package demo
