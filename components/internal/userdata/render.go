package userdata

import (
	"bytes"
	"embed"
	"encoding/base64"
	"fmt"
	"mime/multipart"
	"net/textproto"
	"strings"
	"text/template"
)

// boundary separates the parts. It is fixed, because a random one would change
// the launch template, and so roll the nodes, on every run.
const boundary = "==CONTAINMENT-CHAMBER=="

//go:embed *.sh *.tmpl
var scripts embed.FS

var templates = template.Must(template.New("").
	Funcs(template.FuncMap{"kib": func(mib int) int { return mib * 1024 }}).
	ParseFS(scripts, "*.sh", "*.tmpl"))

// Render returns the document as text. It fails when the spec is incomplete or
// the result is over EC2's limit.
func Render(spec Spec) (string, error) {
	script, err := renderScript(spec)
	if err != nil {
		return "", err
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	if err := w.SetBoundary(boundary); err != nil {
		return "", fmt.Errorf("setting the boundary: %w", err)
	}
	if err := writePart(w, `text/x-shellscript; charset="us-ascii"`, script); err != nil {
		return "", err
	}
	if spec.Node != nil {
		config, err := renderNodeConfig(*spec.Node)
		if err != nil {
			return "", err
		}
		if err := writePart(w, "application/node.eks.aws", config); err != nil {
			return "", err
		}
	}
	if err := w.Close(); err != nil {
		return "", fmt.Errorf("closing the document: %w", err)
	}
	document := "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\n\r\n" + body.String()
	return document, spec.checkSize(document)
}

// RenderBase64 returns the document as a launch template takes it.
func RenderBase64(spec Spec) (string, error) {
	text, err := Render(spec)
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString([]byte(text)), nil
}

func renderScript(spec Spec) (string, error) {
	if err := spec.validate(); err != nil {
		return "", err
	}
	seccomp, err := seccompProfile()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = templates.ExecuteTemplate(&b, "node.sh.tmpl", map[string]any{
		"Spec":     spec,
		"Seccomp":  seccomp,
		"NotReady": newNotReady(spec.ManagerTaint),
	})
	if err != nil {
		return "", fmt.Errorf("rendering the node script: %w", err)
	}
	return b.String(), nil
}

func (s Spec) validate() error {
	switch {
	case s.Reservation != allocator && s.Reservation != direct:
		return fmt.Errorf("reservation %q is neither %q nor %q", s.Reservation, allocator, direct)
	case s.CPUCount < 1 || s.MemoryMiB < 1 || len(s.Pages) == 0:
		return fmt.Errorf("nothing to set aside: %d CPUs, %d MiB, %d page sizes", s.CPUCount, s.MemoryMiB, len(s.Pages))
	case s.Reservation == direct && s.PageMiB < 1:
		return fmt.Errorf("direct reservation without a page size")
	case !strings.HasPrefix(s.SeccompPath, "/"):
		return fmt.Errorf("seccomp path %q is not absolute", s.SeccompPath)
	}
	return nil
}

func writePart(w *multipart.Writer, contentType, content string) error {
	header := textproto.MIMEHeader{}
	header.Set("Content-Type", contentType)
	part, err := w.CreatePart(header)
	if err != nil {
		return fmt.Errorf("creating part %s: %w", contentType, err)
	}
	if _, err := part.Write([]byte(content)); err != nil {
		return fmt.Errorf("writing part %s: %w", contentType, err)
	}
	return nil
}

// checkSize leaves room for what is added to a document without a NodeConfig.
func (s Spec) checkSize(document string) error {
	added := 0
	if s.Node == nil {
		added = managerBytes
	}
	if len(document)+added > MaxBytes {
		return fmt.Errorf("user data is %d bytes and may get %d more, over EC2's limit of %d", len(document), added, MaxBytes)
	}
	return nil
}
