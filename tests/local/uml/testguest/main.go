package main

import (
	"fmt"
	"os"
)

func main() {
	d, _ := os.ReadFile("/proc/uptime")
	fmt.Println("hello", os.Args, string(d))
	os.Exit(3)
}
