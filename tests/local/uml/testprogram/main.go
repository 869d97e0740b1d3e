// Command testprogram is what the guests of package uml's tests run. Its first argument
// says what it does.
package main

import (
	"fmt"
	"io"
	"net"
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
	case "echo": // one connection
		l, err := net.Listen("tcp4", "127.0.0.1:8080") //nolint:noctx // for as long as the process lives
		if err != nil {
			panic(err)
		}
		fmt.Println("listening")
		c, err := l.Accept()
		if err != nil {
			panic(err)
		}
		_, _ = io.Copy(c, c)
		_ = c.Close()
		time.Sleep(time.Hour)
	case "sleep":
		time.Sleep(time.Hour)
	}
}
