// Command testprogram is what the guests of package uml's tests run. Its first argument
// says what it does.
package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

func main() {
	fmt.Println("args", os.Args[1:], "env", os.Environ(), "pid 1:", os.Getpid() == 1)
	switch os.Args[1] {
	case "flood":
		fmt.Print(strings.Repeat("0123456789abcdef", 1<<16))
	case "fail":
		os.Exit(3)
	case "sleep":
		time.Sleep(time.Hour)
	}
}
