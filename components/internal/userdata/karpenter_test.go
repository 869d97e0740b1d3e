package userdata

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/textproto"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// karpenterNodeConfig is as long as what Karpenter adds may get: a certificate,
// and more labels than a node has.
func karpenterNodeConfig() string {
	return "apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec: {}\n# " +
		strings.Repeat("c", 1600) + strings.Repeat("example.com/label=value,", 60) + "\n"
}

// TestKarpenterMerge writes the document as Karpenter hands it to EC2: its parts,
// then a NodeConfig, between lines of "--//" and without carriage returns
// (karpenter-provider-aws 1.15, amifamily/bootstrap). The script must come out of it
// as it went in, and the whole must fit.
func TestKarpenterMerge(t *testing.T) {
	document, err := Render(cases()["karpenter"])
	if err != nil {
		t.Fatal(err)
	}
	script := parts(t, document)["text/x-shellscript"]
	merged := merge(t, script, karpenterNodeConfig())
	if len(merged) > MaxBytes {
		t.Errorf("%d bytes, over EC2's limit", len(merged))
	}
	got := parts(t, merged)
	if diff := cmp.Diff(script, got["text/x-shellscript"]); diff != "" {
		t.Errorf("the script (-rendered +merged):\n%s", diff)
	}
	if got["application/node.eks.aws"] != karpenterNodeConfig() {
		t.Error("the NodeConfig does not come out as it went in")
	}
}

func merge(t *testing.T, script, config string) string {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	if err := w.SetBoundary("//"); err != nil {
		t.Fatal(err)
	}
	for _, part := range [][2]string{{`text/x-shellscript; charset="us-ascii"`, script}, {"application/node.eks.aws", config}} {
		p, err := w.CreatePart(textproto.MIMEHeader{"Content-Type": {part[0]}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(p, part[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"//\"\n\n"+body.String(), "\r", "")
}

// TestNotReadyKeepsKarpentersTaint: the flag replaces the taints that Karpenter gives
// to kubelet, so it must name the one that Karpenter waits for.
func TestNotReadyKeepsKarpentersTaint(t *testing.T) {
	const taints = "--register-with-taints=containment-chamber.io/enclave=true:NoSchedule,containment-chamber.io/not-ready=$1:NoSchedule"
	for name, want := range map[string]string{"karpenter": taints + ",karpenter.sh/unregistered:NoExecute\n", "direct": taints + "\n"} {
		document, err := Render(cases()[name])
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(document, want) {
			t.Errorf("%s has no %q", name, want)
		}
	}
}
