package main

import (
	"bufio"
	"debug/elf"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/bls"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/client"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/eth2"
)

const (
	secretKey = "263dbd792f5b1be47ed85f8938c0f29586af0d3ac7b977f21c278fe1462040e3"
	// maxProgram keeps the ramdisk of enclave images small.
	maxProgram = 25 << 20
)

// build builds the program as tests of enclave images do, with the same flags, so that
// the compiler's cache serves both.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "signer")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-tags", "nethttpomithttp2", "-ldflags", "-s -w", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// TestProgram runs it as an enclave does: static, from a file, ended by SIGTERM.
func TestProgram(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	path := build(t)
	wantStatic(t, path)
	api, metrics := freePort(t), freePort(t)
	config, err := json.Marshal(map[string]any{
		"network": client.Network, "server": map[string]any{"listen_port": api}, "metrics": map[string]any{"listen_port": metrics},
		"fixture": map[string]any{"secret_keys": []string{secretKey}},
	})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(name, config, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, "server", "-c", name)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	key, err := bls.ParseKey(secretKey)
	if err != nil {
		t.Fatal(err)
	}
	c := client.Client{Base: "http://" + net.JoinHostPort("127.0.0.1", api.String())}
	await(t, c.Base+"/healthcheck")
	await(t, "http://"+net.JoinHostPort("127.0.0.1", metrics.String())+"/metrics")
	if err := c.SignAndVerify(t.Context(), key.Public(), client.Randao(1), eth2.Networks()[client.Network]); err != nil {
		t.Error(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	log, _ := io.ReadAll(bufio.NewReader(stderr))
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v: %s", err, log)
	}
	if strings.Contains(string(log), secretKey) {
		t.Error("the key is in the log")
	}
}

func wantStatic(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the program has %d bytes", info.Size())
	if info.Size() > maxProgram {
		t.Errorf("the program has %d bytes, more than %d", info.Size(), maxProgram)
	}
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	for _, program := range file.Progs {
		if program.Type == elf.PT_INTERP {
			t.Error("the program is not static")
		}
	}
}

// freePort is one that was free a moment ago.
func freePort(t *testing.T) json.Number {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return json.Number(port)
}

func await(t *testing.T, url string) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		response, err := http.Get(url)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", url, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestRunFails(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte(`{"fixture":{}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, arguments := range map[string][]string{"no file": {"-c", bad + "x"}, "no keys": {"-c", bad}, "no flag": {"-d"}} {
		if err := run(arguments, io.Discard); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
