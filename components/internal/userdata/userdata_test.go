package userdata

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files")

const seccompPath = "/var/lib/kubelet/seccomp/profiles/containment-chamber.json"

// cases are the documents that golden files show.
func cases() map[string]Spec {
	node := &NodeConfig{
		ClusterName: "prod", Endpoint: "https://example.eks.amazonaws.com", CertificateAuthority: "Y2E=", ServiceIPv4CIDR: "10.100.0.0/16",
		Labels: map[string]string{"b": "2", "a": "1"}, Taints: []string{"dedicated=enclaves:NoSchedule"},
	}
	return map[string]Spec{
		"allocator": {
			Reservation: allocator, CPUCount: 2, MemoryMiB: 1536, DeviceGroupID: 64990, SeccompPath: seccompPath,
			Pages: []Pages{{1024, 1}, {2, 256}},
		},
		"direct": {
			Reservation: direct, CPUCount: 4, MemoryMiB: 2048, PageMiB: 2, DeviceGroupID: 64990, SeccompPath: seccompPath,
			Pages: []Pages{{2, 1024}},
		},
		"custom-ami": {
			Reservation: allocator, CPUCount: 2, MemoryMiB: 1024, DeviceGroupID: 64990, SeccompPath: seccompPath,
			Pages: []Pages{{1024, 1}}, Node: node,
		},
		"karpenter": {
			Reservation: direct, CPUCount: 6, MemoryMiB: 3072, PageMiB: 1024, DeviceGroupID: 64990, SeccompPath: seccompPath,
			Pages: []Pages{{1024, 3}}, ManagerTaint: "karpenter.sh/unregistered:NoExecute",
		},
	}
}

func TestRenderGolden(t *testing.T) {
	for name, spec := range cases() {
		t.Run(name, func(t *testing.T) {
			got, err := Render(spec)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("run `make golden` (-want +got):\n%s", diff)
			}
		})
	}
}

// parts reads the document as cloud-init and nodeadm do.
func parts(t *testing.T, document string) map[string]string {
	t.Helper()
	message, err := mail.ReadMessage(strings.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" {
		t.Fatalf("content type %q: %v", kind, err)
	}
	found := map[string]string{}
	reader := multipart.NewReader(message.Body, params["boundary"])
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := strings.Cut(part.Header.Get("Content-Type"), ";")
		found[kind] = string(body)
	}
}

func TestRenderParts(t *testing.T) {
	for name, spec := range cases() {
		t.Run(name, func(t *testing.T) {
			document, err := Render(spec)
			if err != nil {
				t.Fatal(err)
			}
			got := parts(t, document)
			if !strings.HasPrefix(got["text/x-shellscript"], "#!/bin/bash\n") {
				t.Error("the shell part does not start with its interpreter")
			}
			if _, has := got["application/node.eks.aws"]; has != (spec.Node != nil) {
				t.Errorf("NodeConfig part: %v", has)
			}
			check := exec.CommandContext(t.Context(), "bash", "-n")
			check.Stdin = strings.NewReader(got["text/x-shellscript"])
			if out, err := check.CombinedOutput(); err != nil {
				t.Errorf("bash -n: %v\n%s", err, out)
			}
		})
	}
}

// TestAllocatorConfig holds the file to the rules of the allocator's parser
// (aws-nitro-enclaves-cli, bootstrap/nitro-enclaves-allocator, parse_config).
func TestAllocatorConfig(t *testing.T) {
	document, err := Render(cases()["allocator"])
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(document, "allocator.yaml <<'CONFIG'\n")
	config, _, closed := strings.Cut(rest, "CONFIG\n")
	if !ok || !closed {
		t.Fatal("no allocator.yaml in the document")
	}
	if diff := cmp.Diff("---\nmemory_mib: 1536\ncpu_count: 2\n", config); diff != "" {
		t.Error(diff)
	}
}

func TestSeccompProfile(t *testing.T) {
	text, err := seccompProfile()
	if err != nil {
		t.Fatal(err)
	}
	var profile struct {
		DefaultAction string
		Syscalls      []seccompRule
	}
	if err := json.Unmarshal([]byte(text), &profile); err != nil {
		t.Fatal(err)
	}
	if profile.DefaultAction != "SCMP_ACT_ERRNO" {
		t.Errorf("default action %s", profile.DefaultAction)
	}
	sockets, unconditional := []int{}, map[string]bool{}
	rules := map[string]seccompRule{}
	for _, rule := range profile.Syscalls {
		for _, name := range rule.Names {
			if name == "socket" && len(rule.Args) == 1 {
				sockets = append(sockets, rule.Args[0].Value)
				continue
			}
			if _, twice := rules[name]; twice {
				t.Errorf("%s is listed twice", name)
			}
			rules[name] = rule
			unconditional[name] = rule.Action == "SCMP_ACT_ALLOW" && len(rule.Args) == 0
		}
	}
	if diff := cmp.Diff([]int{1, 2, 10, 16, 40}, sockets); diff != "" {
		t.Errorf("address families (-want +got):\n%s", diff)
	}
	// Threads, but no namespaces: by clone's flags, and not by clone3 at all.
	want := []seccompArg{{Value: 2114060288, Op: "SCMP_CMP_MASKED_EQ"}}
	if diff := cmp.Diff(want, rules["clone"].Args); diff != "" {
		t.Errorf("clone (-want +got):\n%s", diff)
	}
	if clone3 := rules["clone3"]; clone3.Action != "SCMP_ACT_ERRNO" || clone3.ErrnoRet != 38 {
		t.Errorf("clone3 is %+v", clone3)
	}
	for _, name := range []string{"mount", "ptrace", "bpf", "keyctl", "unshare", "setns", "init_module", "kexec_load", "perf_event_open", "io_uring_setup", "clone", "clone3", "socket"} {
		if unconditional[name] {
			t.Errorf("%s is allowed", name)
		}
	}
}

func TestRenderRefuses(t *testing.T) {
	good := cases()["direct"]
	for name, change := range map[string]func(*Spec){
		"is neither":           func(s *Spec) { s.Reservation = "magic" },
		"nothing to set aside": func(s *Spec) { s.CPUCount = 0 },
		"without a page size":  func(s *Spec) { s.PageMiB = 0 },
		"is not absolute":      func(s *Spec) { s.SeccompPath = "profiles/x.json" },
		"over EC2's limit":     func(s *Spec) { s.Node = &NodeConfig{CertificateAuthority: strings.Repeat("x", MaxBytes)} },
		"may get 4096 more":    func(s *Spec) { s.SeccompPath = "/" + strings.Repeat("x", MaxBytes/4) },
	} {
		spec := good
		change(&spec)
		if _, err := Render(spec); err == nil || !regexp.MustCompile(regexp.QuoteMeta(name)).MatchString(err.Error()) {
			t.Errorf("want %q, got %v", name, err)
		}
	}
}

func TestRenderBase64(t *testing.T) {
	encoded, err := RenderBase64(cases()["allocator"])
	if err != nil {
		t.Fatal(err)
	}
	text, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Render(cases()["allocator"])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Error(diff)
	}
}
