package controlplane

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// NodeAnnotation and NodeAnnotationValue mark the nodes that kwok plays. It
// leaves all others alone.
const (
	NodeAnnotation      = "kwok.x-k8s.io/node"
	NodeAnnotationValue = "fake"
)

const kwokOptions = `apiVersion: config.kwok.x-k8s.io/v1alpha1
kind: KwokConfiguration
options:
  manageAllNodes: false
  manageNodesWithAnnotationSelector: ` + NodeAnnotation + "=" + NodeAnnotationValue + `
  nodeLeaseDurationSeconds: 40
  nodeLeaseParallelism: 4
  nodePlayStageParallelism: 4
  podPlayStageParallelism: 4
  cidr: 10.244.0.0/16
`

// stages are folders of the kwok module: what kwok does with nodes and pods.
var stages = []string{"node/fast", "node/heartbeat-with-lease", "pod/fast"}

// kwokConfig joins our options and kwok's own stages, which stay in its module.
func kwokConfig(module string) ([]byte, error) {
	config := bytes.NewBufferString(kwokOptions)
	for _, stage := range stages {
		files, err := filepath.Glob(filepath.Join(module, "kustomize", "stage", stage, "*.yaml"))
		if err != nil {
			return nil, err
		}
		found := 0
		for _, file := range files {
			if filepath.Base(file) == "kustomization.yaml" {
				continue
			}
			data, err := os.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("reading kwok's stages: %w", err)
			}
			fmt.Fprintf(config, "---\n%s\n", bytes.TrimSpace(data))
			found++
		}
		if found == 0 {
			return nil, fmt.Errorf("the kwok module in %s has no stage %s", module, stage)
		}
	}
	return config.Bytes(), nil
}

// withoutKwok is the file in the folder of a control plane that has no kwok.
const withoutKwok = "without-kwok"

// writeKwok writes its configuration, or that there is none.
func (s *starting) writeKwok() error {
	if s.opts.KwokModule == "" {
		return os.WriteFile(s.path(withoutKwok), nil, 0o600)
	}
	if err := os.RemoveAll(s.path(withoutKwok)); err != nil {
		return err
	}
	config, err := kwokConfig(s.opts.KwokModule)
	if err != nil {
		return err
	}
	return os.WriteFile(s.path("kwok.yaml"), config, 0o600)
}

// startKwok starts it, if there is to be one.
func (s *starting) startKwok() error {
	if s.opts.KwokModule == "" {
		return nil
	}
	return s.run(kwok, "--kubeconfig", s.Kubeconfig, "--config", s.path("kwok.yaml"),
		"--server-address", "127.0.0.1:0", "--node-port", "0", "--node-ip", "127.0.0.1")
}
