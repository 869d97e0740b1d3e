package imagebuild

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/initramfs"
)

// Result is what a build made.
type Result struct {
	Measurements eif.Measurements
	// Size of the image in bytes.
	Size int64
	// SystemSize is what of it is kernel and bootstrap ramdisk, which every payload has.
	SystemSize int64
	// CompressInit is whether the bootstrap ramdisk is compressed.
	CompressInit Compression
	// LeastMemoryMiB is the least memory of an enclave with this image.
	LeastMemoryMiB int
	// MeasurementsPath is the file with the measurements, beside the image.
	MeasurementsPath string
}

// source is the payload's files and what is known of them.
type source struct {
	root          *initramfs.Tree
	config        v1.Config
	name, version string
	info          json.RawMessage
}

// Build makes an image as requested. When it fails or its context ends, the output is
// as it was before. It needs room for the image's unpacked layers and the result, both
// in the output's folder; its memory does not depend on their size.
func Build(ctx context.Context, r Request) (Result, error) {
	if err := r.validate(); err != nil {
		return Result{}, err
	}
	in, err := r.open()
	if err != nil {
		return Result{}, err
	}
	spool, err := initramfs.NewSpool(filepath.Dir(r.Output))
	if err != nil {
		return Result{}, err
	}
	defer func() { _ = spool.Close() }()
	src, err := r.source(ctx, spool)
	if err != nil {
		return Result{}, err
	}
	spec, err := r.spec(ctx, in, src)
	if err != nil {
		return Result{}, err
	}
	result, err := r.write(ctx, spec)
	result.CompressInit, result.SystemSize = in.compression, spec.Kernel.Size()+spec.Ramdisks[0].Size()
	return result, err
}

func (r Request) source(ctx context.Context, spool *initramfs.Spool) (source, error) {
	if r.RootFS != "" {
		r.progress("listing %s", r.RootFS)
		root, err := initramfs.FromDirectory(ctx, r.RootFS, initramfs.DirectoryOptions{KeepOwners: r.KeepOwners, KeepModes: r.KeepModes})
		return source{root: root}, err
	}
	r.progress("resolving %s", r.Image)
	image, err := resolve(ctx, r.Image, platform(r.Architecture))
	if err != nil {
		return source{}, err
	}
	root, err := initramfs.FromImage(ctx, watched{image.Image, r.progress}, spool)
	if err != nil {
		return source{}, fmt.Errorf("image %s: %w", r.Image, err)
	}
	for _, path := range root.Dropped() {
		r.warn("%s has extended attributes, such as file capabilities: a ramdisk cannot carry them, and they are lost", path)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return source{}, err
	}
	info, err := image.dockerInfo()
	return source{root, config.Config, image.name, image.version, info}, err
}

func (r Request) spec(ctx context.Context, in inputs, src source) (eif.Spec, error) {
	p, err := r.payloadOf(src.config)
	if err != nil {
		return eif.Spec{}, err
	}
	archive, err := bootstrap(in)
	if err != nil {
		return eif.Spec{}, err
	}
	first, err := packFirst(ctx, archive, in.compression)
	if err != nil {
		return eif.Spec{}, fmt.Errorf("the bootstrap ramdisk: %w", err)
	}
	second, err := customer(src.root, p, in.policy)
	if err != nil {
		return eif.Spec{}, err
	}
	metadata, err := r.metadata(in, src)
	if err != nil {
		return eif.Spec{}, err
	}
	cmdline := r.Cmdline
	if cmdline == "" {
		cmdline = DefaultCmdline(r.Architecture)
	}
	return eif.Spec{
		Architecture: r.Architecture, Kernel: in.kernel, Cmdline: cmdline, Ramdisks: []eif.Content{first, second},
		Metadata: metadata, Signer: r.Signer,
	}, nil
}

func (r Request) metadata(in inputs, src source) (eif.Metadata, error) {
	digests, err := json.Marshal(struct{ Inputs Inputs }{in.digests})
	if err != nil {
		return eif.Metadata{}, err
	}
	built := r.BuildTime
	if built.IsZero() {
		built = time.Unix(0, 0)
	}
	return eif.Metadata{
		ImageName: cmp.Or(r.Name, src.name, "enclave"), ImageVersion: cmp.Or(r.Version, src.version, unknown),
		BuildMetadata: eif.BuildMetadata{
			BuildTime: eif.FormatTime(built), BuildTool: "chamber", BuildToolVersion: cmp.Or(r.ToolVersion, unknown),
			OperatingSystem: "Linux", KernelVersion: in.kernelVersion,
		},
		DockerInfo: src.info, CustomMetadata: digests,
	}, nil
}

func (r Request) write(ctx context.Context, spec eif.Spec) (Result, error) {
	r.progress("writing %s", r.Output)
	draft, err := NewDraft(r.Output)
	if err != nil {
		return Result{}, err
	}
	defer draft.Discard()
	m, err := eif.Build(ctx, draft, spec)
	if err != nil {
		return Result{}, err
	}
	info, err := draft.Stat()
	if err != nil {
		return Result{}, err
	}
	if err := keep(draft, m); err != nil {
		return Result{}, err
	}
	return Result{
		Measurements: m, Size: info.Size(), LeastMemoryMiB: capacity.LeastMemoryMiB(info.Size()), MeasurementsPath: MeasurementsPath(r.Output),
	}, nil
}
