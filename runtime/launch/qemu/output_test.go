//go:build linux

package qemu

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
)

func TestConsole(t *testing.T) {
	l := newFakes(t, qemuFails)
	e := launched(t, l, debugRequest)
	first, err := e.Console(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(first).ReadString('\n'); err != nil || line != "Linux version 6\x1b[2J of the stand-in\n" {
		t.Errorf("read %q, %v", line, err)
	}
	second, err := e.Console(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan error, 1)
	third, err := e.Console(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := io.Copy(io.Discard, third)
		closed <- err
	}()
	if err := third.Close(); err != nil {
		t.Error(err)
	}
	if err := <-closed; !errors.Is(err, os.ErrClosed) {
		t.Errorf("a reader that was closed: %v", err)
	}
	now(t, l)
	if text, err := io.ReadAll(second); err != nil || !strings.HasSuffix(string(text), "stand-in\nKernel panic\n") {
		t.Errorf("read %q, %v", text, err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Console(cancelled); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestNoConsole(t *testing.T) {
	r := debugRequest
	r.Debug = false
	e := launched(t, newFakes(t, ""), r)
	if _, err := e.Console(t.Context()); !errors.Is(err, launch.ErrNoConsole) {
		t.Errorf("error %v", err)
	}
}

// TestOutputIsBounded, and a slow reader goes on where the rest begins.
func TestOutputIsBounded(t *testing.T) {
	o := newOutput(1000)
	r := &reader{output: o}
	if n, err := o.Write([]byte("begin")); n != 5 || err != nil {
		t.Fatalf("wrote %d, %v", n, err)
	}
	one := make([]byte, 5)
	if _, err := io.ReadFull(r, one); err != nil || string(one) != "begin" {
		t.Fatalf("read %q, %v", one, err)
	}
	for i := range 1000 {
		if _, err := fmt.Fprintf(o, "%09d\n", i); err != nil {
			t.Fatal(err)
		}
	}
	o.end()
	rest, err := io.ReadAll(r)
	if err != nil || len(rest) < 1000 || len(rest) > 2000 || !bytes.HasSuffix(rest, []byte("000000998\n000000999\n")) {
		t.Errorf("kept %d bytes, %v", len(rest), err)
	}
	if cap(o.data) > 10_000 {
		t.Errorf("%d bytes are taken", cap(o.data))
	}
}

func TestTail(t *testing.T) {
	o := newOutput(tailBytes)
	if got := o.tail(); got != "" {
		t.Errorf("of nothing: %q", got)
	}
	for i := range 100 {
		fmt.Fprintf(o, "line %d\r\n", i)
	}
	if got := strings.Split(o.tail(), "\n"); len(got) != lastLines || got[0] != "line 80" || got[lastLines-1] != "line 99" {
		t.Errorf("%q", got)
	}
	fmt.Fprintf(o, "\xff\x00\x1b]0;title\x07 end \n\n")
	if got := o.tail(); !strings.HasSuffix(got, "line 99\n]0;title end") {
		t.Errorf("%q", got)
	}
	fmt.Fprint(o, strings.Repeat("x", 3*tailBytes))
	if got := len(o.tail()); got != tailBytes {
		t.Errorf("one long line of %d bytes", got)
	}
}
