// Package cloud makes the calls to AWS that the real signer makes: KMS decrypts the
// master key for an attested enclave, DynamoDB has the signer's state and what it has
// signed, and credentials come from IRSA or EKS Pod Identity through the SDK's default
// chain. The names of hosts are AWS's; TLS ends here.
package cloud

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
)

// Options say where the calls go.
type Options struct {
	// CABundle are the roots of the services in PEM. Empty means those of the system.
	CABundle []byte
	// StateTable is the table of the signer's state.
	StateTable string
	// Ciphertext is the master key, encrypted by KMS.
	Ciphertext []byte
	// NSM makes attestation documents. Nil means that KMS is asked without one.
	NSM *attest.NSM
	// Dial replaces connections, for tests without an enclave. Nil means ordinary ones.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Log gets a line for each step. It never gets a secret.
	Log *slog.Logger
}

// retryer bounds what one call costs while its endpoint is away: who calls tries again,
// and a signer that starts before its way to AWS is open should not wait for long.
func retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = 3, 300*time.Millisecond })
}

// Cloud has the clients.
type Cloud struct {
	options  Options
	config   aws.Config
	kms      *kms.Client
	dynamoDB *dynamodb.Client
}

// Connect prepares the clients; it makes no call. Region and source of credentials come
// from the environment, as for every program with an AWS SDK.
func Connect(ctx context.Context, o Options) (*Cloud, error) {
	client, err := httpClient(o)
	if err != nil {
		return nil, err
	}
	loaded, err := config.LoadDefaultConfig(ctx,
		config.WithHTTPClient(client), config.WithRetryer(retryer),
	)
	switch {
	case err != nil:
		return nil, fmt.Errorf("loading AWS's configuration: %w", err)
	case loaded.Region == "":
		return nil, errors.New("AWS_REGION is not set")
	}
	return &Cloud{o, loaded, kms.NewFromConfig(loaded), dynamodb.NewFromConfig(loaded)}, nil
}

// httpClient is the SDK's, with other roots.
func httpClient(o Options) (*awshttp.BuildableClient, error) {
	var roots *x509.CertPool
	if len(o.CABundle) > 0 {
		roots = x509.NewCertPool()
		if !roots.AppendCertsFromPEM(o.CABundle) {
			return nil, errors.New("the CA bundle has no certificate in PEM")
		}
	}
	return awshttp.NewBuildableClient().WithTimeout(20 * time.Second).WithTransportOptions(func(t *http.Transport) {
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
		t.Proxy = nil
		if o.Dial != nil {
			t.DialContext = o.Dial
		}
	}), nil
}
