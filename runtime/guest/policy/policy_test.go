package policy

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

const example = `{
  "version": 1,
  "egress": ["kms.eu-central-1.amazonaws.com:443", "*.db.example.com:5432"],
  "environment": ["AWS_REGION"],
  "files": ["/etc/containment-chamber/config.json"]
}`

func TestParse(t *testing.T) {
	got, err := Parse([]byte(example))
	if err != nil {
		t.Fatal(err)
	}
	want := Policy{
		Version: 1, Egress: []string{"kms.eu-central-1.amazonaws.com:443", "*.db.example.com:5432"},
		Environment: []string{"AWS_REGION"}, Files: []string{"/etc/containment-chamber/config.json"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestDefaultIsAPolicy: what an image without a policy has could be written down.
func TestDefaultIsAPolicy(t *testing.T) {
	data, err := json.Marshal(Default())
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(data)
	if diff := cmp.Diff(Default(), got); err != nil || diff != "" {
		t.Errorf("%s%v", diff, err)
	}
	if Default().AllowsEndpoint("kms.eu-central-1.amazonaws.com", 443) {
		t.Error("the default lets something out")
	}
}

func TestParseRefuses(t *testing.T) {
	for body, want := range map[string]string{
		``:                                             "reading the policy",
		`{}`:                                           "version (0): must be 1",
		`{"version":2}`:                                "version (2): must be 1",
		`{"version":1,"egres":[]}`:                     `unknown field "egres"`,
		`{"version":1}x`:                               "something behind its end",
		`{"version":1,"egress":["a"]}`:                 `egress[0] ("a"): must have the form host:port`,
		`{"version":1,"egress":["a:0"]}`:               "must end with a port from 1 to 65535",
		`{"version":1,"egress":["a:0443"]}`:            "must end with a port from 1 to 65535",
		`{"version":1,"egress":["a:65536"]}`:           "must end with a port from 1 to 65535",
		`{"version":1,"egress":["*.com:443"]}`:         "where two more follow",
		`{"version":1,"egress":["a.*.com:443"]}`:       "must have a host name",
		`{"version":1,"egress":["*.*.example.com:1"]}`: "must have a host name",
		`{"version":1,"egress":["localhost:1"]}`:       "must be another machine",
		`{"version":1,"egress":["*:443"]}`:             "must have a host name",
		`{"version":1,"environment":["A=B"]}`:          `environment[0] ("A=B"): is not the name`,
		`{"version":1,"environment":["LD_PRELOAD"]}`:   "take over the payload",
		`{"version":1,"files":["etc/x"]}`:              "must be the absolute path",
		`{"version":1,"files":["/etc/"]}`:              "must be the absolute path",
		`{"version":1,"files":["/proc/sys/x"]}`:        "is the kernel's",
	} {
		if _, err := Parse([]byte(body)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", body, err)
		}
	}
	if _, err := Parse(make([]byte, MaxBytes+1)); err == nil {
		t.Error("a large file was read")
	}
	for list, entry := range map[string]string{"egress": "a.b:1", "environment": "A", "files": "/a"} {
		data, err := json.Marshal(map[string]any{"version": 1, list: slices.Repeat([]string{entry}, MaxEntries+1)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(data); err == nil || !strings.Contains(err.Error(), list+": has 257 entries, more than 256") {
			t.Errorf("a long list of %s: %v", list, err)
		}
	}
}

func TestAllowsEndpoint(t *testing.T) {
	p, err := Parse([]byte(example))
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]bool{
		"kms.eu-central-1.amazonaws.com": true, "kms.us-east-1.amazonaws.com": false, "x.kms.eu-central-1.amazonaws.com": false,
		"a.db.example.com": true, "db.example.com": false, "a.b.db.example.com": false, ".db.example.com": false,
		"*.db.example.com": false, "A.db.example.com": false, "": false,
	} {
		if got := p.AllowsEndpoint(host, 443) || p.AllowsEndpoint(host, 5432); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
	if p.AllowsEndpoint("kms.eu-central-1.amazonaws.com", 5432) {
		t.Error("a host of one entry is allowed with the port of another")
	}
}

func TestCheckBootstrap(t *testing.T) {
	p, err := Parse([]byte(example))
	if err != nil {
		t.Fatal(err)
	}
	good := control.Bootstrap{
		Environment: map[string]string{"AWS_REGION": "eu-central-1"},
		Files:       []control.File{{Path: "/etc/containment-chamber/config.json"}},
		Egress:      []control.Egress{{Host: "a.db.example.com", Port: 5432}},
	}
	if err := p.CheckBootstrap(good); err != nil {
		t.Error(err)
	}
	bad := control.Bootstrap{
		Environment: map[string]string{"AWS_ENDPOINT_URL": "http://secret", "B": ""},
		Files:       []control.File{{Path: "/etc/passwd", Content: []byte("secret")}},
		Egress:      []control.Egress{{Host: "evil.example.com", Port: 443}},
	}
	err = p.CheckBootstrap(bad)
	if control.ErrorCode(err) != control.CodeForbidden {
		t.Fatalf("error: %v", err)
	}
	for _, name := range []string{"environment.AWS_ENDPOINT_URL", "environment.B", "file /etc/passwd", "egress evil.example.com:443", "PCR2"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("no %q in: %v", name, err)
		}
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("a value is shown: %v", err)
	}
	if err := (Policy{}).CheckFiles(good.Files); control.ErrorCode(err) != control.CodeForbidden {
		t.Errorf("the zero policy allows a file: %v", err)
	}
}

// FuzzParse: what is accepted is in bounds, and says the same when it is written and
// read again.
func FuzzParse(f *testing.F) {
	f.Add([]byte(example))
	f.Add([]byte(`{"version":1,"debug":true}`))
	f.Add([]byte(`{"version":1,"egress":["*.a.b:1"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse(data)
		if err != nil {
			return
		}
		written, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(written)
		if err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		if p.AllowsEndpoint("*.a.b", 1) || p.AllowsEndpoint("", 1) || again.Debug != p.Debug {
			t.Errorf("%s", written)
		}
	})
}
