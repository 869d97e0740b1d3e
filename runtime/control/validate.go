package control

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/egress"
)

// Validate checks a bootstrap against the limits and the form of its fields; what
// the policy allows is checked by the guest.
func (b *Bootstrap) Validate() error {
	var errs []error
	if n := len(b.Token); n < MinTokenBytes || n > MaxTokenBytes || strings.IndexFunc(b.Token, notTokenCharacter) >= 0 {
		errs = append(errs, fmt.Errorf("token: must be %d to %d letters, digits, hyphens or underscores", MinTokenBytes, MaxTokenBytes))
	}
	if b.Time.IsZero() {
		errs = append(errs, errors.New("time: is required"))
	}
	errs = append(errs, validateEnvironment(b.Environment), validateFiles(b.Files), validateEgress(b.Egress))
	return invalid(errors.Join(errs...))
}

// Validate checks the files of an update.
func (f *Files) Validate() error {
	if len(f.Files) == 0 {
		return invalid(errors.New("files: must not be empty"))
	}
	return invalid(validateFiles(f.Files))
}

// Validate checks the sizes that the NSM takes.
func (a *Attestation) Validate() error {
	var errs []error
	for _, field := range []struct {
		name string
		size int
		most int
	}{
		{"nonce", len(a.Nonce), MaxNonceBytes},
		{"userData", len(a.UserData), MaxUserDataBytes},
		{"publicKey", len(a.PublicKey), MaxPublicKeyBytes},
	} {
		if field.size > field.most {
			errs = append(errs, fmt.Errorf("%s (%d bytes): must be at most %d bytes", field.name, field.size, field.most))
		}
	}
	return invalid(errors.Join(errs...))
}

// Validate checks the grace.
func (s *Stop) Validate() error {
	if most := int(MaxGrace.Seconds()); s.GraceSeconds < 0 || s.GraceSeconds > most {
		return invalid(fmt.Errorf("graceSeconds (%d): must be from 0 to %d", s.GraceSeconds, most))
	}
	return nil
}

func invalid(err error) error {
	if err == nil {
		return nil
	}
	return Errorf(CodeInvalid, "%v", err)
}

func notTokenCharacter(r rune) bool {
	return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '_'
}

// validateEnvironment never shows a value: it may be a secret.
func validateEnvironment(environment map[string]string) error {
	var errs []error
	if len(environment) > MaxVariables {
		errs = append(errs, fmt.Errorf("environment (%d variables): must be at most %d", len(environment), MaxVariables))
	}
	for name, value := range environment {
		switch {
		case name == "" || len(name) > MaxNameBytes || strings.ContainsAny(name, "=\x00\n"):
			errs = append(errs, fmt.Errorf("environment.%.40q: is not the name of a variable", name))
		case len(value) > MaxValueBytes || strings.Contains(value, "\x00"):
			errs = append(errs, fmt.Errorf("environment.%s: must be at most %d bytes without a zero byte", name, MaxValueBytes))
		}
	}
	return errors.Join(errs...)
}

func validateFiles(files []File) error {
	var errs []error
	if len(files) > MaxFiles {
		errs = append(errs, fmt.Errorf("files (%d): must be at most %d", len(files), MaxFiles))
	}
	seen := map[string]bool{}
	for i, file := range files {
		switch {
		case !cleanPath(file.Path):
			errs = append(errs, fmt.Errorf("files[%d].path (%.80q): must be an absolute path in its shortest form", i, file.Path))
		case seen[file.Path]:
			errs = append(errs, fmt.Errorf("files[%d].path (%q): is there twice", i, file.Path))
		case len(file.Content) > MaxFileBytes:
			errs = append(errs, fmt.Errorf("files[%d].content (%d bytes): must be at most %d bytes", i, len(file.Content), MaxFileBytes))
		case file.Mode&^0o777 != 0:
			errs = append(errs, fmt.Errorf("files[%d].mode (%#o): must be permission bits alone", i, uint32(file.Mode)))
		}
		seen[file.Path] = true
	}
	return errors.Join(errs...)
}

// cleanPath accepts one spelling of each path, so that a policy can be compared with
// it as text.
func cleanPath(p string) bool {
	return path.IsAbs(p) && p != "/" && path.Clean(p) == p && len(p) < 1024 && !strings.ContainsAny(p, "\x00\n")
}

func validateEgress(endpoints []Egress) error {
	var errs []error
	if len(endpoints) > MaxEgress {
		errs = append(errs, fmt.Errorf("egress (%d): must be at most %d", len(endpoints), MaxEgress))
	}
	seen := map[string]bool{}
	for i, e := range endpoints {
		name := egress.Endpoint{Host: e.Host, Port: e.Port}.String()
		switch {
		case e.Port == 0 || e.ParentPort == 0 || e.ParentPort == anyPort:
			errs = append(errs, fmt.Errorf("egress[%d] (%.80q): port and parentPort must be ports", i, name))
		case !canonicalHost(e):
			errs = append(errs, fmt.Errorf("egress[%d].host (%.80q): is not a host in the spelling of egress.Endpoint", i, e.Host))
		case seen[name]:
			errs = append(errs, fmt.Errorf("egress[%d] (%s): is there twice", i, name))
		}
		seen[name] = true
	}
	return errors.Join(errs...)
}

// anyPort is VMADDR_PORT_ANY, with which nobody can be reached.
const anyPort = 1<<32 - 1

// canonicalHost accepts one spelling of each host, so that a policy can be compared with
// it, and nothing that would break a line of /etc/hosts.
func canonicalHost(e Egress) bool {
	endpoint := egress.Endpoint{Host: e.Host, Port: e.Port}
	parsed, err := egress.ParseEndpoint("host", endpoint.String())
	return err == nil && parsed == endpoint
}
