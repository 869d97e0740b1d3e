package realnode

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// containerdConfig: oom_score_adj is left alone because lowering it takes
// CAP_SYS_RESOURCE, which containers of CI machines have not; AppArmor because its
// profiles are the machine's.
const containerdConfig = `version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.tracing"]
[grpc]
  address = "DIR/containerd.sock"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "PAUSE"
[plugins."io.containerd.cri.v1.runtime"]
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["PROGRAMS/cni"]
    conf_dir = "DIR/cni"
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
      BinaryName = "PROGRAMS/runc"
      SystemdCgroup = false
`

// network connects pods to the bridge. Nothing leaves the namespace, so there is no
// address translation, and no need for iptables.
func cniConfig() ([]byte, error) {
	return json.Marshal(map[string]any{
		"cniVersion": "1.0.0", "name": "pods",
		"plugins": []any{map[string]any{
			"type": "bridge", "bridge": bridge, "isGateway": true, "ipMasq": false, "hairpinMode": true,
			"ipam": map[string]any{
				"type":   "host-local",
				"ranges": []any{[]any{map[string]any{"subnet": subnet}}},
				"routes": []any{map[string]any{"dst": "0.0.0.0/0"}},
			},
		}},
	})
}

func (n *inside) startContainerd(context.Context) error {
	network, err := cniConfig()
	if err != nil {
		return err
	}
	config := strings.NewReplacer("DIR", n.dir, "PROGRAMS", n.options.Programs.Dir, "PAUSE", pauseImage).Replace(containerdConfig)
	if err := os.Mkdir(filepath.Join(n.dir, "cni"), 0o755); err != nil {
		return err
	}
	for name, data := range map[string][]byte{"containerd.toml": []byte(config), "cni/10-pods.conflist": network} {
		if err := os.WriteFile(filepath.Join(n.dir, name), data, 0o600); err != nil {
			return err
		}
	}
	return n.start("containerd", filepath.Join(n.options.Programs.Dir, "containerd"), "--config", filepath.Join(n.dir, "containerd.toml"))
}

// importPause waits until containerd answers: its socket is there before.
func (n *inside) importPause(ctx context.Context) error {
	return n.await(ctx, "containerd to take the pause image", func(ctx context.Context) error {
		return importImage(ctx, n.options.Programs, n.dir, filepath.Join(n.dir, pauseArchive))
	})
}

// importImage gives an archive of images to the node's containerd.
func importImage(ctx context.Context, programs Programs, dir, archive string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(programs.Dir, "ctr"), //nolint:gosec // ours
		"--address", socket(dir), "--namespace", "k8s.io", "images", "import", archive)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("importing %s: %w\n%s", archive, err, out)
	}
	return nil
}

func socket(dir string) string { return filepath.Join(dir, "containerd.sock") }

// await repeats until it works, and gives up when a process of the node has ended.
func (n *inside) await(ctx context.Context, what string, try func(context.Context) error) error {
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		for _, name := range n.processes().Names() {
			if !n.processes().Running(name) {
				return fmt.Errorf("waiting for %s: %s has ended:\n%s", what, name, n.processes().Tail(name, 20))
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w, last: %w", what, ctx.Err(), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
