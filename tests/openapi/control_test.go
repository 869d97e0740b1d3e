// Package openapi holds servers of the runtime to their published descriptions.
package openapi

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

// guest answers with everything that there is a field for.
type guest struct{ err error }

func (g *guest) Bootstrap(context.Context, control.Bootstrap) error { return g.err }
func (g *guest) PutFiles(context.Context, []control.File) error     { return g.err }
func (g *guest) Stop(context.Context, control.Stop) error           { return g.err }
func (g *guest) Attest(context.Context, control.Attestation) ([]byte, error) {
	return []byte{0xd2}, g.err
}

func (g *guest) Logs(_ context.Context, write func(control.Line) error) error {
	return write(control.Line{Time: time.Now(), Stream: control.StreamStdout, Text: "line", Dropped: 2})
}

func (g *guest) Status(context.Context) control.Status {
	code := 1
	return control.Status{
		State: control.StateExited, UptimeSeconds: 2.5, Payload: &control.Payload{PID: 2, Started: time.Now(), ExitCode: &code},
		Memory: &control.Memory{Total: 2, Available: 1}, PCRs: map[string]string{"0": "00"}, Debug: true, DroppedLogLines: 1,
	}
}

// checked validates every request and response that passes through it.
type checked struct {
	*testing.T
	router routers.Router
	url    string
	// seen are the operations and statuses that were exercised.
	seen map[string]bool
}

func description(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join("..", "..", "docs", "control.openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return doc
}

func newChecked(t *testing.T, g *guest) *checked {
	t.Helper()
	server := httptest.NewServer(control.Handler(g, slog.New(slog.DiscardHandler)))
	t.Cleanup(server.Close)
	doc := description(t)
	doc.Servers = openapi3.Servers{{URL: server.URL}}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &checked{T: t, router: router, url: server.URL, seen: map[string]bool{}}
}

// call sends a request, and checks it and the answer. Requests that are to be refused
// are not checked themselves.
func (c *checked) call(method, path, body, token string, want int) {
	c.Helper()
	request, err := http.NewRequestWithContext(c.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	route, parameters, err := c.router.FindRoute(request)
	if err != nil {
		c.Fatal(err)
	}
	input := &openapi3filter.RequestValidationInput{
		Request: request, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
	}
	if want < http.StatusBadRequest {
		if err := openapi3filter.ValidateRequest(c.Context(), input); err != nil {
			c.Errorf("%s %s: the description refuses what the guest takes: %v", method, path, err)
		}
	}
	request.Body = io.NopCloser(strings.NewReader(body))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		c.Fatal(err)
	}
	if response.StatusCode != want {
		c.Errorf("%s %s %s: status %d, want %d: %s", method, path, body, response.StatusCode, want, answer)
	}
	c.seen[method+" "+path+" "+response.Status[:3]] = true
	if slices.Contains([]string{"application/cbor", "application/x-ndjson"}, response.Header.Get("Content-Type")) {
		c.checkLine(answer, response.Header.Get("Content-Type"))
		return // there is no JSON to compare
	}
	if err := openapi3filter.ValidateResponse(c.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: response.StatusCode, Header: response.Header,
		Body: io.NopCloser(bytes.NewReader(answer)), Options: input.Options,
	}); err != nil {
		c.Errorf("%s %s answers %d, and the description says: %v", method, path, response.StatusCode, err)
	}
}

// checkLine compares a line of the log stream with its schema.
func (c *checked) checkLine(answer []byte, kind string) {
	c.Helper()
	if kind != "application/x-ndjson" {
		return
	}
	var line any
	if err := json.Unmarshal(answer, &line); err != nil {
		c.Fatal(err)
	}
	if err := description(c.T).Components.Schemas["Line"].Value.VisitJSON(line); err != nil {
		c.Errorf("a log line: %v", err)
	}
}

const (
	token     = "0123456789abcdef0123456789abcdef"
	good      = `{"token":"` + token + `","time":"2026-11-24T12:00:00Z","environment":{"A":"b"},` + someFiles + `,` + egress + `}`
	someFiles = `"files":[{"path":"/etc/x","content":"eA==","mode":256}]`
	egress    = `"egress":[{"host":"kms.eu-central-1.amazonaws.com","port":443,"parentPort":1025}]`
)

// TestControl goes through every operation with every status that the description
// names for it.
func TestControl(t *testing.T) {
	g := &guest{}
	c := newChecked(t, g)
	operations := map[string]string{
		"PUT /v1/files": "{" + someFiles + "}", "POST /v1/attestation": `{"nonce":"eA==","userData":"eA==","publicKey":"eA=="}`,
		"POST /v1/stop": `{"graceSeconds":30}`, "GET /v1/logs": "",
	}
	c.call("GET", "/v1/status", "", "", 200)
	for name, body := range operations {
		method, path, _ := strings.Cut(name, " ")
		c.call(method, path, body, token, 409)
	}
	huge := `{"x":"` + strings.Repeat("x", control.MaxBodyBytes) + `"}`
	c.call("POST", "/v1/bootstrap", `{}`, "", 400)
	c.call("POST", "/v1/bootstrap", huge, "", 413)
	for _, e := range []struct {
		err    error
		status int
	}{{control.Errorf(control.CodeForbidden, "no"), 403}, {io.ErrUnexpectedEOF, 500}} {
		g.err = e.err
		c.call("POST", "/v1/bootstrap", good, "", e.status)
	}
	g.err = nil
	c.call("POST", "/v1/bootstrap", good, "", 204)
	c.call("POST", "/v1/bootstrap", good, "", 409)
	c.call("GET", "/v1/status", "", token, 200)
	for name, body := range operations {
		c.testOperation(g, name, body, huge)
	}
	c.expectAllSeen()
}

func (c *checked) testOperation(g *guest, name, body, huge string) {
	method, path, _ := strings.Cut(name, " ")
	c.call(method, path, body, "", 401)
	success := 204
	if path == "/v1/logs" || path == "/v1/attestation" {
		success = 200
	}
	c.call(method, path, body, token, success)
	if body == "" {
		return
	}
	c.call(method, path, `{"unknown":1}`, token, 400)
	c.call(method, path, huge, token, 413)
	g.err = io.ErrUnexpectedEOF
	c.call(method, path, body, token, 500)
	g.err = control.Errorf(control.CodeForbidden, "no")
	if path == "/v1/files" {
		c.call(method, path, body, token, 403)
	}
	g.err = nil
}

// expectAllSeen: what the description names and no test has seen may be wrong.
func (c *checked) expectAllSeen() {
	for path, item := range description(c.T).Paths.Map() {
		for method, operation := range item.Operations() {
			for status := range operation.Responses.Map() {
				if !c.seen[method+" "+path+" "+status] {
					c.Errorf("%s %s was never seen to answer %s", method, path, status)
				}
			}
		}
	}
}

// TestLimits: the figures of the description are those of the code.
func TestLimits(t *testing.T) {
	schemas := description(t).Components.Schemas
	property := func(schema, name string) *openapi3.Schema { return schemas[schema].Value.Properties[name].Value }
	for name, pair := range map[string][2]uint64{
		"token, least": {property("Bootstrap", "token").MinLength, control.MinTokenBytes},
		"token, most":  {*property("Bootstrap", "token").MaxLength, control.MaxTokenBytes},
		"variables":    {*property("Bootstrap", "environment").MaxProps, control.MaxVariables},
		"value":        {*property("Bootstrap", "environment").AdditionalProperties.Schema.Value.MaxLength, control.MaxValueBytes},
		"files":        {*property("Bootstrap", "files").MaxItems, control.MaxFiles},
		"more files":   {*property("Files", "files").MaxItems, control.MaxFiles},
		"egress":       {*property("Bootstrap", "egress").MaxItems, control.MaxEgress},
		"grace":        {uint64(*property("Stop", "graceSeconds").Max), uint64(control.MaxGrace.Seconds())},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %d is described, and %d is the limit", name, pair[0], pair[1])
		}
	}
}

// TestFields: the description has every field of the code and no other.
func TestFields(t *testing.T) {
	schemas := description(t).Components.Schemas
	for name, typ := range map[string]reflect.Type{
		"Bootstrap": reflect.TypeFor[control.Bootstrap](), "Files": reflect.TypeFor[control.Files](), "File": reflect.TypeFor[control.File](),
		"Egress": reflect.TypeFor[control.Egress](), "Attestation": reflect.TypeFor[control.Attestation](), "Stop": reflect.TypeFor[control.Stop](),
		"Status": reflect.TypeFor[control.Status](), "Line": reflect.TypeFor[control.Line](), "Error": reflect.TypeFor[control.Error](),
	} {
		var fields, described []string
		for f := range typ.Fields() {
			field, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			fields = append(fields, field)
		}
		for property := range schemas[name].Value.Properties {
			described = append(described, property)
		}
		slices.Sort(fields)
		slices.Sort(described)
		if !slices.Equal(fields, described) {
			t.Errorf("%s has %q, and %q is described", name, fields, described)
		}
	}
}
