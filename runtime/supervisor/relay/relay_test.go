package relay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/logs"
)

// stream gives what it has, one part for each call, and then waits or ends.
type stream struct {
	parts [][]control.Line
	ends  bool // nil after the last part
	calls []time.Time
}

func (s *stream) Logs(ctx context.Context, each func(control.Line)) error {
	s.calls = append(s.calls, time.Now())
	if len(s.parts) == 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	part := s.parts[0]
	s.parts = s.parts[1:]
	for _, line := range part {
		each(line)
	}
	if s.ends && len(s.parts) == 0 {
		return nil
	}
	return errors.New("connection reset")
}

// relayed returns what a Relay writes of lines, and what it says itself.
func relayed(t testing.TB, lines ...control.Line) (out, said string) {
	t.Helper()
	var o, l bytes.Buffer
	r := &Relay{Out: &o, Log: slog.New(slog.NewTextHandler(&l, nil))}
	if err := r.Run(t.Context(), &stream{parts: [][]control.Line{lines}, ends: true}); err != nil {
		t.Fatal(err)
	}
	return o.String(), l.String()
}

func line(text string) control.Line {
	return control.Line{Time: time.Unix(1, 5000).UTC(), Stream: control.StreamStdout, Text: text}
}

const head = `{"time":"1970-01-01T00:00:01.000005Z","level":`
const tail = `"source":"enclave","stream":"stdout"`

func TestLines(t *testing.T) {
	for text, want := range map[string]string{
		"hello":                                  `"INFO","msg":"hello",` + tail + `}`,
		"":                                       `"INFO",` + tail + `}`,
		"two\nlines\r\x00\x1b":                   `"INFO","msg":"two\nlines\r\u0000\u001b",` + tail + `}`,
		"\x1b[33m WARN\x1b[0m careful":           `"WARN","msg":" WARN careful",` + tail + `}`,
		"2026-11-24T12:00:00Z ERROR signer: <a>": `"ERROR","msg":"2026-11-24T12:00:00Z ERROR signer: <a>",` + tail + `}`,
		"level=error msg=x":                      `"ERROR","msg":"level=error msg=x",` + tail + `}`,
		"no INFORMATION and no errors":           `"INFO","msg":"no INFORMATION and no errors",` + tail + `}`,
		"del \x7f and \u009b31m":                 `"INFO","msg":"del ` + "\ufffd and \ufffd" + `31m",` + tail + `}`,
		"\u2028":                                 `"INFO","msg":"\u2028",` + tail + `}`,
		`{"level":"warn","b":1.10,"a":["x",null,true,{}],"t":"<&>"}`: `"WARN",` + tail + `,"entry":{"level":"warn","b":1.10,"a":["x",null,true,{}],"t":"<&>"}}`,
		` {"severity":"CRITICAL"} `:                                  `"ERROR",` + tail + `,"entry":{"severity":"CRITICAL"}}`,
		`{"level":40}`:                                               `"INFO",` + tail + `,"entry":{"level":40}}`,
		`{"a":1}{`:                                                   `"INFO","msg":"{\"a\":1}{",` + tail + `}`,
		`[1]`:                                                        `"INFO","msg":"[1]",` + tail + `}`,
		`{"k\u001b[2J":"v\u009b"}`:                                   `"INFO",` + tail + `,"entry":{"k\u001b[2J":"v` + "\ufffd" + `"}}`,
	} {
		got, _ := relayed(t, line(text))
		if diff := cmp.Diff(head+want+"\n", got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJl"

func TestMasks(t *testing.T) {
	for text, want := range map[string]string{
		"used cc-setup-Ab12_-x.":                                                      `"msg":"used cc-setup-***"`,
		"auth cc_token_abc.def again":                                                 `"msg":"auth cc_token_*** again"`,
		"bearer " + jwt + ", and so on":                                               `"msg":"bearer eyJ***, and so on"`,
		"eyJ is no token, nor is eyJa.b":                                              `"msg":"eyJ is no token, nor is eyJa.b"`,
		"AWS_SESSION_TOKEN=FwoGZXIvYXdzEJr// next":                                    `"msg":"AWS_SESSION_TOKEN=*** next"`,
		`{session_token: Some("abc"), k: 1}`:                                          `"msg":"{session_token: Some(\"***\"), k: 1}"`,
		`GET /?X-Amz-Security-Token=a%2Fb&X-Amz-Date=20`:                              `"msg":"GET /?X-Amz-Security-Token=***&X-Amz-Date=20"`,
		`body \"secretAccessKey\":\"abc\"`:                                            `"msg":"body \\\"secretAccessKey\\\":\\\"***\\\""`,
		`{"SessionToken":"abc","a":"` + jwt + `"}`:                                    `"entry":{"SessionToken":"***","a":"eyJ***"}`,
		`{"m":"cc\u002dsetup\u002dabc"}`:                                              `"entry":{"m":"cc-setup-***"}`,
		`{"session_token":{"value":["a"],"n":1}}`:                                     `"entry":{"session_token":{"value":["***"],"n":1}}`,
		`{"cc_token_abc":1}`:                                                          `"entry":{"cc_token_***":1}`,
		"eyJhbGciOiJSUzI1NiJ9.a.cc-setup-abc~def":                                     `"msg":"eyJ******"`,
		"session_token=session_token=abc secretAccessKey: \"session_token\": \"abc\"": `"msg":"session_token=*** secretAccessKey: \"***\": \"***\""`,
		"session_token= setup_token: ":                                                `"msg":"session_token= *** "`,
		"cc-setup-\x1b[1mabc\x1b[0m":                                                  `"msg":"cc-setup-***"`,
	} {
		got, said := relayed(t, line(text))
		if !strings.Contains(got, want) || said != "" {
			t.Errorf("%q: want %s in\n%s%s", text, want, got, said)
		}
	}
}

// TestSetupToken: it is there the first time, with what to do, and never again.
func TestSetupToken(t *testing.T) {
	for name, text := range map[string]string{
		"text":    "2026-11-24T12:00:00Z  WARN chamber: Setup token generated setup_token=cc-setup-Ab12",
		"colours": "\x1b[33m WARN\x1b[0m Setup token generated \x1b[3msetup_token\x1b[0m\x1b[2m=\x1b[0mcc-setup-Ab12",
		"quoted":  `Setup token generated setup_token="cc-setup-Ab12"`,
		"bare":    "Setup token generated: cc-setup-Ab12",
		"JSON":    `{"level":"INFO","fields":{"message":"Setup token generated","setup_token":"cc-setup-Ab12"}}`,
		"message": `{"message":"Setup token generated setup_token=cc-setup-Ab12"}`,
	} {
		t.Run(name, func(t *testing.T) {
			got, said := relayed(t, line("before cc-setup-Ab12"), line(text), line(text), line("setup_token=cc-setup-Other"))
			lines := strings.Split(strings.TrimSpace(got), "\n")
			if len(lines) != 4 || strings.Count(got, "Ab12") != 1 || !strings.Contains(lines[1], "cc-setup-Ab12") || strings.Contains(got, "Other") {
				t.Errorf("lines:\n%s", got)
			}
			if !strings.Contains(lines[1], `"level":"WARN"`) {
				t.Errorf("level: %s", lines[1])
			}
			if strings.Count(said, "operator init") != 1 || strings.Contains(said, "Ab12") {
				t.Errorf("said: %s", said)
			}
		})
	}
}

// TestSetupTokenHidesNothingElse: what is beside it is masked.
func TestSetupTokenHidesNothingElse(t *testing.T) {
	for _, text := range []string{
		"cc-setup-Early setup_token=cc-setup-Ab12 session_token=Late cc_token_Late",
		`{"m":"cc-setup-Early","setup_token":"cc-setup-Ab12","n":{"setup_token":"cc-setup-Late","session_token":"Late"}}`,
		`{"session_token":"Early","m":"setup_token=cc-setup-Ab12","setup_token":"Late"}`,
		`{"setup_token":"cc-setup-Late cc_token_Late"}`,
	} {
		if got, _ := relayed(t, line(text)); strings.Contains(got, "Early") || strings.Contains(got, "Late") {
			t.Error(got)
		}
	}
}

func TestDropped(t *testing.T) {
	l := line("next")
	l.Dropped = 17
	got, _ := relayed(t, l)
	want := head + `"WARN","msg":"lines of the enclave were lost here: they came faster than they were read","source":"enclave","stream":"guest","dropped":17}` + "\n" +
		head + `"INFO","msg":"next",` + tail + "}\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// messages are the texts of lines, put together.
func messages(t *testing.T, out string) string {
	t.Helper()
	var text strings.Builder
	for _, l := range strings.SplitAfter(strings.TrimSpace(out), "\n") {
		var r record
		if err := json.Unmarshal([]byte(l), &r); err != nil {
			t.Fatal(err)
		}
		if len(l) > 6*maxPart+1024 {
			t.Errorf("a line has %d bytes", len(l))
		}
		text.WriteString(r.Msg)
	}
	return text.String()
}

// pieces are a long line as the guest sends it.
func pieces(text string) []control.Line {
	var lines []control.Line
	for ; len(text) >= logs.MaxLineBytes; text = text[logs.MaxLineBytes:] {
		lines = append(lines, line(text[:logs.MaxLineBytes]))
	}
	return append(lines, line(text))
}

// TestLongLines come in parts, whole up to a limit.
func TestLongLines(t *testing.T) {
	text := strings.Repeat("üx", 60<<10)
	got, _ := relayed(t, pieces(text)...)
	if messages(t, got) != text || !strings.Contains(got, `"part":15}`) || strings.Contains(got, "cutBytes") {
		t.Errorf("%d bytes of %d", len(messages(t, got)), len(text))
	}
	got, _ = relayed(t, pieces(strings.Repeat("x", 2*maxWhole))...)
	if n := len(messages(t, got)); n != maxWhole || !strings.Contains(got, `"cutBytes":262144}`) {
		t.Errorf("%d bytes", n)
	}
	large := `{"level":"error","a":"` + strings.Repeat("x", 2*maxPart) + `","t":"cc\u002dsetup-SECRET"}`
	got, _ = relayed(t, pieces(large)...)
	if strings.Count(got, `"level":"ERROR","msg"`) != 3 || strings.Contains(got, "SECRET") || !strings.HasSuffix(messages(t, got), `"t":"cc-setup-***"}`) {
		t.Errorf("a large object: %.300s", got)
	}
}

// TestPiecesWithoutEnd are printed when more does not come.
func TestPiecesWithoutEnd(t *testing.T) {
	long := strings.Repeat("x", logs.MaxLineBytes)
	if got, _ := relayed(t, line(long)); messages(t, got) != long {
		t.Error("at the end of the stream")
	}
	lossy := line("y")
	lossy.Dropped = 1
	if got, _ := relayed(t, line(long), lossy); strings.Index(got, `"dropped"`) < strings.Index(got, "xxx") || !strings.HasSuffix(messages(t, got), "y") {
		t.Error("at a loss")
	}
	guest := control.Line{Stream: control.StreamGuest, Text: long}
	if got, _ := relayed(t, guest, line("y")); !strings.Contains(got, `"stream":"guest"`) {
		t.Error("of the guest")
	}
}

// TestSecretAtACut: the guest cuts long lines, wherever that is.
func TestSecretAtACut(t *testing.T) {
	for _, secret := range []string{"cc-setup-SECRETSECRET", "cc_token_SECRETSECRET", "session_token=SECRETSECRET", jwt} {
		for before := range len(secret) - 1 {
			long := strings.Repeat(" ", logs.MaxLineBytes-before-1) + secret + " end"
			got, _ := relayed(t, pieces(long)...)
			text := messages(t, got)
			for _, part := range []string{"SECRET", "RETSEC", "c2lnb", "J9.ey", "sdWIi"} {
				if i := strings.Index(text, part); i >= 0 {
					t.Errorf("%s cut after %d: %q", secret, before+1, text[max(0, i-20):])
				}
			}
			if !strings.HasSuffix(text, " end") {
				t.Errorf("%s cut after %d: %q", secret, before+1, text[len(text)-30:])
			}
		}
	}
}

// TestReadsAgain: after a break, with pauses that grow and start anew after a line.
func TestReadsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out, said bytes.Buffer
		from := &stream{parts: [][]control.Line{{line("one")}, nil, nil, {line("two")}, nil, {line("three")}}, ends: true}
		r := &Relay{Out: &out, Log: slog.New(slog.NewTextHandler(&said, nil))}
		if err := r.Run(t.Context(), from); err != nil {
			t.Fatal(err)
		}
		var pauses []time.Duration
		for i := 1; i < len(from.calls); i++ {
			pauses = append(pauses, from.calls[i].Sub(from.calls[i-1])/time.Millisecond)
		}
		if diff := cmp.Diff([]time.Duration{100, 200, 400, 100, 200}, pauses); diff != "" {
			t.Errorf("pauses (-want +got):\n%s", diff)
		}
		if strings.Count(out.String(), "\n") != 3 || strings.Count(said.String(), "connection reset") != 5 {
			t.Errorf("%s%s", out.String(), said.String())
		}
	})
}

func TestEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, parts := range [][][]control.Line{nil, make([][]control.Line, 100)} {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			r := &Relay{Out: io.Discard, Log: slog.New(slog.DiscardHandler)}
			if err := r.Run(ctx, &stream{parts: parts}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error: %v", err)
			}
			cancel()
		}
	})
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestBrokenOutputIsSaidOnce(t *testing.T) {
	var said bytes.Buffer
	r := &Relay{Out: brokenWriter{}, Log: slog.New(slog.NewTextHandler(&said, nil))}
	if err := r.Run(t.Context(), &stream{parts: [][]control.Line{{line("a"), line("b"), line("c")}}, ends: true}); err != nil {
		t.Fatal(err)
	}
	if strings.Count(said.String(), "no space left") != 1 {
		t.Error(said.String())
	}
}
