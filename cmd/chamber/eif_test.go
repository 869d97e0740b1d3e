package main

import (
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const buildRoot = "eif build --rootfs root --cmd /app/signer --cmd --config=/etc/signer.yaml --env LEVEL=info --user 65532 " +
	"--kernel bzImage --init init --policy policy.json --name signer --version v1 "

// run is chamber, which must succeed.
func run(t *testing.T, line string) string {
	t.Helper()
	out, err := chamber(strings.Fields(line)...)
	if err != nil {
		t.Fatalf("chamber %s: %v", line, err)
	}
	return out
}

func TestEIFHelp(t *testing.T) {
	for _, name := range []string{"", "build", "inspect", "measure", "verify", "sign", "diff"} {
		golden(t, strings.TrimSuffix("eif-"+name, "-")+"-help.txt", run(t, "eif "+name+" --help"))
	}
}

// TestEIFLife goes from a build to a signed image, and keeps what is printed.
func TestEIFLife(t *testing.T) {
	testdata, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	show := func(line string) {
		shown.WriteString("$ chamber " + line + "\n" + run(t, line))
	}
	workshop(t, 1)
	signingFiles(t, "owner", 7)
	show(buildRoot + "--output signer.eif")
	show("eif inspect signer.eif")
	show("eif measure signer.eif")
	show("eif verify signer.eif --measurements signer.measurements.json")
	show("eif sign signer.eif --cert owner.pem --key owner.key")
	show("eif verify signer.eif --measurements signer.measurements.json --cert owner.pem")
	shown.WriteString("$ cat signer.measurements.json\n" + read(t, "signer.measurements.json"))
	if diff := cmp.Diff(read(t, "signer.measurements.json"), run(t, "eif measure signer.eif -o json")); diff != "" {
		t.Errorf("what is beside the image is not what is measured:\n%s", diff)
	}
	show("eif inspect signer.eif -o json")
	t.Chdir(testdata)
	golden(t, "eif-life.txt", shown.String())
}

// TestEIFIsReproducible builds as other machines and users would: the image, its
// signature and its measurements have the same bytes.
func TestEIFIsReproducible(t *testing.T) {
	var images, measurements []string
	for seed, umask := range []int{0o022, 0o077, 0o002} {
		t.Run("", func(t *testing.T) {
			before := syscall.Umask(umask)
			defer syscall.Umask(before)
			t.Setenv("TZ", []string{"UTC", "Asia/Tokyo", "America/New_York"}[seed])
			workshop(t, uint64(seed))
			signingFiles(t, "owner", 7)
			run(t, buildRoot+"--sign-cert owner.pem --sign-key owner.key --output a.eif")
			images, measurements = append(images, read(t, "a.eif")), append(measurements, read(t, "a.measurements.json"))
		})
	}
	for i := range images {
		if images[i] != images[0] || measurements[i] != measurements[0] {
			t.Errorf("build %d has other bytes", i)
		}
	}
}

// TestEIFOneFileChanged changes PCR0 and PCR2 and not PCR1, and diff names the file.
func TestEIFOneFileChanged(t *testing.T) {
	workshop(t, 1)
	a := pcrs(t, run(t, buildRoot+"--output a.eif -o json"))
	write(t, "root/etc/signer.yaml", []byte("port: 9001"))
	b := pcrs(t, run(t, buildRoot+"--output b.eif -o json"))
	if a["PCR0"] == b["PCR0"] || a["PCR1"] != b["PCR1"] || a["PCR2"] == b["PCR2"] {
		t.Errorf("before %v, after %v", a, b)
	}
	out, err := chamber("eif", "diff", "a.eif", "b.eif")
	if err == nil || err.Error() != "the images differ" {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(out, "rootfs/etc/signer.yaml") || strings.Count(out, "\n") != 1 {
		t.Errorf("diff printed:\n%s", out)
	}
	if out := run(t, "eif diff a.eif ./a.eif"); out != "" {
		t.Errorf("an image differs from itself:\n%s", out)
	}
	if out := run(t, "eif diff a.eif ./a.eif -o json"); out != "[]\n" {
		t.Errorf("diff -o json printed %s", out)
	}
}

func pcrs(t *testing.T, text string) map[string]string {
	t.Helper()
	var info struct{ Measurements map[string]string }
	if err := json.Unmarshal([]byte(text), &info); err != nil {
		t.Fatal(err)
	}
	return info.Measurements
}

// TestEIFBuildTime is the epoch of 1970, or that of the environment.
func TestEIFBuildTime(t *testing.T) {
	workshop(t, 1)
	expect := func(want string) {
		run(t, buildRoot+"--output a.eif")
		if out := run(t, "eif inspect a.eif"); !strings.Contains(out, want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
	t.Setenv("SOURCE_DATE_EPOCH", "1767225600") // whatever it was is back after the test
	expect("2026-01-01T00:00:00+00:00")
	if err := os.Unsetenv("SOURCE_DATE_EPOCH"); err != nil {
		t.Fatal(err)
	}
	expect("1970-01-01T00:00:00+00:00")
	for _, epoch := range []string{"yesterday", "-1", "999999999999999"} {
		t.Setenv("SOURCE_DATE_EPOCH", epoch)
		if _, err := chamber(strings.Fields(buildRoot + "--output a.eif")...); err == nil || !strings.Contains(err.Error(), "must be seconds since 1970") {
			t.Errorf("epoch %q: got %v", epoch, err)
		}
	}
}

// TestEIFNoProgressElsewhere keeps control codes out of files and pipes.
func TestEIFNoProgressElsewhere(t *testing.T) {
	workshop(t, 1)
	var out, errors strings.Builder
	cmd := newCommand("v0.1.0")
	cmd.SetArgs(strings.Fields(buildRoot + "--output a.eif"))
	cmd.SetOut(&out)
	cmd.SetErr(&errors)
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	if errors.Len() > 0 || strings.Contains(out.String(), "\x1b") {
		t.Errorf("printed %q and %q", out.String(), errors.String())
	}
}

func TestProgress(t *testing.T) {
	var out strings.Builder
	p := progress{&out, true}
	p.step("one")
	p.warn("careful")
	p.step("two")
	p.clear()
	want := "\r\x1b[Kone …\r\x1b[Kwarning: careful\n\r\x1b[Ktwo …\r\x1b[K"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}
