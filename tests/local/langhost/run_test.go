package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// program writes a module whose main has a body.
func program(t *testing.T, imports, body string) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{
		"go.mod":  "module program\n\ngo 1.26\n",
		"main.go": fmt.Sprintf("package main\n\nimport (%s)\n\nfunc main() {\n%s\n}\n", imports, body),
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func testHost(t *testing.T) (h *host, stdout, stderr *bytes.Buffer) {
	t.Helper()
	h, stdout, stderr = newHost("engine:1"), &bytes.Buffer{}, &bytes.Buffer{}
	h.stdout, h.stderr, h.cache = stdout, stderr, t.TempDir()
	return h, stdout, stderr
}

func request(dir string) *pulumirpc.RunRequest {
	return &pulumirpc.RunRequest{
		Project: "p", Stack: "dev", Organization: "org", Pwd: dir, DryRun: true, Parallel: 4, MonitorAddress: "monitor:1",
		Config: map[string]string{"p:a": "1"}, ConfigSecretKeys: []string{"p:a"},
		Info: &pulumirpc.ProgramInfo{RootDirectory: dir, ProgramDirectory: dir, EntryPoint: "."},
	}
}

func TestEnvironmentAndOutput(t *testing.T) {
	t.Parallel()
	h, stdout, stderr := testHost(t)
	dir := program(t, `"fmt"; "os"; "strings"`, `
		for _, kv := range os.Environ() {
			if strings.HasPrefix(kv, "PULUMI_") && !strings.HasPrefix(kv, "PULUMI_HOME=") {
				fmt.Println(kv)
			}
		}
		wd, _ := os.Getwd()
		fmt.Fprintln(os.Stderr, wd)`)
	r, err := h.Run(t.Context(), request(dir))
	if err != nil || r.GetError() != "" || r.GetBail() {
		t.Fatalf("%v %v", r, err)
	}
	for _, want := range []string{
		"PULUMI_PROJECT=p", "PULUMI_STACK=dev", "PULUMI_ORGANIZATION=org", "PULUMI_DRY_RUN=true", "PULUMI_PARALLEL=4",
		"PULUMI_MONITOR=monitor:1", "PULUMI_ENGINE=engine:1", "PULUMI_ROOT_DIRECTORY=" + dir,
		`PULUMI_CONFIG={"p:a":"1"}`, `PULUMI_CONFIG_SECRET_KEYS=["p:a"]`,
	} {
		if !strings.Contains(stdout.String(), want+"\n") {
			t.Errorf("the program does not see %s", want)
		}
	}
	if d := cmp.Diff(dir+"\n", stderr.String()); d != "" {
		t.Errorf("working directory: %s", d)
	}
}

func TestEndings(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		imports, body string
		bail          bool
		want          []string
	}{
		"well":           {"", "", false, nil},
		"reported":       {`"os"`, "os.Exit(32)", true, nil},
		"silent":         {`"os"`, "os.Exit(3)", false, []string{"the program failed: exit status 3"}},
		"with a message": {`"fmt"; "os"`, `fmt.Fprintln(os.Stderr, "no such thing"); os.Exit(1)`, false, []string{"exit status 1", "no such thing"}},
		"panic":          {"", `panic("at the disco")`, false, []string{"exit status 2", "panic: at the disco"}},
		"no program":     {"", "undefined()", false, []string{"go build: exit status 1", "undefined: undefined"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, _, _ := testHost(t)
			r, err := h.Run(t.Context(), request(program(t, c.imports, c.body)))
			if err != nil {
				t.Fatal(err)
			}
			if r.GetBail() != c.bail || (r.GetError() != "") != (c.want != nil) {
				t.Errorf("got %v", r)
			}
			for _, part := range c.want {
				if !strings.Contains(r.GetError(), part) {
					t.Errorf("%q does not say %q", r.GetError(), part)
				}
			}
		})
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	for name, cancel := range map[string]func(*host, context.CancelFunc){
		"by the engine":   func(h *host, _ context.CancelFunc) { _, _ = h.Cancel(t.Context(), &emptypb.Empty{}) },
		"with the engine": func(_ *host, gone context.CancelFunc) { gone() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, _, _ := testHost(t)
			started := filepath.Join(t.TempDir(), "started")
			dir := program(t, `"os"; "time"`, fmt.Sprintf("os.WriteFile(%q, nil, 0o600); time.Sleep(time.Minute)", started))
			ctx, gone := context.WithCancel(t.Context())
			defer gone()
			done := make(chan *pulumirpc.RunResponse, 1)
			go func() { r, _ := h.Run(ctx, request(dir)); done <- r }()
			for _, err := os.Stat(started); err != nil; _, err = os.Stat(started) {
				time.Sleep(10 * time.Millisecond)
			}
			cancel(h, gone)
			select {
			case r := <-done:
				if d := cmp.Diff("the program was canceled", r.GetError()); d != "" {
					t.Error(d)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("the program still runs")
			}
		})
	}
}

// TestUnchangedProgramIsNotBuiltAgain: the file stays the same one until the source changes.
func TestUnchangedProgramIsNotBuiltAgain(t *testing.T) {
	t.Parallel()
	h, stdout, _ := testHost(t)
	dir := program(t, `"fmt"`, `fmt.Println("one")`)
	file := func() os.FileInfo {
		stdout.Reset()
		if r, err := h.Run(t.Context(), request(dir)); err != nil || r.GetError() != "" {
			t.Fatalf("%v %v", r, err)
		}
		path, err := h.cached(dir)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	first := file()
	if !os.SameFile(first, file()) {
		t.Error("linked again")
	}
	source := strings.ReplaceAll("package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(`two`) }\n", "`", `"`)
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if os.SameFile(first, file()) {
		t.Error("a change was not built")
	}
	if d := cmp.Diff("two\n", stdout.String()); d != "" {
		t.Error(d)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	h, stdout, _ := testHost(t)
	dir := program(t, `"fmt"`, `fmt.Println("hello")`)
	for _, options := range []map[string]any{{"buildTarget": "bin/it"}, {"binary": "bin/it"}} {
		fields, err := structpb.NewStruct(options)
		if err != nil {
			t.Fatal(err)
		}
		req := request(dir)
		req.Info.Options = fields
		if r, err := h.Run(t.Context(), req); err != nil || r.GetError() != "" {
			t.Fatalf("%v: %v %v", options, r, err)
		}
		if err := os.Remove(filepath.Join(dir, "main.go")); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff("hello\nhello\n", stdout.String()); d != "" {
		t.Error(d)
	}
}

func TestAboutAndDependencies(t *testing.T) {
	t.Parallel()
	h, _, _ := testHost(t)
	about, err := h.About(t.Context(), &pulumirpc.AboutRequest{})
	if err != nil || !strings.HasPrefix(about.GetVersion(), "go version") {
		t.Errorf("%v %v", about, err)
	}
	info := request(program(t, "", "")).Info
	deps, err := h.GetProgramDependencies(t.Context(), &pulumirpc.GetProgramDependenciesRequest{Info: info})
	if err != nil || len(deps.GetDependencies()) != 0 {
		t.Errorf("%v %v", deps, err)
	}
}

func TestTail(t *testing.T) {
	t.Parallel()
	var last tail
	for range 3 {
		if n, err := last.Write(bytes.Repeat([]byte("a"), tailSize)); n != tailSize || err != nil {
			t.Fatal(n, err)
		}
	}
	_, _ = last.Write([]byte("end\n"))
	if got := last.String(); len(got) != tailSize-1 || !strings.HasSuffix(got, "aend") {
		t.Errorf("%d bytes, ending in %q", len(got), got[len(got)-4:])
	}
}
