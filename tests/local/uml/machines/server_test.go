package machines

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/uml"
)

// TestRefused: calls that can do nothing say why. What can be done is done in package
// vsock.
func TestRefused(t *testing.T) {
	s := &Server{Images: map[string]uml.Options{"b": {}, "a": {}}}
	for _, c := range []struct{ method, target, body, want string }{
		{http.MethodPut, "/guests/4?image=c", "[]", `there is no image "c", only ["a" "b"]`},
		{http.MethodPut, "/guests/4?image=c&owned=1", "[]", `there is no image "c", only ["a" "b"]`},
		{http.MethodPut, "/guests/x?image=a", "[]", "invalid syntax"},
		{http.MethodPut, "/guests/4294967296?image=a", "[]", "out of range"},
		{http.MethodPut, "/guests/4?image=a", "{", "unexpected end of JSON input"},
		{http.MethodGet, "/guests/4", "", "no guest with the context ID 4 was started"},
		{http.MethodGet, "/guests/4?wait=1", "", "no guest with the context ID 4 was started"},
		{http.MethodDelete, "/guests/4", "", "no guest with the context ID 4 was started"},
	} {
		w := httptest.NewRecorder()
		s.handler(t.Context()).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), c.method, c.target, strings.NewReader(c.body)))
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s %s: %d %s", c.method, c.target, w.Code, w.Body)
		}
	}
}
