package boot

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/imagebuild"
)

// maxSystem is what kernel and bootstrap ramdisk may add to an image for x86_64.
const maxSystem = 5_000_000

// TestSystemIsSmall: our kernel and our init, as make enclave-init builds it, take less
// than 5 MB of an image.
func TestSystemIsSmall(t *testing.T) {
	kernel := builtKernel(t).Image
	dir := t.TempDir()
	r := imagebuild.Request{
		Architecture: "x86_64", Kernel: kernel, Init: releasedInit(t), Command: []string{"/payload"}, Output: filepath.Join(dir, "small.eif"),
		RootFS: t.TempDir(),
	}
	result, err := imagebuild.Build(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if result.CompressInit != imagebuild.CompressXZ {
		t.Errorf("the init is not compressed (%s): the kernel's record does not say that it can be", result.CompressInit)
	}
	info, err := os.Stat(kernel)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("kernel %d bytes, bootstrap ramdisk %d, together %d of %d", info.Size(), result.SystemSize-info.Size(), result.SystemSize, maxSystem)
	if result.SystemSize > maxSystem {
		t.Errorf("kernel and init take %d bytes of an image, and may take %d", result.SystemSize, maxSystem)
	}
}

// releasedInit is built as make enclave-init does it.
func releasedInit(t *testing.T) string {
	t.Helper()
	return buildProgram(t, "..", "./cmd/enclave-init")
}

// TestModuleThatCannotBeLoaded: an nsm.ko that the kernel does not take, because it has
// no modules or because it is none. The guest says so, and serves all the same.
func TestModuleThatCannotBeLoaded(t *testing.T) {
	m := newMachine(t)
	path := filepath.Join(t.TempDir(), "nsm.ko")
	write(t, path, "no module")
	r := m.startGuest(t, m.enclaveImage(t, func(r *imagebuild.Request) { r.NSMModule = path }))
	if err := r.client.Bootstrap(r.ctx, bootstrap()); err != nil {
		t.Fatal(err)
	}
	wantPrefix(t, r.get(t, "/upcheck"), "200 OK up")
	if err := r.client.Stop(r.ctx, 20*time.Second); err != nil {
		t.Fatal(err)
	}
	r.await(t, control.StateExited)
	r.wantEnd(t)
	if console := r.wholeConsole(); !strings.Contains(console, "loading the security module's driver") || !strings.Contains(console, "loading /nsm.ko") {
		t.Errorf("the console does not say why there is no module:\n%s", console)
	}
}

// TestUncompressedInit: an image with --compress-init none boots as well.
func TestUncompressedInit(t *testing.T) {
	m := newMachine(t)
	im := m.enclaveImage(t, func(r *imagebuild.Request) { r.CompressInit = imagebuild.CompressNone })
	r := m.startGuest(t, im)
	if err := r.client.Bootstrap(r.ctx, bootstrap()); err != nil {
		t.Fatal(err)
	}
	wantPrefix(t, r.get(t, "/upcheck"), "200 OK up")
	r.wantStrangersOut(t)
	r.wantMeasured(t, im)
	r.exit(t, 0)
	r.await(t, control.StateExited)
	r.wantEnd(t)
}
