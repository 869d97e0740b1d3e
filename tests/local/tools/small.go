package tools

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// small builds this module's own programs with one `go build`, which does
// nothing for those that are up to date. Checkouts do not share the folder: two
// of them may be at different commits.
func (b *builder) small(ctx context.Context, set *Set) error {
	sum := sha256.Sum256([]byte(b.root))
	dir := filepath.Join(b.cache, "checkout-"+hex.EncodeToString(sum[:4]))
	built := filepath.Join(dir, "built")
	set.Plugins = filepath.Join(dir, "plugins")
	set.NodeSimulator = filepath.Join(built, "node-simulator")

	unlock, err := lock(ctx, dir+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	packages := []string{"./local/cmd/node-simulator", "./local/plugins/aws", "./local/plugins/eks", "./local/plugins/kubernetes"}
	links := map[string]string{
		"pulumi-resource-aws": "aws", "pulumi-resource-eks": "eks", "pulumi-resource-kubernetes": "kubernetes",
	}
	if set.OwnPulumi {
		packages = append(packages, "./local/langhost")
	}
	if err := b.compile(ctx, built, packages); err != nil {
		return err
	}
	if set.OwnPulumi {
		if err := bundle(set, built); err != nil {
			return fmt.Errorf("bundling the language host: %w", err)
		}
		links["pulumi"], links["pulumi-language-go"] = "pulumi", "pulumi-language-go"
	}
	return link(set.Plugins, built, links)
}

// bundle puts our CLI and the language host into one folder, where the CLI takes
// the host for the one that it came with. They get second names of their files,
// not symbolic links: the CLI looks beside the file that it really is.
func bundle(set *Set, built string) error {
	pulumi := filepath.Join(built, "pulumi")
	err := errors.Join(
		hardLink(set.Pulumi, pulumi),
		hardLink(filepath.Join(built, "langhost"), filepath.Join(built, "pulumi-language-go")),
	)
	set.Pulumi = pulumi
	return err
}

func hardLink(target, path string) error {
	want, err := os.Stat(target)
	if err != nil {
		return err
	}
	if there, err := os.Lstat(path); err == nil && os.SameFile(there, want) {
		return nil
	}
	_ = os.Remove(path)
	return os.Link(target, path)
}

func (b *builder) compile(ctx context.Context, built string, packages []string) error {
	if err := os.MkdirAll(built, 0o755); err != nil {
		return fmt.Errorf("creating the cache: %w", err)
	}
	begin, first := time.Now(), !exists(filepath.Join(built, "kubernetes"))
	if first {
		b.say("building the plugins (first time takes about 2 minutes)")
	}
	args := append([]string{"build", "-o", built + string(filepath.Separator)}, packages...)
	if _, err := goOutput(ctx, b.root, args...); err != nil {
		return fmt.Errorf("building the plugins: %w", err)
	}
	if first {
		b.say("built the plugins in %d s", int(time.Since(begin).Seconds()))
	}
	return nil
}

// link makes the folder hold exactly these names. Pulumi finds a plugin by the
// name of its file.
func link(plugins, built string, names map[string]string) error {
	if err := os.MkdirAll(plugins, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(plugins)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if names[entry.Name()] == "" {
			if err := os.Remove(filepath.Join(plugins, entry.Name())); err != nil {
				return err
			}
		}
	}
	for name, target := range names {
		path := filepath.Join(plugins, name)
		if at, err := os.Readlink(path); err == nil && at == filepath.Join(built, target) {
			continue
		}
		_ = os.Remove(path)
		if err := os.Symlink(filepath.Join(built, target), path); err != nil {
			return fmt.Errorf("naming a plugin: %w", err)
		}
	}
	return nil
}
