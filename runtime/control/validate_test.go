package control

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestValidateBootstrap(t *testing.T) {
	for want, change := range map[string]func(*Bootstrap){
		"token: must be":                                       func(b *Bootstrap) { b.Token = "short" },
		"token: must be 32":                                    func(b *Bootstrap) { b.Token = strings.Repeat("ü", 40) },
		"time: is required":                                    func(b *Bootstrap) { b.Time = time.Time{} },
		"is not the name of a variable":                        func(b *Bootstrap) { b.Environment["A=B"] = "" },
		"environment.A: must be at most":                       func(b *Bootstrap) { b.Environment["A"] = strings.Repeat("x", MaxValueBytes+1) },
		"environment.B: must be at most":                       func(b *Bootstrap) { b.Environment["B"] = "a\x00b" },
		"(257 variables): must be at most":                     func(b *Bootstrap) { b.Environment = manyVariables(257) },
		"files[0].path (\"etc/x\")":                            func(b *Bootstrap) { b.Files[0].Path = "etc/x" },
		"files[0].path (\"/etc/../x\")":                        func(b *Bootstrap) { b.Files[0].Path = "/etc/../x" },
		"files[0].path (\"/\")":                                func(b *Bootstrap) { b.Files[0].Path = "/" },
		"files[1].path (\"/etc/config.json\"): is there twice": func(b *Bootstrap) { b.Files = append(b.Files, b.Files[0]) },
		"files[0].content (1048577 bytes)":                     func(b *Bootstrap) { b.Files[0].Content = make([]byte, MaxFileBytes+1) },
		"files[0].mode (04755)":                                func(b *Bootstrap) { b.Files[0].Mode = 0o4755 },
		"files (65): must be at most 64":                       func(b *Bootstrap) { b.Files = manyFiles(65) },
		"egress[0].host (\"KMS\")":                             func(b *Bootstrap) { b.Egress[0].Host = "KMS" },
		"egress[0].host (\"a b\")":                             func(b *Bootstrap) { b.Egress[0].Host = "a b" },
		"egress[0].host (\"a\\nb\")":                           func(b *Bootstrap) { b.Egress[0].Host = "a\nb" },
		"egress[0].host (\"-a\")":                              func(b *Bootstrap) { b.Egress[0].Host = "-a" },
		"port and parentPort must be ports":                    func(b *Bootstrap) { b.Egress[0].ParentPort = 1<<32 - 1 },
		"(kms.eu-central-1.amazonaws.com:443): is there twice": func(b *Bootstrap) { b.Egress = append(b.Egress, b.Egress[0]) },
		"egress (65): must be at most 64":                      func(b *Bootstrap) { b.Egress = make([]Egress, 65) },
	} {
		b := bootstrap()
		b.Token = token
		if err := b.Validate(); err != nil {
			t.Fatalf("a good one: %v", err)
		}
		change(&b)
		err := b.Validate()
		if ErrorCode(err) != CodeInvalid || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func manyVariables(n int) map[string]string {
	all := map[string]string{}
	for i := range n {
		all[fmt.Sprintf("V%d", i)] = ""
	}
	return all
}

func manyFiles(n int) (all []File) {
	for i := range n {
		all = append(all, File{Path: fmt.Sprintf("/f%d", i)})
	}
	return all
}

// TestValidateShowsNoValue: messages reach logs, and values may be secrets.
func TestValidateShowsNoValue(t *testing.T) {
	b := bootstrap()
	b.Token = "secret"
	b.Environment["A"] = strings.Repeat("secret", MaxValueBytes)
	b.Files[0].Content = bytes.Repeat([]byte("secret"), MaxFileBytes)
	if err := b.Validate(); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error: %.200v", err)
	}
}

func TestValidateOthers(t *testing.T) {
	for name, err := range map[string]error{
		"no files":      (&Files{}).Validate(),
		"a large nonce": (&Attestation{Nonce: make([]byte, 513)}).Validate(),
		"a large key":   (&Attestation{PublicKey: make([]byte, 1025)}).Validate(),
		"a long grace":  (&Stop{GraceSeconds: 901}).Validate(),
		"no grace":      (&Stop{GraceSeconds: -1}).Validate(),
	} {
		if ErrorCode(err) != CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (&Attestation{Nonce: make([]byte, 512), PublicKey: make([]byte, 1024)}).Validate(); err != nil {
		t.Error(err)
	}
}

// FuzzBootstrap: whatever comes, what is accepted obeys the rules, and the guest is
// not called with anything else.
func FuzzBootstrap(f *testing.F) {
	f.Add([]byte(`{"token":"` + token + `","time":"2026-01-01T00:00:00Z","egress":[{"host":"a.b","port":1,"parentPort":2}]}`))
	f.Add([]byte(`{"token":"` + token + `","time":"2026-01-01T00:00:00Z","files":[{"path":"/a","content":"aGk=","mode":256}]}`))
	f.Add([]byte(`{}`))
	f.Add([]byte(`[[[[`))
	f.Fuzz(func(t *testing.T, body []byte) {
		request := httptest.NewRequest(http.MethodPost, "/v1/bootstrap", bytes.NewReader(body))
		request.Header.Set("Content-Type", jsonType)
		var b Bootstrap
		err := decode(httptest.NewRecorder(), request, &b)
		if err != nil {
			if code := ErrorCode(err); code != CodeInvalid && code != CodeTooLarge {
				t.Errorf("%s: %v", code, err)
			}
			return
		}
		if again := b.Validate(); again != nil {
			t.Errorf("accepted, and then %v", again)
		}
		for _, e := range b.Egress {
			if strings.ContainsAny(e.Host, " \t\n#") {
				t.Errorf("the host %q would break /etc/hosts", e.Host)
			}
		}
	})
}
