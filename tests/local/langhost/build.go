package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// binary is the executable of a program: the one that its options name, or one built now.
func (h *host) binary(ctx context.Context, info *pulumirpc.ProgramInfo) (string, error) {
	options := info.GetOptions().GetFields()
	if path := options["binary"].GetStringValue(); path != "" {
		return absolute(info.GetRootDirectory(), path), nil
	}
	dir := filepath.Join(info.GetProgramDirectory(), info.GetEntryPoint())
	target := options["buildTarget"].GetStringValue()
	if target != "" {
		target = absolute(info.GetRootDirectory(), target)
	} else {
		cached, err := h.cached(dir)
		if err != nil {
			return "", err
		}
		target = cached
	}
	return target, build(ctx, dir, target)
}

func absolute(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// cached is where the binary of the program in dir stays between runs. The go
// command leaves a file there alone that is up to date.
func (h *host) cached(dir string) (string, error) {
	cache := h.cache
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("finding the cache of programs: %w", err)
		}
		cache = filepath.Join(user, "pulumi-containment-chamber", "programs")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("finding the program: %w", err)
	}
	sum := sha256.Sum256([]byte(abs))
	return filepath.Join(cache, hex.EncodeToString(sum[:8]), "program"), nil
}

// build compiles the program in dir. Only one build of a target runs at a time,
// also between processes.
func build(ctx context.Context, dir, target string) (err error) {
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return fmt.Errorf("making the cache of programs: %w", err)
	}
	unlock, err := lock(target + ".lock")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	cmd := command(ctx, "go", "build", "-o", target, ".")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the program in %s: go build: %w\n%s", dir, err, out)
	}
	return nil
}

func lock(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the program's binary: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), f.Close())
	}
	return f.Close, nil
}
