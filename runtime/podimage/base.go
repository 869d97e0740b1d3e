package podimage

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"io/fs"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// certificatesPath is where Go, OpenSSL and curl look first on Debian.
const certificatesPath = "/etc/ssl/certs/ca-certificates.crt"

// baseLayer has what the image of every release has.
func baseLayer() Layer {
	return Layer{"base", []File{
		folder(contract.ConfigDir, 0o755),
		file("/etc/group", 0o644, blob.Bytes([]byte(groups()))),
		file("/etc/passwd", 0o644, blob.Bytes([]byte(users()))),
		file(certificatesPath, 0o644, blob.Bytes(certificates())),
		folder(contract.LogsDir, 0o755),
		folder(contract.SocketsDir, 0o755),
		folder(contract.TempDir, fs.ModeSticky|0o777),
	}}
}

func users() string {
	return fmt.Sprintf("root:x:0:0:root:/:/sbin/nologin\nnonroot:x:%d:%d:nonroot:/:/sbin/nologin\n", contract.UserID, contract.GroupID)
}

// groups has the one that may open the enclave device, so that people see a name.
func groups() string {
	return fmt.Sprintf("root:x:0:\nne:x:%d:\nnonroot:x:%d:\n", contract.DeviceGroupID, contract.GroupID)
}

// certificates are Mozilla's roots as of the pinned module, but those that it trusts for
// older certificates only: a file cannot say that.
func certificates() []byte {
	var b bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			// A buffer does not fail.
			_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate})
		}
	}
	return b.Bytes()
}
