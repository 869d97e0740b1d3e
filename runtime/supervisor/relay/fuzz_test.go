package relay

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

// FuzzRelay puts secrets into any text: what comes out is one line of JSON of bounded
// size, and no string in it has the secret.
func FuzzRelay(f *testing.F) {
	const secret = "Zq7Kx9SecretZq7Kx9"
	forms := []string{
		"cc-setup-" + secret, "cc_token_" + secret, "eyJ" + secret + "." + secret + "." + secret, "AWS_SESSION_TOKEN=" + secret,
		`"session_token": "` + secret + `"`, `"setup_token":"cc-setup-` + secret + `"`, "x-amz-security-token: " + secret,
	}
	for i := range forms {
		f.Add("before ", uint8(i), " after", "stdout")
		f.Add(`{"a":{`, uint8(i), `}}`, "stderr")
		f.Add(`{"m":"`, uint8(i), `"}`, "guest\n")
		f.Add("eyJa.b.", uint8(i), "\x1b[0m\x00", "")
		f.Add("session_token=", uint8(i), "\u2028\u009b", "x")
	}
	f.Add(strings.Repeat("\x00", 40000), uint8(0), "", "stdout")
	f.Fuzz(func(t *testing.T, before string, form uint8, after, stream string) {
		text := before + forms[int(form)%len(forms)] + after
		if strings.Contains(before+after, secret) {
			t.Skip("the secret is there without its form")
		}
		records, kept := recordsOf(whole{Line: control.Line{Text: text, Stream: stream}}, false)
		if kept {
			t.Error("a setup token was let through")
		}
		for _, rec := range records {
			check(t, rec, text, secret)
		}
	})
}

func check(t *testing.T, rec record, text, secret string) {
	out, err := rec.line()
	if err != nil {
		t.Fatal(err)
	}
	body, ended := bytes.CutSuffix(out, []byte("\n"))
	if !ended || bytes.ContainsFunc(body, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }) {
		t.Errorf("not one clean line: %q", out)
	}
	if most := 6*maxPart + 1024; len(out) > most {
		t.Errorf("%d bytes, more than %d", len(out), most)
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%v: %q", err, out)
	}
	if found := find(v, secret); found != "" || bytes.Contains(out, []byte(secret)) {
		t.Errorf("%q of %q", out, text)
	}
}

// find returns the first string in a value that has the secret.
func find(v any, secret string) string {
	switch v := v.(type) {
	case string:
		if strings.Contains(v, secret) {
			return v
		}
	case []any:
		for _, e := range v {
			if s := find(e, secret); s != "" {
				return s
			}
		}
	case map[string]any:
		for k, e := range v {
			if s := find(k, secret) + find(e, secret); s != "" {
				return s
			}
		}
	}
	return ""
}
