package control

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// FuzzCalls sends any body to every call, with the token and without. Each has an answer
// of the protocol, and the guest is called with what obeys the rules alone.
func FuzzCalls(f *testing.F) {
	for _, body := range []string{
		`{"files":[{"path":"/a","content":"aGk="}]}`, `{"graceSeconds":30}`, `{"nonce":"aGk=","publicKey":""}`, `{}`, `{} {}`, `null`, `[`, "\xff",
		`{"token":"` + token + `","time":"2026-01-01T00:00:00Z"}`, `{"graceSeconds":1e9}`, `{"files":null,"more":1}`,
	} {
		f.Add([]byte(body), true, jsonType)
	}
	f.Add([]byte("{}"), false, "text/plain; charset")
	routes := [][2]string{
		{http.MethodPost, "/v1/bootstrap"}, {http.MethodGet, "/v1/status"}, {http.MethodPut, "/v1/files"}, {http.MethodPost, "/v1/attestation"},
		{http.MethodPost, "/v1/stop"}, {http.MethodGet, "/v1/logs"}, {http.MethodPost, "/v1/other"},
	}
	f.Fuzz(func(t *testing.T, body []byte, known bool, kind string) {
		guest := &fakeGuest{lines: make(chan Line)}
		close(guest.lines)
		handler := Handler(guest, slog.New(slog.DiscardHandler))
		handler.(*http.ServeMux).ServeHTTP(httptest.NewRecorder(), callOf(http.MethodPost, "/v1/bootstrap", jsonType,
			[]byte(`{"token":"`+token+`","time":"2026-01-01T00:00:00Z"}`), false))
		for _, route := range routes {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, callOf(route[0], route[1], kind, body, known))
			if w.Code == http.StatusInternalServerError {
				t.Errorf("%v: %s", route, w.Body)
			}
			if !known && route[1] != "/v1/status" && w.Code < http.StatusBadRequest {
				t.Errorf("%v without the token: %d", route, w.Code)
			}
		}
		guest.wantValid(t, known)
	})
}

func callOf(method, path, kind string, body []byte, known bool) *http.Request {
	r := httptest.NewRequest(method, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", kind)
	if known {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

func (g *fakeGuest) wantValid(t *testing.T, known bool) {
	t.Helper()
	var calls []validator
	for _, files := range g.files {
		calls = append(calls, &Files{files})
	}
	for _, s := range g.stops {
		calls = append(calls, &s)
	}
	for _, a := range g.asked {
		calls = append(calls, &a)
	}
	for _, call := range calls {
		if err := call.Validate(); err != nil || !known {
			t.Errorf("the guest was called with %+v: %v", call, err)
		}
	}
	if len(g.bootstraps) != 1 {
		t.Errorf("%d bootstraps", len(g.bootstraps))
	}
}

// FuzzReply answers the client with anything, as what is no guest, or no longer one,
// might. Each call ends, with little memory.
func FuzzReply(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"state\":\"running\"}\n"))
	f.Add([]byte("HTTP/1.1 409 Conflict\r\nContent-Length: 34\r\n\r\n{\"code\":\"conflict\",\"message\":\"no\"}"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n"))
	f.Add([]byte("HTTP/1.1 302 Found\r\nLocation: http://example.com/\r\n\r\n"))
	f.Add([]byte("SSH-2.0-x\r\n"))
	f.Fuzz(func(t *testing.T, reply []byte) {
		dials := 0
		client := NewClient(func(context.Context) (net.Conn, error) {
			if dials++; dials > 20 {
				return nil, net.ErrClosed
			}
			here, there := net.Pipe()
			go func() {
				go func() { _, _ = io.Copy(io.Discard, there) }()
				_, _ = there.Write(reply)
				_ = there.Close()
			}()
			return here, nil
		}, token)
		defer client.Close()
		if status, err := client.Status(t.Context()); err == nil && !bytes.HasPrefix(reply, []byte("HTTP/1.")) {
			t.Errorf("%q is a status: %+v", reply, status)
		}
		if document, err := client.Attest(t.Context(), Attestation{}); err == nil && len(document) > len(reply) {
			t.Errorf("%d bytes of %d", len(document), len(reply))
		}
		_ = client.Logs(t.Context(), func(Line) {})
	})
}
