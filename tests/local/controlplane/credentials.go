package controlplane

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	api "k8s.io/client-go/tools/clientcmd/api"
)

// writeToken makes the administrator's bearer token.
func writeToken(path string) (string, error) {
	token := rand.Text()
	line := token + `,admin,admin,"system:masters"` + "\n"
	if err := os.WriteFile(path, []byte(line), 0o600); err != nil {
		return "", fmt.Errorf("writing the token: %w", err)
	}
	return token, nil
}

// writeAccountKey makes the key pair that signs service account tokens.
func writeAccountKey(private, public string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("making the service account key: %w", err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	blocks := map[string]*pem.Block{
		private: {Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)},
		public:  {Type: "PUBLIC KEY", Bytes: der},
	}
	for path, block := range blocks {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			return fmt.Errorf("writing the service account key: %w", err)
		}
	}
	return nil
}

// writeKubeconfig names the server, the authority that signed its certificate
// and the administrator's token. clientcmd writes it for its owner only.
func writeKubeconfig(path, server string, authority []byte, token string) error {
	const name = "local-stack"
	config := api.NewConfig()
	config.Clusters[name] = &api.Cluster{Server: server, CertificateAuthorityData: authority}
	config.AuthInfos[name] = &api.AuthInfo{Token: token}
	config.Contexts[name] = &api.Context{Cluster: name, AuthInfo: name}
	config.CurrentContext = name
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		return fmt.Errorf("writing the kubeconfig: %w", err)
	}
	return nil
}

// writeKubectl makes a kubectl for people. A --kubeconfig of theirs still wins.
func writeKubectl(path, kubeOne, kubeconfig string) error {
	script := fmt.Sprintf("#!/bin/sh\nKUBECONFIG=%s exec %s kubectl \"$@\"\n", quote(kubeconfig), quote(kubeOne))
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil { //nolint:gosec // a program
		return fmt.Errorf("writing kubectl: %w", err)
	}
	return nil
}

// quote makes one word for the shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
