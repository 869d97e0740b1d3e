package main

import (
	"os"
	"strings"
	"testing"
)

func TestEIFRefuses(t *testing.T) {
	workshop(t, 1)
	signingFiles(t, "owner", 7)
	signingFiles(t, "stranger", 8)
	run(t, buildRoot+"--output plain.eif")
	run(t, buildRoot+"--env OTHER=1 --output other.eif")
	run(t, buildRoot+"--sign-cert owner.pem --sign-key owner.key --output signed.eif")
	damaged := []byte(read(t, "signed.eif"))
	damaged[len(damaged)/2] ^= 1
	write(t, "damaged.eif", damaged)
	write(t, "short.eif", damaged[:1000])
	for line, want := range map[string][]string{
		"eif verify plain.eif --require-signature":                      {"plain.eif: signature: the image is not signed"},
		"eif verify plain.eif --cert owner.pem":                         {"is not signed"},
		"eif verify plain.eif --measurements other.measurements.json":   {"2 rules", "PCR0", "PCR2"},
		"eif verify plain.eif --measurements signed.measurements.json":  {"not signed"},
		"eif verify signed.eif --cert stranger.pem":                     {"CN=owner", "is not the expected one"},
		"eif verify damaged.eif":                                        {"damaged.eif: the image breaks 2 rules", "header.crc", "it signs another image"},
		"eif verify short.eif":                                          {"short.eif"},
		"eif verify absent.eif":                                         {"absent.eif: no such file"},
		"eif verify":                                                    {"accepts 1 arg"},
		"eif verify plain.eif --measurements bzImage":                   {"--measurements bzImage: invalid character"},
		"eif measure plain.eif -o yaml":                                 {`--format "yaml": use table or json`},
		"eif sign plain.eif --cert owner.pem --key stranger.key":        {"is not that of the signing key"},
		"eif sign plain.eif --cert owner.pem":                           {`required flag(s) "key" not set`},
		"eif sign damaged.eif --cert owner.pem --key owner.key":         {"header.crc"},
		"eif diff plain.eif":                                            {"accepts 2 arg"},
		"eif build --image x --rootfs y --kernel k --init i --output o": {"none of the others can be"},
		"eif build --kernel k --init i --output o":                      {"at least one of the flags in the group [image rootfs]"},
		"eif build --rootfs root":                                       {`required flag(s) "init", "output" not set`},
		buildRoot + "--output a.eif --sign-cert owner.pem":              {"missing [sign-key]"},
		buildRoot + "--output a.eif --arch mips":                        {`arch ("mips")`},
		buildRoot + "--output a.eif --arch aarch64":                     {"2 invalid arguments", "kernel", "init"},
		buildRoot + "--output a.eif -o xml":                             {`--format "xml"`},
		buildRoot + "--output no/a.eif":                                 {"no such file"},
	} {
		t.Run(line, func(t *testing.T) {
			out, err := chamber(strings.Fields(line)...)
			for _, part := range want {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("got %v, want %q", err, part)
				}
			}
			if out != "" {
				t.Errorf("printed %q besides", out)
			}
		})
	}
	if _, err := os.Stat("a.eif"); err == nil {
		t.Error("a refused build left an image")
	}
}

// TestEIFInspectBroken shows a damaged image, with what is wrong, and keeps a name from
// commanding the terminal.
func TestEIFInspectBroken(t *testing.T) {
	workshop(t, 1)
	signingFiles(t, "owner", 7)
	if _, err := chamber(append(strings.Fields(buildRoot), "--name", "\x1b[31mred", "--output", "a.eif", "--sign-cert", "owner.pem", "--sign-key", "owner.key")...); err != nil {
		t.Fatal(err)
	}
	if out := run(t, "eif inspect a.eif"); strings.Contains(out, "\x1b") || !strings.Contains(out, `"\x1b[31mred"`) {
		t.Errorf("printed %q", out)
	}
	b := []byte(read(t, "a.eif"))
	b[len(b)/2] ^= 1
	write(t, "a.eif", b)
	out := run(t, "eif inspect a.eif -o json")
	for _, want := range []string{`"CheckCRC": false`, `"SignatureCheck": false`, `"IsSigned": true`, "it was damaged or changed"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
	if out := run(t, "eif inspect a.eif"); !strings.Contains(out, "broken") {
		t.Errorf("printed:\n%s", out)
	}
}
