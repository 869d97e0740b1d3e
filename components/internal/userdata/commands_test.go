package userdata

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// Commands of the fake node that are plain shell. cat lets the kernel have its say
// about hugepages before anybody reads how many there are.
var shellCommands = map[string]string{
	"udevadm": "exit 0\n",
	// Only what is not trivial goes to the model in Go, which takes longer to start.
	"systemctl": "case \"$1\" in daemon-reload) exit 0 ;; esac\nexec systemd \"$@\"\n",
	"cat":       "case \"$*\" in */nr_hugepages) settle \"$1\" ;; esac\nexec /usr/bin/cat \"$@\"\n",
	"dnf": "echo \"dnf $*\"\n[ ! -e /model/killed ] || kill -KILL $PPID\n[ ! -e /model/no-package ] || { echo 'Error: Unable to find a match' >&2; exit 1; }\n" +
		"mkdir -p /etc/nitro_enclaves\n[ -e /etc/nitro_enclaves/allocator.yaml ] || printf -- '---\\nmemory_mib: 512\\ncpu_count: 2\\n' >/etc/nitro_enclaves/allocator.yaml\n" +
		"touch " + packageFile + "\n",
}

// goCommands are this test binary under another name.
var goCommands = map[string]func(machine, []string) error{
	"lscpu":    lscpu,
	"modprobe": modprobe,
	"settle":   settlePages,
	"systemd":  systemctl,
	"boot":     func(m machine, _ []string) error { return m.boot() },
}

func TestMain(m *testing.M) {
	if spec := os.Getenv(spaceVariable); spec != "" {
		exit(runInNamespace(spec))
	}
	if command, ok := goCommands[filepath.Base(os.Args[0])]; ok {
		var fake machine
		data, err := os.ReadFile(machineFile)
		if err == nil {
			err = json.Unmarshal(data, &fake)
		}
		if err == nil {
			err = command(fake, os.Args[1:])
		}
		exit(err)
	}
	os.Exit(m.Run())
}

func exit(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(os.Args[0]), err)
		os.Exit(1)
	}
	os.Exit(0)
}

func lscpu(m machine, args []string) error {
	pool, err := offline()
	if err != nil {
		return err
	}
	fmt.Println("# The following is the parsable format, which can be fed to other\n# programs.")
	for _, c := range m.cpus() {
		switch {
		case slices.Equal(args, []string{"--offline", "--parse=CPU"}):
			if pool[c.id] {
				fmt.Println(c.id)
			}
		case slices.Equal(args, []string{"--online", "--parse=NODE,CORE,CPU"}):
			if !pool[c.id] {
				fmt.Printf("%d,%d,%d\n", c.node, c.core, c.id)
			}
		default:
			return fmt.Errorf("the model does not know %q", args)
		}
	}
	return nil
}

func modprobe(m machine, args []string) error {
	if !slices.Equal(args, []string{"nitro_enclaves"}) || m.NoDriver {
		return fmt.Errorf("could not insert %q: No such device", args)
	}
	if _, err := os.Stat(poolFile); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(poolFile), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(poolFile, []byte("\n"), 0o644); err != nil || m.NoDevice {
		return err
	}
	return syscall.Mknod(deviceFile, syscall.S_IFCHR|0o600, 1<<8|3) // harmless: null's numbers
}

func settlePages(m machine, args []string) error {
	var node, kib int
	path := strings.NewReplacer(nodesDir+"/node", "", "/hugepages/hugepages-", " ", "kB/nr_hugepages", "").Replace(args[0])
	if _, err := fmt.Sscan(path, &node, &kib); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	_, err := m.settle(node, kib)
	return err
}
